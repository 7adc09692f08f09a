// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets
internal import Synchronization

/// Whether the gateway should be sent uploads; any thread.
final class Readiness: Sendable {
    enum State: Int, Sendable { case starting, ready, draining }

    private let state = Atomic<Int>(State.starting.rawValue)

    func set(_ new: State) { state.store(new.rawValue, ordering: .relaxed) }

    var now: State { State(rawValue: state.load(ordering: .relaxed)) ?? .starting }
}

/// The admin port on a loop of its own, so that it answers while the others are busy: health, readiness, metrics, the
/// status page, the public key.
final class AdminServer: SocketListenerHandler, RequestHandler, @unchecked Sendable {
    // Sendable so that the gateway can post to its loop; `connections` is touched on the loop thread, `key` is locked.
    let address: SocketAddress
    let loop: EventLoop
    private let readiness: Readiness
    private let metrics: Metrics
    private let clock: WallClock
    private let board: StatusBoard
    private let context: ServingContext
    private let key = Locked<String?>(nil)
    private var listener: SocketListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]

    init(
        loop: EventLoop, workers: [Worker], readiness: Readiness, metrics: Metrics, environment: Environment,
        socket: ListeningSocket
    ) {
        self.loop = loop
        self.readiness = readiness
        self.metrics = metrics
        address = socket.address
        clock = environment.clock
        board = StatusBoard(loop: loop, workers: workers)
        context = ServingContext(loop: loop, limits: ServingLimits()) { environment.clock.seconds }
        listener = SocketListener(loop: loop, socket: socket, handler: self)
    }

    func run() { loop.run() }

    func stop() {
        loop.execute { [self] in
            listener?.close()
            board.close()
            for connection in connections.values { connection.close() }
            loop.stop()
        }
    }

    /// Leaves the address to another process; connections that are open go on. Any thread.
    func leave() {
        loop.execute { [self] in listener?.finish() }
    }

    /// Serves the key of `snapshot` from here on; any thread.
    func publish(_ snapshot: Snapshot) {
        let pem = snapshot.signer?.key.publicKeyPEM
        key.withLock { $0 = pem }
    }

    func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener) {
        let stream = ByteStream(loop: loop, descriptor: descriptor)
        let connection = ServerConnection(context: context, stream: stream, peer: peer, handler: self)
        connections[ObjectIdentifier(connection)] = connection
        connection.start()
    }

    func acceptFailed(_ error: EventError, on listener: SocketListener) {}

    func requestReceived(on connection: ServerConnection) {
        let method = connection.request.method
        guard method == .get || method == .head else { return answer(405, "only GET is served here\n", connection) }
        switch String(decoding: connection.request.path, as: UTF8.self) {
        case "/healthz":
            answer(200, "ok\n", connection)
        case "/readyz":
            let state = readiness.now
            answer(state == .ready ? 200 : 503, "\(state)\n", connection)
        case "/metrics":
            answer(200, metrics.page(), connection, type: MetricsText.contentType)
        case "/callback-key.pem":
            guard let pem = key.withLock({ $0 }) else { return answer(404, "callbacks are not signed\n", connection) }
            answer(200, Array(pem.utf8), connection, type: "application/x-pem-file")
        case "/", "/status":
            withStatus(connection) { report in
                let page = StatusPage.render(report, nonce: Base64.encode(RandomBytes.bytes(18).span))
                self.answer(
                    200, Array(page.html.utf8), connection, type: "text/html; charset=utf-8", policy: page.policy)
            }
        case "/status.json":
            let query = connection.request.query
            let withFragments = query.map { $0.elementsEqual("fragments".utf8) } ?? false
            withStatus(connection) { report in
                let document = report.json(withFragments: withFragments).text
                self.answer(200, Array(document.utf8), connection, type: "application/json")
            }
        default:
            answer(404, "there are /, /status.json, /healthz, /readyz, /metrics and /callback-key.pem\n", connection)
        }
    }

    /// Puts a report together for who may see it; `use` answers, later.
    private func withStatus(_ connection: ServerConnection, _ use: @escaping (StatusReport) -> Void) {
        guard isNamedRight(connection.request) else {
            return answer(403, "ask for the status by address or as localhost\n", connection)
        }
        board.ask { [unowned self] asked in
            use(StatusReport(asked, metrics: metrics, readiness: readiness.now, time: clock.milliseconds))
        }
    }

    /// On loopback whoever has a browser on this machine could be made to ask, by a name that resolves to it (DNS
    /// rebinding): there only addresses and `localhost` are answered.
    private func isNamedRight(_ request: RequestHead) -> Bool {
        if case .unix = address.kind { return true }
        guard address.isLoopback else { return true }
        let host = String(decoding: request.host, as: UTF8.self).lowercased()
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return host.isEmpty || host == "localhost" || SocketAddress(numeric: bare, port: 0) != nil
    }

    func requestRefused(_ refusal: RequestRefusal, on connection: ServerConnection) {
        answer(refusal.status, refusal.message + "\n", connection)
    }

    func connectionClosed(_ connection: ServerConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    private func answer(_ status: Int, _ text: String, _ connection: ServerConnection) {
        answer(status, Array(text.utf8), connection, type: "text/plain; charset=utf-8")
    }

    private func answer(
        _ status: Int, _ body: [UInt8], _ connection: ServerConnection, type: String, policy: String? = nil
    ) {
        var fields = HeaderFields()
        fields.append("Content-Type", type)
        fields.append("X-Content-Type-Options", "nosniff")
        if let policy {
            fields.append("Content-Security-Policy", policy)
            fields.append("Referrer-Policy", "no-referrer")
        }
        fields.append("Cache-Control", "no-store")
        if status == 405 { fields.append("Allow", "GET, HEAD") }
        connection.respond(status: status, fields: fields, body: body.span)
    }
}
