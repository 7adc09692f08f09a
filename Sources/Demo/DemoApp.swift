// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Digests
package import Eventing
package import HTTPServing
internal import HTTPWire
package import Octets
internal import Upstream

/// The application of the demo: takes callbacks, verifies their signatures, and shows them on a page. Loop thread only,
/// except where said.
package final class DemoApp: SocketListenerHandler, RequestHandler, @unchecked Sendable {
    // Sendable so that its owner can post to its loop; `received` is locked, the rest is touched on the loop thread.
    package let address: SocketAddress
    private let loop: EventLoop
    private let context: ServingContext
    private let curl: CurlMulti
    private var listener: SocketListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private let received = Locked<[JSON]>([])
    /// Where the gateway's uploads go; set before the loop runs.
    private var uploadBase = ""
    /// The only place that keys are taken from.
    private var keyURL = ""
    private var key: RSAPublicKey?

    /// Binds the port of 127.0.0.1, 0 for any.
    package convenience init(port: UInt16) throws(EventError) {
        try self.init(address: SocketAddress(kind: .internet4(octets: [127, 0, 0, 1]), port: port))
    }

    /// Binds the address.
    package init(address wanted: SocketAddress) throws(EventError) {
        loop = try EventLoop()
        let socket = try ListeningSocket.bind(wanted, count: 1)[0]
        address = socket.address
        context = ServingContext(loop: loop, limits: ServingLimits()) { UnixTime.seconds }
        curl = CurlMulti(loop: loop)
        listener = SocketListener(loop: loop, socket: socket, handler: self)
    }

    /// Serves on a thread of its own; `keyURL` is where the store publishes the key of its callbacks.
    package func start(uploadBase: String, keyURL: String) -> Thread {
        self.uploadBase = uploadBase
        self.keyURL = keyURL
        return Thread.start(name: "app") { self.loop.run() }
    }

    package func stop() { loop.stop() }

    /// The callbacks so far; any thread.
    package var callbacks: [JSON] { received.withLock { $0 } }

    package func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener) {
        let stream = ByteStream(loop: loop, descriptor: descriptor)
        let connection = ServerConnection(context: context, stream: stream, peer: peer, handler: self)
        connections[ObjectIdentifier(connection)] = connection
        connection.start()
    }

    package func acceptFailed(_ error: EventError, on listener: SocketListener) {}

    package func connectionClosed(_ connection: ServerConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    package func requestRefused(_ refusal: RequestRefusal, on connection: ServerConnection) {
        Self.answer(connection, status: refusal.status, type: "text/plain", Array(refusal.message.utf8))
    }

    package func requestReceived(on connection: ServerConnection) {
        let path = String(decoding: connection.request.path, as: UTF8.self)
        switch (connection.request.method, path) {
        case (.get, "/"):
            let page = DemoPage.render(
                uploadBase: uploadBase, nonce: Base64.encode(RandomBytes.bytes(18).span))
            var fields = HeaderFields()
            fields.append("Content-Type", "text/html; charset=utf-8")
            fields.append("Content-Security-Policy", page.policy)
            connection.respond(status: 200, fields: fields, body: page.html.utf8.span)
        case (.get, "/callbacks"):
            let list = JSON.array(callbacks)
            Self.answer(connection, status: 200, type: "application/json", Array(list.text.utf8))
        case (.post, "/uploaded"):
            let body = CallbackBody(connection) { [weak self] body in self?.callBack(connection, body) }
            connection.attachment = body
            connection.receiver = body
            connection.startBody()
        default:
            Self.answer(
                connection, status: 404, type: "text/plain", Array("there is /, /callbacks and /uploaded\n".utf8))
        }
    }

    // MARK: - Callback

    private func callBack(_ connection: ServerConnection, _ body: [UInt8]) {
        withKey { [self] key in
            let record = record(connection.request, body, key)
            received.withLock { $0.append(record) }
            let answer = JSON.object([
                (key: "message", value: .string("The app has seen your upload.")),
                (key: "object", value: record["object"] ?? .null), (key: "size", value: record["size"] ?? .null),
                (key: "verified", value: record["verified"] ?? .null),
            ])
            Self.answer(connection, status: 200, type: "application/json", Array((answer.text + "\n").utf8))
        }
    }

    private func record(_ request: RequestHead, _ body: [UInt8], _ key: RSAPublicKey?) -> JSON {
        let facts = (try? JSON.parse(body.span)) ?? .null
        var members: [(key: String, value: JSON)] = [
            (key: "time", value: .string(ISO8601.extendedMilliseconds(UnixTime.milliseconds)))
        ]
        for name in ["bucket", "object", "size", "etag", "mimeType", "device"] {
            members.append((key: name, value: facts[name] ?? .null))
        }
        members.append((key: "verified", value: .bool(isGenuine(request, body, key))))
        members.append((key: "body", value: .string(String(octets: body.span))))
        return .object(members)
    }

    private func isGenuine(_ request: RequestHead, _ body: [UInt8], _ key: RSAPublicKey?) -> Bool {
        guard let key else { return false }
        let verifier = CallbackSignatureVerifier(trustedPrefixes: [keyURL])
        let (path, query) = (request.path, request.query)
        return
            (try? verifier.verify(
                path: Array(path), query: query.map { Array($0) },
                fields: request.fields, body: body, key: key)) != nil
    }

    /// Fetches the store's key once.
    private func withKey(_ use: @escaping (RSAPublicKey?) -> Void) {
        if let key { return use(key) }
        var request = WholeRequest(url: keyURL)
        request.method = "GET"
        curl.perform(request) { [weak self] result in
            if case .success(let answer) = result, answer.status == 200 {
                self?.key = try? RSAPublicKey(pem: String(octets: answer.body.span))
            }
            use(self?.key)
        }
    }

    private static func answer(_ connection: ServerConnection, status: Int, type: String, _ body: [UInt8]) {
        var fields = HeaderFields()
        fields.append("Content-Type", type)
        fields.append("Cache-Control", "no-store")
        connection.respond(status: status, fields: fields, body: body.span)
    }
}

/// Gathers the body of one callback.
private final class CallbackBody: BodyReceiver {
    private static let limit = 1024 * 1024

    private unowned let connection: ServerConnection
    private let completion: ([UInt8]) -> Void
    private var bytes: [UInt8] = []

    init(_ connection: ServerConnection, completion: @escaping ([UInt8]) -> Void) {
        self.connection = connection
        self.completion = completion
    }

    func bodyReceived(_ bytes: Span<UInt8>) {
        self.bytes.append(bytes)
        if self.bytes.count > Self.limit { connection.abort() }
    }

    func bodyCompleted() { completion(bytes) }
    func clientFailed(_ failure: ClientFailure) {}
    func answerDrained() {}
}
