// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import CLibCurl
internal import Eventing
internal import Glibc
package import HTTPWire
internal import Octets

/// A request that is sent and answered as a whole, off the hot path: a health probe.
package struct WholeRequest: Sendable {
    package var method = "POST"
    package var url: String
    /// Sent as they are, in this order; `Host` among them replaces the URL's.
    package var fields: [(name: String, value: String)] = []
    package var body: [UInt8] = []
    /// For all of it, from name resolution to the answer's last byte.
    package var timeout = Duration.seconds(5)
    /// The most bytes of body that the answer may have.
    package var answerLimit = 1024 * 1024

    package init(url: String) { self.url = url }
}

/// The answer to a whole request.
package struct WholeAnswer: Sendable {
    package var status = 0
    package var fields = HeaderFields()
    package var body: [UInt8] = []
}

/// Why a whole request has no whole answer.
package struct WholeFailure: Error, Equatable, Sendable {
    package enum Kind: String, Sendable {
        case resolve, connect, tls, timeout, closed
        /// The target's address may not be connected to.
        case forbidden
        /// The answer's body is over the limit.
        case tooLarge = "too-large"
        /// The answer is no HTTP, or the URL no URL.
        case malformed
    }

    package let kind: Kind
    package let reason: String
    /// Whether the app may have seen the request.
    package let mayHaveArrived: Bool

    package init(_ kind: Kind, _ reason: String, mayHaveArrived: Bool) {
        self.kind = kind
        self.reason = reason
        self.mayHaveArrived = mayHaveArrived
    }
}

extension CurlMulti {
    /// Sends `request`; `completion` is called once, in a later turn of the loop. No redirect is followed, nothing retried.
    @discardableResult
    package func perform(
        _ request: WholeRequest, completion: @escaping (Result<WholeAnswer, WholeFailure>) -> Void
    ) -> WholeRequestHandle {
        WholeRequestHandle(transfer: WholeTransfer(multi: self, request: request, completion: completion))
    }
}

/// Lets the caller give a whole request up.
package struct WholeRequestHandle {
    fileprivate let transfer: WholeTransfer

    /// Ends the request; its completion is not called.
    package func cancel() { transfer.cancel() }
}

/// A whole request as an ordinary curl transfer.
private final class WholeTransfer: CurlTransfer {
    private let multi: CurlMulti
    private let request: WholeRequest
    private var answer = WholeAnswer()
    private var completion: ((Result<WholeAnswer, WholeFailure>) -> Void)?
    private var isTooLarge = false

    init(
        multi: CurlMulti, request: WholeRequest,
        completion: @escaping (Result<WholeAnswer, WholeFailure>) -> Void
    ) {
        self.multi = multi
        self.request = request
        self.completion = completion
        super.init()
        configure()
        multi.add(self)
    }

    private func configure() {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_TIMEOUT_MS, Int(request.timeout.wholeNanoseconds / 1_000_000))
        set(CURLOPT_TCP_NODELAY, 1)
        // No proxy from the environment: that is for people's tools.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_PATH_AS_IS, 1)
        // A connection of its own: curl watches no idle one, and would send a POST again if a reused one had died.
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_FORBID_REUSE, 1)
        set(CURLOPT_CUSTOMREQUEST, request.method)
        if let authorities = Self.systemAuthorities { set(CURLOPT_CAINFO, authorities) }
        if request.method == "POST" || !request.body.isEmpty {
            // CURLOPT_CUSTOMREQUEST names the method; this makes curl send the body.
            set(CURLOPT_POST, 1)
            set(CURLOPT_POSTFIELDSIZE, request.body.count)
            // Copied: the array's memory is only lent.
            unsafe request.body.withUnsafeBytes { unsafe set(CURLOPT_COPYPOSTFIELDS, pointer: $0.baseAddress) }
        }
        // An empty value removes what curl would add by itself.
        let lines = ["Accept:", "Expect:"] + request.fields.map { "\($0.name): \($0.value)" }
        set(CURLOPT_HTTPHEADER, lines: lines)
        // Unretained: the multi keeps this object while the handle is on it.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe set(CURLOPT_WRITEDATA, pointer: context)
        unsafe set(CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            unsafe WholeTransfer.from(context).bodyReceived(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        unsafe set(CURLOPT_HEADERDATA, pointer: context)
        unsafe set(CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            unsafe WholeTransfer.from(context).lineReceived(UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        }
    }

    /// OpenSSL reads this variable for the streams to stores; libcurl as a library does not, and both should trust alike.
    private static let systemAuthorities: String? = unsafe getenv("SSL_CERT_FILE").map { unsafe String(cString: $0) }

    private func bodyReceived(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard answer.body.count + bytes.count <= request.answerLimit else {
            isTooLarge = true
            return 0
        }
        unsafe answer.body.append(contentsOf: bytes)
        return bytes.count
    }

    /// One line of the head, line end included; a status line starts the fields anew (1xx answers come first).
    private func lineReceived(_ bytes: UnsafeRawBufferPointer) {
        let line = unsafe Array(bytes)
        if line.starts(with: Array("HTTP/".utf8)) { return answer.fields.removeAll() }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let isSpace = { (byte: UInt8) in byte == 32 || byte == 9 || byte == 13 || byte == 10 }
        let value = line[(colon + 1)...].drop(while: isSpace)
        let end = value.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? value.startIndex
        let (fieldName, fieldValue) = (line[..<colon], value[..<end])
        // What curl lets pass may still be no field: it is as good as absent.
        guard HeaderFields.isToken(fieldName.span), HeaderFields.isValidValue(fieldValue.span) else { return }
        answer.fields.append(name: fieldName.span, value: fieldValue.span)
    }

    func cancel() {
        completion = nil
        multi.remove(self)
    }

    override func finished(_ error: CurlError) {
        guard let completion else { return }
        self.completion = nil
        var status = 0
        guard error.isSuccess, unsafe pb_easy_get_long(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK else {
            return completion(.failure(failure(error)))
        }
        answer.status = status
        completion(.success(answer))
    }

    private func failure(_ error: CurlError) -> WholeFailure {
        var sent = 0
        _ = unsafe pb_easy_get_long(easy, CURLINFO_REQUEST_SIZE, &sent)
        if isTooLarge {
            return WholeFailure(
                .tooLarge, "the answer is larger than \(request.answerLimit) bytes", mayHaveArrived: true)
        }
        let kind: WholeFailure.Kind =
            switch error.code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
            case CURLE_COULDNT_CONNECT: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
                .tls
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY,
                CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2:
                .malformed
            default: .closed
            }
        return WholeFailure(kind, error.message, mayHaveArrived: sent > 0)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> WholeTransfer {
        unsafe Unmanaged<WholeTransfer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }
}
