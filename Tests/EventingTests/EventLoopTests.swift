// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

@Suite struct EventLoopTests {
    @Test func `runs all that other threads post, each thread's in its order`() throws {
        let driver = try LoopDriver()
        let loop = driver.loop
        let seen = Locked([[Int]](repeating: [], count: 8))
        let scripts = (0..<8).map { thread in
            Script {
                for number in 0..<1000 { loop.execute { seen.withLock { $0[thread].append(number) } } }
            }
        }
        try driver.run { seen.withLock { $0.allSatisfy { $0.count == 1000 } } }
        for script in scripts { try driver.run(until: script) }
        #expect(seen.withLock { $0 }.allSatisfy { $0 == Array(0..<1000) })
    }

    @Test func `runs what was posted before it had a thread, on the thread that it gets`() throws {
        let loop = try EventLoop()
        let wasInLoop = Locked<Bool?>(nil)
        loop.execute {
            wasInLoop.withLock { $0 = loop.isInLoop }
            loop.stop()
        }
        #expect(!loop.isInLoop)
        loop.run()
        #expect(wasInLoop.withLock { $0 } == true)
        #expect(!loop.isInLoop)
    }

    @Test func `runs work posted by its own thread after what is being handled`() throws {
        let loop = try EventLoop()
        let order = Locked<[String]>([])
        loop.execute {
            loop.execute {
                order.withLock { $0.append("second") }
                loop.stop()
            }
            order.withLock { $0.append("first") }
        }
        loop.run()
        #expect(order.withLock { $0 } == ["first", "second"])
    }

    @Test func `keeps the order of work for the next turn, and work for the turn after apart`() throws {
        let driver = try LoopDriver()
        let loop = driver.loop
        var order: [String] = []
        loop.onNextTurn {
            order.append("a")
            loop.onNextTurn { order.append("c") }
        }
        loop.onNextTurn { order.append("b") }
        #expect(order == [])
        try driver.run { order.count == 3 }
        #expect(order == ["a", "b", "c"])
    }

    @Test func `lets input have its turn between two turns of work`() throws {
        let driver = try LoopDriver()
        let loop = driver.loop
        let (descriptor, peer) = try RawSocket.pair()
        let watch = Watch(loop, descriptor)
        try peer.write("x")
        var readsBefore: [Int] = []
        loop.onNextTurn {
            watch.event.wantsRead = true
            loop.onNextTurn {
                loop.onNextTurn { readsBefore.append(watch.reads) }
            }
        }
        try driver.run { !readsBefore.isEmpty }
        #expect(readsBefore[0] > 0)
        watch.event.cancel()
        close(descriptor)
    }

    @Test func `stops at once when it was told to before it ran`() throws {
        let loop = try EventLoop()
        for _ in 0..<3 {
            loop.stop()
            loop.run()
        }
    }

    @Test func `stops from another thread and runs again`() throws {
        let loop = try EventLoop()
        for _ in 0..<3 {
            let script = Script { loop.stop() }
            loop.run()
            try script.check()
        }
    }

    @Test func `traps on a thread that is not its own`() async {
        await #expect(processExitsWith: .failure) {
            // Whatever else goes wrong ends the process with success.
            guard let loop = try? EventLoop() else { exit(EXIT_SUCCESS) }
            Script { loop.run() }.keep()
            let entered = Locked(false)
            loop.execute { entered.withLock { $0 = true } }
            while !entered.withLock({ $0 }) { sched_yield() }
            loop.preconditionInLoop()
            exit(EXIT_SUCCESS)
        }
    }

    @Test func `traps where another thread asks for work in the next turn`() async {
        await #expect(processExitsWith: .failure) {
            guard let loop = try? EventLoop() else { exit(EXIT_SUCCESS) }
            Script { loop.run() }.keep()
            let entered = Locked(false)
            loop.execute { entered.withLock { $0 = true } }
            while !entered.withLock({ $0 }) { sched_yield() }
            loop.onNextTurn {}
            exit(EXIT_SUCCESS)
        }
    }

    @Test func `is prepared by any thread before it runs`() throws {
        let loop = try EventLoop()
        loop.preconditionInLoop()
        let script = Script { loop.preconditionInLoop() }
        while !script.isDone { sched_yield() }
        try script.check()
    }
}

extension Script {
    /// Leaves the script running until the process ends.
    func keep() { _ = unsafe Unmanaged.passRetained(self) }
}

/// Counts the events of one descriptor.
final class Watch: FileEventHandler {
    private(set) lazy var event = FileEvent(loop: loop, descriptor: descriptor, handler: self)
    private let loop: EventLoop
    private let descriptor: Int32
    private(set) var reads = 0
    private(set) var writes = 0
    var onRead: (() -> Void)?

    init(_ loop: EventLoop, _ descriptor: Int32) {
        self.loop = loop
        self.descriptor = descriptor
    }

    func fileReadable() {
        reads += 1
        onRead?()
    }

    func fileWritable() {
        writes += 1
        event.wantsWrite = false
    }
}
