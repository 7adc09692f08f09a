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
/// public key.
final class AdminServer: SocketListenerHandler, RequestHandler, @unchecked Sendable {
    // Sendable so that the gateway can post to its loop; `connections` is touched on the loop thread, `key` is locked.
    let address: SocketAddress
    private let loop: EventLoop
    private let readiness: Readiness
    private let metrics: Metrics
    private let context: ServingContext
    private let key = Locked<String?>(nil)
    private var listener: SocketListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]

    init(
        loop: EventLoop, readiness: Readiness, metrics: Metrics, environment: Environment, socket: ListeningSocket
    ) {
        self.loop = loop
        self.readiness = readiness
        self.metrics = metrics
        address = socket.address
        context = ServingContext(loop: loop, limits: ServingLimits()) { environment.clock.seconds }
        listener = SocketListener(loop: loop, socket: socket, handler: self)
    }

    func run() { loop.run() }

    func stop() {
        loop.execute { [self] in
            listener?.close()
            for connection in connections.values { connection.close() }
            loop.stop()
        }
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
        default:
            answer(404, "there are /healthz, /readyz, /metrics and /callback-key.pem\n", connection)
        }
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

    private func answer(_ status: Int, _ body: [UInt8], _ connection: ServerConnection, type: String) {
        var fields = HeaderFields()
        fields.append("Content-Type", type)
        fields.append("Cache-Control", "no-store")
        if status == 405 { fields.append("Allow", "GET, HEAD") }
        connection.respond(status: status, fields: fields, body: body.span)
    }
}
