// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPServing
import HTTPWire
import LoopTesting
import Testing

/// A server on a free port whose handler does what a test says.
final class Server: SocketListenerHandler, RequestHandler {
    let driver: LoopDriver
    let context: ServingContext
    private(set) var port: UInt16 = 0
    private var listener: SocketListener?
    private(set) var connections: [ServerConnection] = []
    /// All requests so far, in the order they came.
    private(set) var requests: [Request] = []
    private(set) var refusals: [RequestRefusal] = []
    private(set) var closed = 0
    /// What is done with a request once its head is read; nil takes the body and answers with its length.
    var onRequest: ((Request) -> Void)?

    init(_ change: (inout ServingLimits) -> Void = { _ in }) throws {
        driver = try LoopDriver()
        var limits = ServingLimits()
        change(&limits)
        // 1994-11-06 08:49:37, the example of RFC 9110 §5.6.7.
        context = ServingContext(loop: driver.loop, limits: limits) { 784_111_777 }
        let address = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        let socket = try ListeningSocket.bind(address, count: 1)[0]
        port = socket.address.port
        listener = SocketListener(loop: driver.loop, socket: socket, handler: self)
    }

    /// Connections that are still open go with the array: closing them would tell a handler that is gone.
    deinit { listener?.close() }

    func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener) {
        let connection = ServerConnection(
            context: context, stream: ByteStream(loop: driver.loop, descriptor: descriptor), peer: peer, handler: self)
        connections.append(connection)
        connection.start()
    }

    func acceptFailed(_ error: EventError, on listener: SocketListener) {}

    func requestReceived(on connection: ServerConnection) {
        let request = Request(connection)
        requests.append(request)
        connection.receiver = request
        if let onRequest { onRequest(request) } else { connection.startBody() }
    }

    func requestRefused(_ refusal: RequestRefusal, on connection: ServerConnection) {
        refusals.append(refusal)
        connection.respond(status: refusal.status, fields: HeaderFields(), body: refusal.label.utf8.span)
    }

    func connectionClosed(_ connection: ServerConnection) { closed += 1 }

    /// Connects a client that does what `script` says, and runs the loop until it is done.
    func serve(receiveBuffer: Int32? = nil, _ script: @escaping @Sendable (RawSocket) throws -> Void) throws {
        let port = self.port
        try driver.run(
            until: Script {
                let client = try RawSocket.connect(port: port, receiveBuffer: receiveBuffer)
                defer { client.close() }
                try script(client)
            })
    }
}

/// One request at the server: keeps its body and answers when it is complete.
final class Request: BodyReceiver {
    let connection: ServerConnection
    let method: HTTPMethod
    let target: String
    private(set) var body: [UInt8] = []
    private(set) var isComplete = false
    private(set) var failure: ClientFailure?
    private(set) var drains = 0
    var answersWhenComplete = true
    var onBody: (() -> Void)?
    var onDrain: (() -> Void)?

    init(_ connection: ServerConnection) {
        self.connection = connection
        method = connection.request.method
        target = String(decoding: connection.request.target, as: UTF8.self)
    }

    func respond(_ text: String) { respond(200, text) }

    func respond(_ status: Int, _ text: String) {
        connection.respond(status: status, fields: HeaderFields(), body: text.utf8.span)
    }

    func bodyReceived(_ bytes: Span<UInt8>) {
        for index in bytes.indices { body.append(bytes[index]) }
        onBody?()
    }

    func bodyCompleted() {
        isComplete = true
        if answersWhenComplete { respond("\(target) \(body.count)") }
    }

    func clientFailed(_ failure: ClientFailure) { self.failure = failure }

    func answerDrained() {
        drains += 1
        onDrain?()
    }
}

struct WrongBytes: Error { let got: String }

/// Fails a script whose peer said something else.
func expect(_ got: String, _ wanted: String) throws {
    guard got == wanted else { throw WrongBytes(got: got) }
}

/// The answer of ``Server`` to one request.
func answer(_ body: String, status: String = "200 OK", closes: Bool = false) -> String {
    "HTTP/1.1 \(status)\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: \(body.utf8.count)\r\n"
        + "Connection: \(closes ? "close" : "keep-alive")\r\n\r\n\(body)"
}

extension RawSocket {
    /// Reads exactly what is wanted.
    func expect(_ wanted: String) throws {
        let got = try read(exactly: wanted.utf8.count)
        guard got.elementsEqual(wanted.utf8) else { throw WrongBytes(got: String(decoding: got, as: UTF8.self)) }
    }

    func expectEnd() throws {
        let rest = try readTextToEnd()
        guard rest.isEmpty else { throw WrongBytes(got: rest) }
    }
}
