// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Settings
internal import Synchronization

/// One configured listener on one loop: accepts its clients and hands their requests to its dialect. Loop thread only.
final class Frontend: SocketListenerHandler, RequestHandler {
    /// Holds the frontend too, until its end.
    private let worker: Worker
    /// What the listener's index means; a listener that a reload dropped finishes with the one that had it.
    private var runtime: Runtime
    /// The address as it was configured, by which a reload recognises it.
    let configured: ListenAddress
    private(set) var listenerIndex: Int
    private var settings: Settings::Listener
    private var context: ServingContext
    private var listener: SocketListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    /// Where the first bytes of clients go that are turned away.
    private lazy var turnedAway = Scratch(size: 16 * 1024)

    init(
        worker: Worker, runtime: Runtime, listenerIndex: Int, settings: Settings::Listener, context: ServingContext,
        socket: ListeningSocket
    ) {
        self.worker = worker
        self.runtime = runtime
        self.listenerIndex = listenerIndex
        self.settings = settings
        self.context = context
        configured = settings.address
        listener = SocketListener(loop: worker.loop, socket: socket, handler: self)
    }

    /// Whether no client is connected.
    var isEmpty: Bool { connections.isEmpty }

    /// New connections, and new requests of old ones, follow the new settings.
    func reconfigure(
        runtime: Runtime, listenerIndex: Int, settings: Settings::Listener, context: ServingContext
    ) {
        self.runtime = runtime
        self.listenerIndex = listenerIndex
        self.settings = settings
        self.context = context
    }

    func drain() {
        listener?.finish()
        for connection in connections.values { connection.drain() }
    }

    func close() {
        listener?.close()
        for connection in connections.values { connection.close() }
    }

    // MARK: - Accepting

    func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener) {
        let (_, count) = worker.counters.connections.add(1, ordering: .relaxed)
        guard count <= runtime.settings.limits.connections else {
            worker.counters.connections.subtract(1, ordering: .relaxed)
            return turnAway(descriptor)
        }
        guard let stream = stream(descriptor) else {
            worker.counters.connections.subtract(1, ordering: .relaxed)
            return
        }
        let connection = ServerConnection(context: context, stream: stream, peer: peer, handler: self)
        connections[ObjectIdentifier(connection)] = connection
        connection.start()
    }

    func acceptFailed(_ error: EventError, on listener: SocketListener) {
        worker.log.event("accept-failed", level: .error) { line in
            line.add("listener", settings.name)
            line.add("error", error.description)
        }
    }

    private func stream(_ descriptor: Int32) -> ByteStream? {
        guard let tls = runtime.snapshot.listenerTLS[listenerIndex] else {
            return ByteStream(loop: worker.loop, descriptor: descriptor)
        }
        return try? ByteStream(loop: worker.loop, descriptor: descriptor, context: tls, serverName: nil)
    }

    /// Over the limit of connections: a plain client is told so, as far as its socket takes it at once.
    private func turnAway(_ descriptor: Int32) {
        worker.metrics.refused(.overloaded)
        let stream = ByteStream(loop: worker.loop, descriptor: descriptor)
        if settings.tls == nil {
            let answer = Array(
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .utf8)
            _ = stream.write(answer.span)
            stream.shutdownWrite()
            // Unread input would make the close a reset, which can overtake the answer.
            while case .bytes = turnedAway.read(from: stream) {}
        }
        stream.close()
    }

    // MARK: - Requests

    func requestReceived(on connection: ServerConnection) {
        if let name = settings.dialect {
            SDKFace.handle(connection, listenerIndex: listenerIndex, name: name, runtime: runtime)
        } else {
            PlainRequest.handle(connection, listenerIndex: listenerIndex, runtime: runtime)
        }
    }

    func requestRefused(_ refusal: RequestRefusal, on connection: ServerConnection) {
        let requestID = worker.identifiers.nextRequestID()
        worker.metrics.refused(refusal == .headTimeout ? .headTimeout : .malformedRequest)
        worker.failures.add(
            RecentFailure(
                moment: .now, time: worker.environment.clock.milliseconds, publicID: requestID.text,
                listener: settings.name,
                address: connection.peerHost, status: refusal.status, outcome: Outcome.Kind.notStored.label,
                code: refusal.label, party: Party.client.rawValue, phase: Phase.routing.rawValue,
                message: refusal.message))
        worker.log.event("request-refused", level: .warning) { line in
            line.add("request", requestID.text)
            line.add("listener", settings.name)
            line.add("address", connection.peerHost)
            line.add("status", number: UInt64(refusal.status))
            line.add("code", refusal.label)
        }
        if let name = settings.dialect {
            SDKFace.refuse(refusal, requestID: requestID, name: name, on: connection, worker: worker)
        } else {
            PlainRequest.refuse(refusal, requestID: requestID, on: connection)
        }
    }

    func connectionClosed(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        worker.connectionEnded(of: self)
    }
}
