// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

/// Pipes between two real sockets, and the pool that they come from.
@Suite struct SplicePipeTests {
    private let driver: LoopDriver

    init() throws { driver = try LoopDriver() }

    private func connect(buffers: Int32? = nil) throws -> (stream: ByteStream, peer: RawSocket) {
        let (descriptor, peer) = try RawSocket.pair(buffers: buffers)
        return (ByteStream(loop: driver.loop, descriptor: descriptor), peer)
    }

    @Test func `moves what has come, no more than it is told to, to another socket`() throws {
        let (source, sender) = try connect()
        let (sink, receiver) = try connect()
        let pool = PipePool(loop: driver.loop)
        let pipe = try #require(pool.take())
        #expect(pipe.capacity >= 64 * 1024 && pipe.count == 0)
        #expect(pipe.fill(from: source, limit: 5) == .wouldBlock)
        try sender.write("bodyNEXT")
        #expect(pipe.fill(from: source, limit: 4) == .bytes(4))
        #expect(pipe.count == 4)
        #expect(pipe.drain(into: sink) == .bytes(4))
        #expect(pipe.count == 0 && sink.rawBytesWritten == 4)
        #expect(try receiver.read(exactly: 4) == Array("body".utf8))
        // What comes behind the body stays in the socket.
        let scratch = Scratch(size: 16)
        #expect(scratch.read(from: source) == .bytes(4))
        sender.shutdownWrite()
        #expect(pipe.fill(from: source, limit: 1) == .end)
    }

    @Test func `keeps what the other socket does not take, in order`() throws {
        let (source, sender) = try connect()
        let (sink, receiver) = try connect(buffers: 4096)
        let pool = PipePool(loop: driver.loop)
        let bytes = pattern(8 << 20)
        let sending = Script { try sender.write(bytes) }
        let receiving = Script {
            guard try receiver.read(exactly: bytes.count) == bytes else {
                throw EventError(operation: "", reason: "other bytes")
            }
        }
        let pump = Pump(source: source, sink: sink, pool: pool)
        source.readEnabled = true
        try driver.run(until: receiving)
        try driver.run(until: sending)
        #expect(pump.moved == bytes.count && pump.refusals > 0)
        #expect(pool.openCount <= 1, "one pipe served all of it, and may have been closed since")
    }

    @Test func `closes a pipe that is dropped with bytes in it, and gives a new one`() throws {
        let (source, sender) = try connect()
        let pool = PipePool(loop: driver.loop, limit: 1)
        var pipe = pool.take()
        #expect(pool.take() == nil && pool.openCount == 1)
        try sender.write("secret")
        #expect(pipe?.fill(from: source, limit: 100) == .bytes(6))
        pipe = nil
        #expect(pool.openCount == 0)
        let next = try #require(pool.take())
        let (sink, _) = try connect()
        #expect(next.count == 0)
        #expect(next.drain(into: sink) == .end)
    }

    @Test func `uses a pipe again, and closes it when nobody does`() throws {
        let pool = PipePool(loop: driver.loop, limit: 1)
        let first = try #require(pool.take())
        let identity = ObjectIdentifier(first)
        first.giveBack()
        #expect(pool.openCount == 1)
        var second = pool.take()
        #expect(second.map(ObjectIdentifier.init) == identity)
        second?.giveBack()
        second = nil
        withExtendedLifetime(first) {}
    }

    @Test func `closes unused pipes after a while`() throws {
        let pool = PipePool(loop: driver.loop)
        for pipe in [pool.take(), pool.take()] { pipe?.giveBack() }
        #expect(pool.openCount == 2)
        try driver.run { pool.openCount == 0 }
        #expect(pool.take() != nil)
    }

    @Test func `keeps a pipe that was needed since the last look`() throws {
        let pool = PipePool(loop: driver.loop)
        for pipe in [pool.take(), pool.take()] { pipe?.giveBack() }
        pool.take()?.giveBack()
        let look = DeadlineTimer(loop: driver.loop, handler: pool)
        pool.deadlinePassed(look)
        pool.take()?.giveBack()
        pool.deadlinePassed(look)
        #expect(pool.openCount == 1)
        pool.deadlinePassed(look)
        #expect(pool.openCount == 0)
    }

    @Test func `gives no pipe while there are no descriptors, and seldom asks for one`() async {
        await #expect(processExitsWith: .success) {
            let driver = try LoopDriver()
            let pool = PipePool(loop: driver.loop)
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var full = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &full)
            try #require(pool.take() == nil && pool.openCount == 0)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var asked = 1
            while pool.take() == nil, asked < 5_000 { asked += 1 }
            try #require(asked == 1_001)
        }
    }

    @Test func `tells of input below the mark only when the mark is lowered`() throws {
        let (descriptor, peer) = try RawSocket.pair()
        let end = StreamEnd(ByteStream(loop: driver.loop, descriptor: descriptor))
        end.stream.readMark = 64 * 1024
        try peer.write("some")
        for _ in 0..<5 { try driver.turn() }
        #expect(end.readableCalls == 0)
        end.stream.readMark = 1
        try driver.run { end.received == Array("some".utf8) }
        end.stream.readMark = 64 * 1024
        peer.shutdownWrite()
        try driver.run { end.ending == .end }
    }
}

/// Moves everything from one stream to another through one pipe at a time.
private final class Pump: ByteStreamHandler {
    private let source: ByteStream
    private let sink: ByteStream
    private let pool: PipePool
    private var pipe: SplicePipe?
    private(set) var moved = 0
    private(set) var refusals = 0

    init(source: ByteStream, sink: ByteStream, pool: PipePool) {
        self.source = source
        self.sink = sink
        self.pool = pool
        source.handler = self
        sink.handler = self
    }

    func streamReadable(_ stream: ByteStream) {
        guard let pipe = pool.take() else { return }
        guard case .bytes = pipe.fill(from: source, limit: .max) else { return pipe.giveBack() }
        self.pipe = pipe
        drain()
    }

    func streamWritable(_ stream: ByteStream) { drain() }

    private func drain() {
        guard let pipe else { return }
        while pipe.count > 0 {
            guard case .bytes(let count) = pipe.drain(into: sink) else {
                refusals += 1
                source.readEnabled = false
                return sink.waitForWritable()
            }
            moved += count
        }
        self.pipe = nil
        pipe.giveBack()
        source.readEnabled = true
    }
}
