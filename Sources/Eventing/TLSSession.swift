// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
internal import Glibc

/// One TLS connection on a non-blocking socket, by OpenSSL straight on the descriptor. Loop thread only.
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

    private let session: OpaquePointer

    /// - Parameter serverName: for connecting, the host to ask for (SNI) and to find in the certificate; nil accepts.
    init(context: TLSContext, descriptor: Int32, serverName: String?) throws(EventError) {
        ERR_clear_error()
        guard let session = unsafe SSL_new(context.raw) else { throw tlsError("SSL_new") }
        unsafe self.session = session
        guard unsafe SSL_set_fd(session, descriptor) == 1 else { throw tlsError("SSL_set_fd") }
        guard let serverName else {
            unsafe SSL_set_accept_state(session)
            return
        }
        if SocketAddress(numeric: serverName, port: 0) != nil {
            guard unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), serverName) == 1 else {
                throw tlsError("verify address \(serverName)")
            }
        } else {
            _ = unsafe pb_ssl_set_host_name(session, serverName)
            unsafe SSL_set_hostflags(session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            guard unsafe SSL_set1_host(session, serverName) == 1 else { throw tlsError("verify host \(serverName)") }
        }
        unsafe SSL_set_connect_state(session)
    }

    deinit { unsafe SSL_free(session) }

    func handshake() -> Outcome {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        return result == 1 ? .bytes(0) : outcome(result, "TLS handshake")
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let result = unsafe SSL_read_ex(session, buffer.baseAddress, buffer.count, &count)
        return result == 1 ? .bytes(count) : outcome(result, "TLS read")
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> Outcome {
        guard buffer.count > 0 else { return .bytes(0) }
        ERR_clear_error()
        var count = 0
        let result = unsafe SSL_write_ex(session, buffer.baseAddress, buffer.count, &count)
        return result == 1 ? .bytes(count) : outcome(result, "TLS write")
    }

    /// Sends the close notification, without waiting for the peer's.
    func sendClose() {
        ERR_clear_error()
        if unsafe SSL_is_init_finished(session) == 1 { _ = unsafe SSL_shutdown(session) }
        ERR_clear_error()
    }

    /// Whether bytes were taken off the socket that were not read yet.
    var hasBufferedInput: Bool { unsafe SSL_has_pending(session) == 1 }

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
