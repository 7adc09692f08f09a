// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// Stores that do not do their part.
@Suite struct StoreFaultTests {
    @Test func `gives a silent store up in time, and cannot tell whether it stored`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            _ = try? socket.readToEnd()
        })
        let pool = rig.pool(peer.port) { $0.answerTimeout = .milliseconds(50) }
        let sender = Sender(pool)
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.failure?.kind == .answerTimeout)
        #expect(sender.failure?.reason == "the store did not answer in time")
        #expect(sender.failure?.mayBeStored == true)
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `gives a store up that takes no more of the body, and knows that nothing is stored`() throws {
        let rig = try Rig()
        let gate = Gate()
        let peer = try Peer({ _ in try gate.wait() })
        let sender = Sender(rig.pool(peer.port) { $0.answerTimeout = .milliseconds(50) })
        sender.start(Array(repeating: [UInt8](repeating: 1, count: 1 << 20), count: 64))
        try rig.run(sender)
        gate.open()
        #expect(sender.failure?.kind == .answerTimeout)
        #expect(sender.failure?.reason == "the store took no more of the request in time")
        #expect(sender.failure?.mayBeStored == false)
        try rig.driver.run(until: peer)
    }

    @Test(
        arguments: [
            "garbage\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        ])
    func `takes nothing for an answer that is none`(answer: String) throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write(answer)
            _ = try? socket.readToEnd()
        })
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.failure?.kind == .badAnswer)
        #expect(sender.failure?.mayBeStored == true)
        #expect(!sender.hasEnded)
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `refuses a head of one mebibyte long before its end`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            // Broken off by the reset.
            try? socket.write("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 1 << 20) + "\r\n\r\n")
        })
        let sender = Sender(rig.pool(peer.port))
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.failure?.kind == .badAnswer)
        #expect(sender.head == nil)
        try rig.driver.run(until: peer)
    }

    @Test func `tells a store that closed after the whole request from one that closed within it`() throws {
        for wholeRequest in [true, false] {
            let rig = try Rig()
            let peer = try Peer({ socket in
                if wholeRequest { _ = try socket.readRequest() } else { _ = try socket.readHead() }
            })
            let sender = Sender(rig.pool(peer.port))
            sender.start([pattern(10)], length: wholeRequest ? 10 : 1000, finishes: wholeRequest)
            try rig.run(sender)
            #expect(sender.failure?.kind == .closed)
            #expect(sender.failure?.mayBeStored == wholeRequest)
            try rig.driver.run(until: peer)
        }
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ])
    func `never takes a truncated answer for a whole one`(answer: String) throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write(answer)
        })
        let sender = Sender(rig.pool(peer.port))
        sender.start([pattern(10)])
        try rig.run(sender)
        #expect(sender.head?.status == 200)
        #expect(sender.failure?.kind == .closed)
        #expect(!sender.hasEnded)
        try rig.driver.run(until: peer)
    }

    @Test func `resets a request that is given up, so that the store cannot take its part for the whole`() throws {
        let rig = try Rig()
        let peer = try Peer({ socket in
            _ = try socket.readHead()
            do {
                _ = try socket.readToEnd()
            } catch let error {
                guard "\(error)".contains("reset") else { throw error }
                return
            }
            throw WrongBytes(got: "a clean end")
        })
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start([pattern(10)], length: 100, finishes: false)
        try rig.driver.run { peer.connections == 1 && sender.writableCalls > 0 }
        sender.exchange.abort()
        sender.exchange.abort()
        try rig.driver.run(until: peer)
        #expect(!sender.isOver)
        #expect(pool.connectionCount == 0)
    }

    @Test func `tells nobody of a request that is given up before it was connected`() throws {
        let rig = try Rig()
        let peer = try Peer()
        let pool = rig.pool(peer.port)
        let sender = Sender(pool)
        sender.start([pattern(10)])
        sender.exchange.abort()
        for _ in 0..<5 { try rig.driver.turn() }
        #expect(!sender.isOver && sender.writableCalls == 0)
        #expect(pool.connectionCount == 0)
    }
}
