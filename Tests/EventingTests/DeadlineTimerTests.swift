// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import LoopTesting
import Testing

@Suite struct DeadlineTimerTests {
    /// Remembers when deadlines passed.
    private final class Recorder: DeadlineHandler {
        private(set) lazy var timer = DeadlineTimer(loop: loop, handler: self)
        private let loop: EventLoop
        private(set) var passed: [Instant] = []
        var onDeadline: (() -> Void)?

        init(_ loop: EventLoop) { self.loop = loop }

        func deadlinePassed(_ timer: DeadlineTimer) {
            passed.append(.now)
            onDeadline?()
        }
    }

    private let driver: LoopDriver
    private let recorder: Recorder
    /// Set for later than anything in the tests: what has not happened when it passes does not happen.
    private let last: Recorder

    init() throws {
        driver = try LoopDriver()
        recorder = Recorder(driver.loop)
        last = Recorder(driver.loop)
    }

    private func runToTheEnd() throws {
        last.timer.start(.milliseconds(40))
        try driver.run { !last.passed.isEmpty }
    }

    @Test func `passes once, not before its time, and is unset then`() throws {
        let deadline = Instant.now + .milliseconds(5)
        recorder.timer.deadline = deadline
        try runToTheEnd()
        #expect(recorder.passed.count == 1)
        #expect(recorder.passed[0] >= deadline)
        #expect(recorder.timer.deadline == nil)
    }

    @Test func `is moved later, again and again, without passing in between`() throws {
        var deadline = Instant.now
        for milliseconds in 1...10 {
            deadline = .now + .milliseconds(milliseconds)
            recorder.timer.deadline = deadline
        }
        try runToTheEnd()
        #expect(recorder.passed.count == 1)
        #expect(recorder.passed[0] >= deadline)
    }

    @Test func `is moved earlier`() throws {
        recorder.timer.start(.seconds(3600))
        recorder.timer.start(.milliseconds(2))
        try driver.run { !recorder.passed.isEmpty }
    }

    @Test func `is moved later and then earlier than at first`() throws {
        recorder.timer.start(.seconds(1800))
        recorder.timer.start(.seconds(3600))
        recorder.timer.start(.milliseconds(2))
        try driver.run { !recorder.passed.isEmpty }
    }

    @Test func `does not pass once it is unset`() throws {
        recorder.timer.start(.milliseconds(2))
        recorder.timer.deadline = nil
        try runToTheEnd()
        #expect(recorder.passed == [])
    }

    @Test func `does not pass once it is cancelled, and can be set again`() throws {
        recorder.timer.start(.milliseconds(2))
        recorder.timer.cancel()
        recorder.timer.cancel()
        #expect(recorder.timer.deadline == nil)
        try runToTheEnd()
        #expect(recorder.passed == [])
        recorder.timer.start(.milliseconds(1))
        try driver.run { recorder.passed.count == 1 }
    }

    @Test func `passes at the new time after it was unset and set again`() throws {
        recorder.timer.start(.milliseconds(2))
        recorder.timer.deadline = nil
        let deadline = Instant.now + .milliseconds(12)
        recorder.timer.deadline = deadline
        try runToTheEnd()
        #expect(recorder.passed.count == 1)
        #expect(recorder.passed[0] >= deadline)
    }

    @Test func `passes at once when its time is over already, but not within the call`() throws {
        recorder.timer.deadline = Instant(nanoseconds: 1)
        #expect(recorder.passed == [])
        try driver.run { recorder.passed.count == 1 }
    }

    @Test func `is set again by its own handler`() throws {
        recorder.onDeadline = { [unowned recorder] in
            if recorder.passed.count < 5 { recorder.timer.start(.milliseconds(1)) }
        }
        recorder.timer.start(.milliseconds(1))
        try runToTheEnd()
        try driver.run { recorder.passed.count == 5 }
        #expect(recorder.passed.count == 5)
    }

    @Test func `does not pass after its owner is gone`() throws {
        var gone: Recorder? = Recorder(driver.loop)
        gone?.timer.start(.milliseconds(1))
        gone = nil
        try runToTheEnd()
        #expect(gone == nil)
    }
}
