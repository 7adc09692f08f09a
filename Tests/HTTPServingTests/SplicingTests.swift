// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPServing
import HTTPWire
import LoopTesting
import Testing

/// Bodies that come in pipes, and what stays with the connection: lengths, ends, deadlines.
@Suite struct SplicingTests {
    @Test(arguments: [65_536, 65_537, 200_000, 3 << 20])
    func `hands on all of a body, and nothing of the request behind it`(size: Int) throws {
        let server = try Server()
        let taker = try Taker(server)
        let body = pattern(size)
        let sink = Script { [peer = taker.peer] in
            guard try peer.read(exactly: size) == body else { throw WrongBytes(got: "another body") }
        }
        try server.serve { client in
            // The body comes behind its head, and the next request right behind the body.
            try client.write("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            try client.write(body + Array("GET /b HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            try client.expect(answer("\(size)") + answer("/b 0"))
        }
        try server.driver.run(until: sink)
        #expect(taker.spliced + taker.copied == size)
        if size > 1 << 20 { #expect(taker.spliced > size / 2) }
    }

    @Test func `says that a body in pipes was cut short`() throws {
        let server = try Server()
        let taker = try Taker(server)
        try server.serve { client in
            try client.write("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
            try client.write([UInt8](repeating: 1, count: 300_000))
            client.shutdownWrite()
            try client.expectEnd()
        }
        try server.driver.run { taker.failure != nil }
        #expect(taker.failure == .truncated)
        #expect(taker.spliced + taker.copied == 300_000)
    }

    /// The read mark is high after the small pieces, so the last bytes before the stall wait in the kernel.
    @Test func `ends a stalled body although bytes wait below the read mark`() throws {
        let server = try Server { $0.bodyIdle = .milliseconds(150) }
        let taker = try Taker(server)
        try server.serve { client in
            try client.write("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
            for _ in 0..<4 { try client.write([UInt8](repeating: 1, count: 1000)) }
            try client.expectEnd()
        }
        #expect(taker.failure == .stalled)
        #expect(taker.spliced + taker.copied == 4000)
    }

    @Test(arguments: [true, false])
    func `counts bytes below the read mark before it calls a client too slow`(usesPipes: Bool) throws {
        let server = try Server {
            $0.minimumRateBytes = 200_000
            $0.minimumRateWindow = .milliseconds(400)
        }
        let taker = try Taker(server, usesPipes: usesPipes)
        try server.serve { client in
            try client.write("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
            for count in [1000, 1000, 1000, 216_000] { try client.write([UInt8](repeating: 1, count: count)) }
            try client.expectEnd()
        }
        // The first window had enough; the second one had nothing.
        #expect(taker.failure == .tooSlow)
        #expect(taker.spliced + taker.copied == 219_000)
        #expect(usesPipes == (taker.spliced > 0))
    }
}

/// A receiver that takes pipes and moves what is in them to a socket.
private final class Taker: BodyReceiver, ByteStreamHandler {
    let peer: RawSocket
    private let stream: ByteStream
    private var connection: ServerConnection?
    private var waiting: SplicePipe?
    private let usesPipes: Bool
    private(set) var spliced = 0
    private(set) var copied = 0
    private(set) var failure: ClientFailure?
    private var unsent: [UInt8] = []

    /// Takes the body of the first request at `server`.
    init(_ server: Server, usesPipes: Bool = true) throws {
        self.usesPipes = usesPipes
        let (descriptor, peer) = try RawSocket.pair()
        self.peer = peer
        stream = ByteStream(loop: server.driver.loop, descriptor: descriptor)
        stream.handler = self
        server.onRequest = { [weak self] request in
            if let self, connection == nil {
                connection = request.connection
                request.connection.receiver = self
            }
            request.connection.startBody()
        }
    }

    var takesPipe: Bool { usesPipes && waiting == nil && unsent.isEmpty }

    func bodyReceived(in pipe: SplicePipe) {
        spliced += pipe.count
        waiting = pipe
        streamWritable(stream)
        if waiting != nil { connection?.pauseBody() }
    }

    func bodyReceived(_ bytes: Span<UInt8>) {
        copied += bytes.count
        for index in bytes.indices { unsent.append(bytes[index]) }
        streamWritable(stream)
        if !unsent.isEmpty { connection?.pauseBody() }
    }

    func streamReadable(_ stream: ByteStream) {}

    func streamWritable(_ stream: ByteStream) {
        while let pipe = waiting {
            if pipe.count == 0 {
                waiting = nil
                pipe.giveBack()
            } else if case .wouldBlock = pipe.drain(into: stream) {
                return stream.waitForWritable()
            }
        }
        while !unsent.isEmpty {
            guard case .bytes(let count) = stream.write(unsent.span) else { return stream.waitForWritable() }
            unsent.removeFirst(count)
        }
        connection?.resumeBody()
    }

    func bodyCompleted() {
        connection?.respond(status: 200, fields: HeaderFields(), body: "\(spliced + copied)".utf8.span)
    }

    func clientFailed(_ failure: ClientFailure) { self.failure = failure }
    func answerDrained() {}
}

private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }
