// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// Request bodies that come in pipes.
@Suite struct StorePipeTests {
    private let rig: Rig
    private let pipes: PipePool

    init() throws {
        rig = try Rig()
        pipes = PipePool(loop: rig.driver.loop)
    }

    /// A pipe that holds `bytes`, which came through a socket.
    private func pipe(_ bytes: [UInt8]) throws -> SplicePipe {
        let (descriptor, peer) = try RawSocket.pair()
        let stream = ByteStream(loop: rig.driver.loop, descriptor: descriptor)
        try peer.write(bytes)
        let pipe = try #require(pipes.take())
        #expect(pipe.fill(from: stream, limit: bytes.count) == .bytes(bytes.count))
        return pipe
    }

    @Test func `sends a pipe between copied bytes, in order, and gives it back`() throws {
        let body = pattern(50_000)
        let peer = try Peer({ connection in
            guard try connection.readRequest() == body else { throw WrongBytes(got: "another body") }
            try connection.answer()
        })
        let sender = Sender(rig.pool(peer.port))
        #expect(!sender.exchange.takesPipe)
        sender.start([Array(body[..<10_000])], length: body.count, finishes: false)
        #expect(!sender.exchange.takesPipe, "there is no connection yet")
        try rig.driver.run { sender.writableCalls > 0 }
        #expect(sender.exchange.takesPipe)
        #expect(sender.exchange.send(try pipe(Array(body[10_000..<40_000]))))
        let isTaken = sender.exchange.send(Array(body[40_000...]).span)
        #expect(isTaken)
        sender.exchange.finish()
        try rig.run(sender)
        #expect(sender.head?.status == 200 && pipes.openCount == 1)
        try rig.driver.run(until: peer)
    }

    @Test func `takes no pipe for a body in chunks`() throws {
        let peer = try Peer({ try $0.serve() })
        let sender = Sender(rig.pool(peer.port))
        sender.start(chunked: true, [[1]], finishes: false)
        try rig.driver.run { sender.writableCalls > 0 }
        #expect(!sender.exchange.takesPipe)
        sender.exchange.finish()
        try rig.run(sender)
        try rig.driver.run(until: peer)
    }

    @Test func `closes the pipe of a request that is given up, with what it holds`() throws {
        let gate = Gate()
        let peer = try Peer({ connection in
            _ = try connection.readHead()
            try gate.wait()
            // Cut off: by a reset, or by an end that comes too early.
            if let rest = try? connection.readToEnd(), rest.count >= 64 << 20 { throw WrongBytes(got: "all") }
        })
        let sender = Sender(rig.pool(peer.port))
        sender.start([[1]], length: 64 << 20, finishes: false)
        try rig.driver.run { sender.writableCalls > 0 }
        let piece = pattern(60_000)
        // At last the store's buffers are full, and the connection keeps the pipe.
        var taken = true
        for _ in 0..<1_000 where taken { taken = sender.exchange.send(try pipe(piece)) }
        #expect(!taken && !sender.exchange.takesPipe)
        let before = pipes.openCount
        sender.exchange.abort()
        #expect(pipes.openCount == before - 1)
        gate.open()
        try rig.driver.run(until: peer)
    }

    @Test func `does not repeat a body of which a part came in a pipe`() throws {
        let peer = try Peer({ connection in
            try connection.serve()
            _ = try connection.readHead()
            _ = try connection.read(exactly: 30_001)
            connection.reset()
        })
        let pool = rig.pool(peer.port)
        let first = Sender(pool)
        first.start([[1]])
        try rig.run(first)
        let second = Sender(pool)
        second.start([[2]], length: 100_000, isRepeatable: true, finishes: false)
        #expect(second.exchange.usedKeptConnection)
        // The head and the first byte go out at the end of the turn.
        try rig.driver.run { second.exchange.takesPipe }
        _ = second.exchange.send(try pipe(pattern(30_000)))
        try rig.run(second)
        #expect(second.failure?.kind == .closed)
    }
}
