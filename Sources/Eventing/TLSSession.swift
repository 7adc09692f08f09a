// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
internal import Glibc

/// One TLS connection on a non-blocking socket: OpenSSL writes to the descriptor and reads from ``TLSInput``. Loop thread
/// only.
@safe
final class TLSSession {
    /// How a TLS operation ended; `wants…` name what the socket must become before it is tried again.
    enum Outcome: Equatable {
        case bytes(Int)
        case wantsRead
        case wantsWrite
        case end
        case failed(EventError)
    }

    /// The most that a record carries (RFC 8446 §5.1).
    static let recordBytes = 16 * 1024

    private let session: OpaquePointer
    /// Held as long as the session, whose extra data names it.
    private let resumption: TLSResumption?
    /// Held as long as the session, whose source it is.
    private let input: TLSInput
    /// How a read ended that had bytes to give first; told by the next one.
    private var afterRead: Outcome?

    /// - Parameters:
    ///   - serverName: for connecting, the host to ask for (SNI) and to find in the certificate; nil accepts.
    ///   - sendsServerName: false asks for none, and finds it in the certificate all the same.
    ///   - resumption: for connecting, what is kept of earlier handshakes with this server.
    init(
        context: TLSContext, input: TLSInput, serverName: String?, sendsServerName: Bool, resumption: TLSResumption?
    ) throws(EventError) {
        self.input = input
        self.resumption = resumption
        ERR_clear_error()
        guard let session = unsafe SSL_new(context.raw) else { throw tlsError("SSL_new") }
        unsafe self.session = session
        guard unsafe SSL_set_wfd(session, input.descriptor) == 1, let source = unsafe input.makeBIO() else {
            throw tlsError("SSL_set_wfd")
        }
        unsafe SSL_set0_rbio(session, source)
        guard let serverName else {
            unsafe SSL_set_accept_state(session)
            return
        }
        if SocketAddress(numeric: serverName, port: 0) != nil {
            guard unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), serverName) == 1 else {
                throw tlsError("verify address \(serverName)")
            }
        } else {
            if sendsServerName { _ = unsafe pb_ssl_set_host_name(session, serverName) }
            unsafe SSL_set_hostflags(session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            guard unsafe SSL_set1_host(session, serverName) == 1 else { throw tlsError("verify host \(serverName)") }
        }
        unsafe SSL_set_connect_state(session)
        guard let resumption else { return }
        // Index 0 is the application's own (SSL_set_app_data(3)); unretained, because this object holds it.
        unsafe SSL_set_ex_data(session, 0, Unmanaged.passUnretained(resumption).toOpaque())
        unsafe resumption.offer(in: session)
    }

    deinit { unsafe SSL_free(session) }

    func handshake() -> Outcome {
        ERR_clear_error()
        input.begin(room: 0)
        defer { input.end() }
        let result = unsafe SSL_do_handshake(session)
        if result == 1 { return .bytes(0) }
        let outcome = outcome(result, "TLS handshake")
        // Should it be the offer that the server cannot stand, the next connection is made without.
        if case .failed = outcome { resumption?.forget() }
        return outcome
    }

    /// Whether the handshake was a short one.
    var isResumed: Bool { unsafe SSL_session_reused(session) == 1 }

    /// Reads what one system call takes off the socket and what was left before, as far as the buffer goes: OpenSSL gives
    /// one record at a time.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        let told = afterRead
        afterRead = nil
        if let told, told != .wantsWrite { return told }
        input.begin(room: buffer.count)
        defer { input.end() }
        var total = 0
        while total < buffer.count {
            ERR_clear_error()
            var count = 0
            let rest = unsafe buffer[total...]
            let place = unsafe UnsafeMutableRawBufferPointer(rebasing: rest)
            let result = unsafe SSL_read_ex(session, place.baseAddress, place.count, &count)
            guard result == 1 else {
                let outcome = outcome(result, "TLS read")
                guard total > 0 else { return outcome }
                if outcome != .wantsRead { afterRead = outcome }
                return .bytes(total)
            }
            total += count
            guard unsafe input.count > 0 || SSL_pending(session) > 0 else { break }
        }
        return .bytes(total)
    }

    /// Writes as much as the socket takes; each record is a system call.
    func write(_ buffer: UnsafeRawBufferPointer) -> Outcome {
        input.begin(room: 0)
        defer { input.end() }
        var total = 0
        while total < buffer.count {
            ERR_clear_error()
            var count = 0
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[total...])
            let result = unsafe SSL_write_ex(session, rest.baseAddress, rest.count, &count)
            // What stopped it after the first record stops the next write as well.
            guard result == 1 else { return total > 0 ? .bytes(total) : outcome(result, "TLS write") }
            total += count
        }
        return .bytes(total)
    }

    /// Sends the close notification, without waiting for the peer's.
    func sendClose() {
        ERR_clear_error()
        if unsafe SSL_is_init_finished(session) == 1 { _ = unsafe SSL_shutdown(session) }
        ERR_clear_error()
    }

    /// Whether bytes were taken off the socket that were not read yet.
    var hasBufferedInput: Bool {
        unsafe afterRead != nil || input.count > 0 || SSL_pending(session) > 0
    }

    /// The most bytes that were taken off the socket and not read; OpenSSL does not tell how much of a record it has.
    var heldBytes: Int {
        unsafe input.count + (SSL_has_pending(session) == 1 ? TLSInput.recordBytes : 0)
    }

    /// Bytes written to the socket so far, records included.
    var rawBytesWritten: UInt64 { unsafe BIO_number_written(SSL_get_wbio(session)) }

    private func outcome(_ result: Int32, _ operation: String) -> Outcome {
        let systemError = errno
        switch unsafe SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .end
        case SSL_ERROR_SYSCALL where ERR_peek_error() == 0:
            return .failed(EventError(operation: operation, code: systemError == 0 ? ECONNRESET : systemError))
        default: return .failed(failure(operation))
        }
    }

    /// The error with the certificate's fault in words, where that is the cause.
    private func failure(_ operation: String) -> EventError {
        let verification = unsafe SSL_get_verify_result(session)
        let error = tlsError(operation)
        guard verification != Int(X509_V_OK) else { return error }
        let text = unsafe String(cString: X509_verify_cert_error_string(verification))
        return EventError(operation: operation, reason: "\(error.reason): \(text)")
    }
}
