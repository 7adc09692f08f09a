// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// What goes to a store and comes back when nobody is at fault.
@Suite struct StoreBodyTests {
    @Test(arguments: [false, true], [1, 2, 3, 4] as [UInt64])
    func `brings a body byte for byte, however it is cut`(chunked: Bool, seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let body = pattern(200_000 + dice.roll(300_000))
        var pieces: [[UInt8]] = []
        var rest = body[...]
        let largest = seed % 2 == 0 ? 2000 : 90_000
        while !rest.isEmpty {
            let size = 1 + dice.roll(largest)
            pieces.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        let rig = try Rig()
        let peer = try Peer({ socket in
            guard try socket.readRequest() == body else { throw WrongBytes(got: "another body") }
            try socket.answer()
        })
        let sender = Sender(rig.pool(peer.port))
        sender.start(chunked: chunked, pieces)
        try rig.run(sender)
        try rig.driver.run(until: peer)
        #expect(sender.head?.status == 200)
        #expect(sender.bodyText == "ok")
        #expect(sender.hasEnded)
    }

    @Test(arguments: [false, true])
    func `sends an empty body`(chunked: Bool) throws {
        let rig = try Rig()
        let peer = try Peer({ try $0.serve() })
        let sender = Sender(rig.pool(peer.port))
        sender.start(chunked: chunked)
        try rig.run(sender)
        try rig.driver.run(until: peer)
        #expect(sender.bodyText == "ok")
    }

    @Test func `stops its caller while the store reads nothing, waits idly, and tells when to go on`() throws {
        let rig = try Rig()
        let gate = Gate()
        let total = 32 << 20
        let peer = try Peer({ socket in
            _ = try socket.readHead()
            try gate.wait()
            _ = try socket.read(exactly: total)
            try socket.answer()
        })
        let sender = Sender(rig.pool(peer.port))
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        sender.start(Array(repeating: piece, count: 32))
        try rig.driver.run { sender.writableCalls > 0 && peer.connections == 1 }
        try rig.driver.turn()
        let calls = sender.writableCalls
        #expect(try idleTime(rig) < .milliseconds(60))
        // The kernel's buffers are full by now; nobody is told to go on.
        #expect(sender.writableCalls <= calls + 3)
        #expect(!sender.isOver)
        gate.open()
        try rig.run(sender)
        #expect(sender.bodyText == "ok")
        #expect(sender.writableCalls > calls)
        try rig.driver.run(until: peer)
    }

    /// Processor time that the loop takes in a while of which it should sleep through all: a loop that spins takes all
    /// of it.
    private func idleTime(_ rig: Rig) throws -> Duration {
        let timer = Alarm(rig.driver.loop)
        timer.timer.start(.milliseconds(150))
        let before = Process.threadTime
        try rig.driver.run { timer.rang }
        return Process.threadTime - before
    }

    @Test func `stops reading a paused answer, waits idly, and goes on`() throws {
        let rig = try Rig()
        let answer = pattern(4 << 20)
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.1 200 OK\r\nContent-Length: \(answer.count)\r\n\r\n")
            try socket.write(answer)
        })
        let sender = Sender(rig.pool(peer.port))
        sender.onAnswerBody = { [unowned sender] in
            sender.onAnswerBody = nil
            sender.exchange.pauseAnswer(true)
        }
        sender.start(method: .get)
        try rig.driver.run { !sender.body.isEmpty }
        let paused = sender.body.count
        #expect(try idleTime(rig) < .milliseconds(60))
        #expect(sender.body.count == paused)
        sender.exchange.pauseAnswer(false)
        try rig.run(sender)
        #expect(sender.body == answer)
        try rig.driver.run(until: peer)
    }

    @Test func `hears a store that answers before it has the body, and lets the connection go`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readHead()
            try socket.answer("too large", status: "413 Payload Too Large")
            // Until the exchange closes.
            while let more = try? socket.read(), !more.isEmpty {}
        })
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start([pattern(1000)], length: 1 << 30, finishes: false)
        try rig.run(sender)
        #expect(sender.head?.status == 413)
        #expect(sender.bodyText == "too large")
        let more = pattern(10)
        let taken = sender.exchange.send(more.span)
        #expect(taken)
        #expect(pool.connectionCount == 0 && pool.idleCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `hears the refusal of a store that closed while the body was on its way`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readHead()
            try socket.answer("no", status: "403 Forbidden")
            socket.shutdownWrite()
        })
        let sender = Sender(rig.pool(peer.port))
        sender.start(Array(repeating: pattern(100_000), count: 100), length: 1 << 30, finishes: false)
        try rig.run(sender)
        #expect(sender.head?.status == 403)
        try rig.driver.run(until: peer)
    }

    @Test func `skips 100 Continue and other interim answers`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            try socket.answer("final")
        })
        let sender = Sender(rig.pool(peer.port))
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.head?.status == 200)
        #expect(sender.bodyText == "final")
        try rig.driver.run(until: peer)
    }

    @Test(
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello", "hello"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", "hello"),
            ("HTTP/1.1 204 No Content\r\n\r\n", ""), ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        ])
    func `reads an answer that comes byte by byte`(answer: String, body: String) throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            for byte in answer.utf8 { try socket.write([byte]) }
            // Kept open: the end of the answer is told by its framing.
            _ = try socket.readToEnd()
        })
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.failure == nil && sender.bodyText == body)
        #expect(pool.idleCount == 1)
        pool.close()
        try rig.driver.run(until: peer)
    }

    @Test func `reads an answer that ends with its connection`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.0 200 OK\r\n\r\nuntil the end")
        })
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.failure == nil && sender.bodyText == "until the end")
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `does not take a reset for the end of an answer`() throws {
        let rig = try Rig()
        let begun = Gate()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.0 200 OK\r\n\r\nonly a pa")
            try begun.wait()
            socket.reset()
        })
        let sender = Sender(rig.pool(peer.port))
        sender.onAnswerBody = { begun.open() }
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.failure?.kind == .closed && sender.failure?.mayBeStored == true && !sender.hasEnded)
        try rig.driver.run(until: peer)
    }

    @Test func `expects no body in the answer to HEAD`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            _ = try socket.readToEnd()
        })
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start(method: .head)
        try rig.run(sender)
        #expect(sender.failure == nil && sender.body == [])
        #expect(pool.idleCount == 1)
        pool.close()
        try rig.driver.run(until: peer)
    }
}
