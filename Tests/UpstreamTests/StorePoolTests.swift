// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// Connections that are kept, and requests that are repeated when a kept one turns out to be dead.
@Suite struct StorePoolTests {
    /// Runs requests one after the other; returns the bodies of their answers.
    private func run(_ count: Int, on pool: StorePool, _ rig: Rig) throws -> [String] {
        try (0..<count).map { _ in
            let sender = Sender(pool)
            sender.start([pattern(10)])
            try rig.run(sender)
            return sender.bodyText
        }
    }

    @Test func `sends one request after the other on one connection`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            for number in 0..<3 { try socket.serve("\(number)") }
            _ = try socket.readToEnd()
        })
        let pool = rig.pool(peer.port)
        #expect(try run(3, on: pool, rig) == ["0", "1", "2"])
        #expect(pool.connectionCount == 1)
        pool.close()
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `takes for no answer what a store said before it got the request`() throws {
        let rig = try Rig()
        let (mayClose, hasClosed) = (Gate(), Gate())
        let peer = try Peer(
            { socket in
                try socket.serve("first")
                try mayClose.wait()
                try socket.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                hasClosed.open()
                _ = try? socket.readToEnd()
            },
            { socket in try socket.serve("second") })
        let pool = rig.pool(peer.port)
        #expect(try run(1, on: pool, rig) == ["first"])
        let sender = Sender(pool)
        let box = Unchecked(sender)
        // Both are there when the loop turns, this one first: the request waits for the end of the turn.
        rig.driver.loop.execute { box.value.start([pattern(10)]) }
        mayClose.open()
        try hasClosed.wait()
        try rig.run(sender)
        #expect(sender.head?.status == 200 && sender.bodyText == "second")
        try rig.driver.run(until: peer)
    }

    @Test func `keeps a connection whose request was given up before its first byte went out`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            for number in 0..<2 { try socket.serve("\(number)") }
        })
        let pool = rig.pool(peer.port)
        #expect(try run(1, on: pool, rig) == ["0"])
        let sender = Sender(pool)
        sender.start([pattern(10)], length: 20, finishes: false)
        #expect(pool.idleCount == 0)
        sender.exchange.abort()
        #expect(pool.idleCount == 1)
        #expect(try run(1, on: pool, rig) == ["1"])
        try rig.driver.run(until: peer)
    }

    @Test func `takes the connection that was used last, and keeps no more than its limit`() throws {
        let rig = try Rig()
        let (first, second) = (Gate(), Gate())
        let peer = try Peer(
            { socket in
                _ = try socket.readRequest()
                try first.wait()
                try socket.answer("first")
                _ = try socket.readToEnd()
            },
            { socket in
                _ = try socket.readRequest()
                try second.wait()
                try socket.answer("second")
                try socket.serve("second again")
            },
            { socket in
                _ = try socket.readRequest()
                try socket.answer("third")
                _ = try socket.readToEnd()
            })
        let pool = rig.pool(peer.port) { $0.idleLimit = 2 }
        let senders = [Sender(pool), Sender(pool)]
        for sender in senders { sender.start([pattern(10)]) }
        try rig.driver.run { peer.connections == 2 }
        first.open()
        try rig.driver.run { senders.contains(where: \.isOver) }
        #expect(senders.filter(\.isOver).map(\.bodyText) == ["first"])
        second.open()
        try rig.driver.run { senders.allSatisfy(\.isOver) }
        #expect(pool.idleCount == 2)
        #expect(try run(1, on: pool, rig) == ["second again"])
        // The peer has closed that one: the first is left.
        try rig.driver.run { pool.idleCount == 1 }
        #expect(pool.connectionCount == 1)
        pool.close()
        try rig.driver.run { pool.connectionCount == 0 }
        #expect(try run(1, on: pool, rig) == ["third"])
        // A closed pool keeps nothing.
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `closes the connection that is one too many`() throws {
        let rig = try Rig()
        let line: Peer.Line = { socket in
            try socket.serve()
            _ = try socket.readToEnd()
        }
        let peer = try Peer(line, line)
        let pool = rig.pool(peer.port) { $0.idleLimit = 1 }
        let senders = [Sender(pool), Sender(pool)]
        for sender in senders { sender.start([pattern(10)]) }
        try rig.driver.run { senders.allSatisfy(\.isOver) }
        #expect(pool.idleCount == 1 && pool.connectionCount == 1)
        pool.close()
        try rig.driver.run(until: peer)
    }

    @Test func `closes a connection that nobody used for long`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            try socket.serve()
            _ = try socket.readToEnd()
        })
        let pool = rig.pool(peer.port) { $0.idleTimeout = .milliseconds(10) }
        _ = try run(1, on: pool, rig)
        try rig.driver.run { pool.idleCount == 0 && pool.connectionCount == 0 }
        try rig.driver.run(until: peer)
    }

    @Test(arguments: ["", "extra bytes"])
    func `forgets a kept connection that ends or speaks out of turn`(words: String) throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            try socket.serve()
            try socket.write(words)
        })
        let pool = rig.pool(peer.port)
        _ = try run(1, on: pool, rig)
        try rig.driver.run { pool.connectionCount == 0 }
        #expect(pool.idleCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test(arguments: ["Connection: close\r\n", "Connection: Keep-Alive, Close\r\n"])
    func `keeps no connection that the store will close`(field: String) throws {
        let rig = try Rig()
        let line: Peer.Line = { socket in
            try socket.serve(fields: field)
            _ = try socket.readToEnd()
        }
        let peer = try Peer(line, line)
        let pool = rig.pool(peer.port)
        #expect(try run(2, on: pool, rig) == ["ok", "ok"])
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    // MARK: - Dead connections

    /// A pool with one kept connection that died without the loop having seen it.
    private func deadConnection(_ rig: Rig, _ next: @escaping Peer.Line) throws -> (Peer, StorePool) {
        let (mayClose, closed) = (Gate(), Gate())
        let peer = try Peer(
            { socket in
                try socket.serve()
                try mayClose.wait()
                socket.close()
                closed.open()
            }, next)
        let pool = rig.pool(peer.port)
        _ = try run(1, on: pool, rig)
        mayClose.open()
        try closed.wait()
        // The end of the connection may take a moment to cross the kernel.
        let connection = try #require(pool.takeIdle())
        let patience = Instant.now + .seconds(20)
        while !connection.isStale, .now < patience { sched_yield() }
        pool.release(connection)
        #expect(pool.idleCount == 1)
        return (peer, pool)
    }

    @Test(arguments: [1, 1000, 60_000, 200_000])
    func `sends a request again that a dead connection never took`(size: Int) throws {
        let rig = try Rig()
        let body = pattern(size)
        let (peer, pool) = try deadConnection(rig) { socket in
            guard try socket.readRequest() == body else { throw WrongBytes(got: "another body") }
            try socket.answer("again")
        }
        let sender = Sender(pool)
        sender.start([body])
        try rig.run(sender)
        #expect(sender.failure == nil && sender.bodyText == "again")
        #expect(!sender.exchange.usedKeptConnection)
        try rig.driver.run(until: peer)
        #expect(peer.connections == 2)
    }

    /// A pool with one kept connection to a peer that takes the next request whole and closes without an answer.
    private func treacherous(_ rig: Rig, _ next: Peer.Line? = nil) throws -> (Peer, StorePool) {
        let first: Peer.Line = { socket in
            try socket.serve()
            _ = try socket.readRequest()
        }
        let peer = try next.map { try Peer(first, $0) } ?? Peer(first)
        let pool = rig.pool(peer.port)
        _ = try run(1, on: pool, rig)
        return (peer, pool)
    }

    @Test func `never sends a request again that a store took, where that could do something twice`() throws {
        let rig = try Rig()
        let (peer, pool) = try treacherous(rig)
        let sender = Sender(pool)
        sender.start([pattern(1000)])
        try rig.run(sender)
        #expect(sender.failure?.kind == .closed)
        #expect(sender.failure?.mayBeStored == true)
        #expect(sender.exchange.usedKeptConnection)
        try rig.driver.run(until: peer)
        #expect(peer.connections == 1)
    }

    @Test func `sends a request again that a store took, where nobody could notice`() throws {
        let rig = try Rig()
        let (peer, pool) = try treacherous(rig) { try $0.serve("again") }
        let sender = Sender(pool)
        sender.start([pattern(1000)], isRepeatable: true)
        try rig.run(sender)
        #expect(sender.failure == nil && sender.bodyText == "again")
        try rig.driver.run(until: peer)
    }

    @Test func `repeats nothing once, when the new connection dies as well`() throws {
        let rig = try Rig()
        let (peer, pool) = try treacherous(rig) { _ = try $0.readRequest() }
        let sender = Sender(pool)
        sender.start([pattern(1000)], isRepeatable: true)
        try rig.run(sender)
        #expect(sender.failure?.kind == .closed && sender.failure?.mayBeStored == true)
        try rig.driver.run(until: peer)
    }

    @Test func `repeats nothing on a connection of its own that died`() throws {
        let rig = try Rig()
        let peer = try Peer({ _ = try $0.readRequest() })
        let sender = Sender(rig.pool(peer.port))
        sender.start([pattern(1000)], isRepeatable: true)
        try rig.run(sender)
        #expect(sender.failure?.kind == .closed)
        try rig.driver.run(until: peer)
    }

    @Test func `repeats nothing after the first byte of an answer`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            try socket.serve()
            _ = try socket.readRequest()
            try socket.write("H")
        })
        let pool = rig.pool(peer.port)
        _ = try run(1, on: pool, rig)
        let sender = Sender(pool)
        sender.start([pattern(1000)], isRepeatable: true)
        try rig.run(sender)
        #expect(sender.failure?.kind == .closed && sender.failure?.mayBeStored == true)
        try rig.driver.run(until: peer)
    }
}

/// Carries what belongs to the loop into work for it.
private struct Unchecked<Value>: @unchecked Sendable {
    // Sound: the loop runs on the test's own thread.
    let value: Value

    init(_ value: Value) { self.value = value }
}
