// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
package import Eventing

/// Something that one thread tells another, which may wait for it.
package final class Gate: Sendable {
    package struct Shut: Error {}

    private let opened = Locked(false)
    private let semaphore = DispatchSemaphore(value: 0)

    package init() {}

    package var isOpen: Bool { opened.withLock { $0 } }

    package func open() {
        opened.withLock { $0 = true }
        semaphore.signal()
    }

    /// Waits until the gate is open; for one waiter, and once.
    ///
    /// - Throws: ``Shut`` after 20 seconds.
    package func wait() throws {
        if semaphore.wait(timeout: .now() + 20) == .timedOut { throw Shut() }
    }
}

/// A deadline that only remembers that it passed.
package final class Alarm: DeadlineHandler {
    package private(set) lazy var timer = DeadlineTimer(loop: loop, handler: self)
    private let loop: EventLoop
    package private(set) var rang = false

    package init(_ loop: EventLoop) { self.loop = loop }

    package func deadlinePassed(_ timer: DeadlineTimer) { rang = true }
}
