// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

/// Plain streams; a blocking socket is the peer.
@Suite struct ByteStreamTests {
    private let driver: LoopDriver

    init() throws { driver = try LoopDriver() }

    private func connect(buffers: Int32? = nil) throws -> (end: StreamEnd, peer: RawSocket) {
        let (descriptor, peer) = try RawSocket.pair(buffers: buffers)
        return (StreamEnd(ByteStream(loop: driver.loop, descriptor: descriptor)), peer)
    }

    @Test func `reads what comes, its end, and nothing after it`() throws {
        let (end, peer) = try connect()
        try peer.write("hello ")
        try peer.write("world")
        peer.shutdownWrite()
        try driver.run { end.ending != nil }
        #expect(end.received == Array("hello world".utf8))
        #expect(end.ending == .end)
        let calls = end.readableCalls
        try driver.turn()
        #expect(end.readableCalls == calls)
    }

    @Test func `leaves input where it is while reading is off`() throws {
        let (end, peer) = try connect()
        end.stream.readEnabled = false
        try peer.write("later")
        try driver.turn()
        #expect(end.received == [])
        end.stream.readEnabled = true
        try driver.run { end.received == Array("later".utf8) }
    }

    @Test func `takes part of a write when the peer is slow, and tells once when there is room`() throws {
        let (end, peer) = try connect(buffers: 4096)
        let bytes = pattern(8 << 20)
        end.send(bytes)
        #expect(end.hasUnsent)
        #expect(end.writableCalls == 0)
        for _ in 0..<5 { try driver.turn() }
        let script = Script {
            guard try peer.read(exactly: bytes.count) == bytes else {
                throw EventError(operation: "", reason: "other bytes")
            }
        }
        try driver.run(until: script)
        #expect(!end.hasUnsent && end.writableCalls > 0)
        #expect(end.stream.rawBytesWritten == UInt64(bytes.count))
        // Nobody asked again, so nobody is told again.
        let calls = end.writableCalls
        for _ in 0..<5 { try driver.turn() }
        #expect(end.writableCalls == calls)
    }

    @Test func `tells of room once for each time it was asked to`() throws {
        let (end, _peer) = try connect()
        end.stream.waitForWritable()
        end.stream.waitForWritable()
        try driver.run { end.writableCalls > 0 }
        for _ in 0..<5 { try driver.turn() }
        #expect(end.writableCalls == 1)
        end.stream.waitForWritable()
        try driver.run { end.writableCalls == 2 }
        _peer.close()
    }

    @Test func `writes two buffers as one, and either of them alone`() throws {
        let (end, peer) = try connect()
        func write(_ first: String, _ second: String) -> StreamResult {
            end.stream.write(first.utf8.span, second.utf8.span)
        }
        #expect(write("head", "body") == .bytes(8))
        #expect(write("", "x") == .bytes(1))
        #expect(write("y", "") == .bytes(1))
        #expect(try peer.read(exactly: 10) == Array("headbodyxy".utf8))
    }

    @Test func `ends its own side and reads on`() throws {
        let (end, peer) = try connect()
        end.send("question")
        end.stream.shutdownWrite()
        let script = Script {
            guard try peer.readTextToEnd() == "question" else { throw EventError(operation: "", reason: "other bytes") }
            try peer.write("answer")
            peer.close()
        }
        try driver.run(until: script)
        try driver.run { end.ending == .end }
        #expect(end.received == Array("answer".utf8))
    }

    @Test func `closes once, and what was sent still arrives`() throws {
        let (end, peer) = try connect()
        end.send("last words")
        end.stream.close()
        end.stream.close()
        #expect(!end.stream.isOpen)
        #expect(try peer.readTextToEnd() == "last words")
    }

    @Test func `resets so that the peer sees no clean end`() throws {
        let (end, peer) = try connect()
        end.stream.reset()
        end.stream.reset()
        end.stream.close()
        #expect(!end.stream.isOpen)
        let error = #expect(throws: EventError.self) { try peer.read() }
        #expect(error?.code == ECONNRESET)
    }

    @Test func `reports a reset by the peer to reads and writes, not as an end`() throws {
        let (end, peer) = try connect()
        peer.reset()
        try driver.run { end.ending != nil }
        #expect(end.ending == .failed(EventError(operation: "read", code: ECONNRESET)))
        end.send("x")
        #expect(end.writeFailure?.code == EPIPE)
    }

    @Test func `tells an idle connection that is alive from one that spoke or ended`() throws {
        for ends in [false, true] {
            let (end, peer) = try connect()
            end.stream.readEnabled = false
            #expect(!end.stream.hasInputOrEnd)
            if ends { peer.close() } else { try peer.write("x") }
            try driver.run { end.stream.hasInputOrEnd }
            #expect(end.received == [] && end.ending == nil)
        }
    }

    // MARK: - What the peer's kernel acknowledged

    @Test func `knows that a delivered byte was acknowledged`() throws {
        let (end, peer) = try connect()
        #expect(end.stream.acknowledgedBytes == 0)
        end.send("12345")
        try driver.run { end.stream.acknowledgedBytes == 5 }
        #expect(try peer.read(exactly: 5) == Array("12345".utf8))
        peer.reset()
        try driver.run { end.ending != nil }
        #expect(end.stream.acknowledgedBytes == 5)
    }

    @Test func `knows that a peer that was gone acknowledged nothing`() throws {
        let (end, peer) = try connect()
        end.stream.readEnabled = false
        peer.reset()
        end.send("12345")
        end.stream.readEnabled = true
        try driver.run { end.ending != nil || end.writeFailure != nil }
        #expect(end.stream.acknowledgedBytes == 0)
    }

    @Test func `knows that bytes to a closed socket were not taken`() throws {
        let (end, peer) = try connect()
        end.stream.readEnabled = false
        peer.close()
        // The peer's kernel has nobody for these bytes any more and answers with a reset.
        end.send("12345")
        #expect(end.stream.rawBytesWritten == 5)
        end.stream.readEnabled = true
        try driver.run { end.ending != nil }
        #expect(end.stream.acknowledgedBytes == 0)
    }

    @Test func `does not know what a Unix socket's peer took`() throws {
        var pair: [Int32] = [0, 0]
        let made = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair)
        try #require(made == 0)
        let end = StreamEnd(ByteStream(loop: driver.loop, descriptor: pair[0]))
        #expect(end.stream.acknowledgedBytes == nil)
        close(pair[1])
    }

    @Test func `gives its descriptor back however it ends`() async {
        await #expect(processExitsWith: .success) {
            let driver = try LoopDriver()
            let before = Process.openSockets
            for round in 0..<3 {
                let (descriptor, peer) = try RawSocket.pair()
                var stream: ByteStream? = ByteStream(loop: driver.loop, descriptor: descriptor)
                if round == 0 { stream?.close() }
                if round == 1 { stream?.reset() }
                stream = nil
                peer.close()
                try #require(stream == nil)
                try #require(Process.openSockets == before)
            }
        }
    }
}
