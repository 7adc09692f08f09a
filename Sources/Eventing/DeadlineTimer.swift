// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// Who is told that a deadline passed.
package protocol DeadlineHandler: AnyObject {
    /// The deadline of `timer` passed; it is unset now.
    func deadlinePassed(_ timer: DeadlineTimer)
}

/// A deadline that may be moved often and cheaply. Loop thread only.
///
/// Moving a deadline later, or clearing it, costs a store: the registered timer fires at the earlier time, sees the later
/// deadline and registers again. An idle loop therefore wakes up at most once for each deadline that was moved.
@safe
package final class DeadlineTimer {
    private let loop: EventLoop
    /// Unowned: whoever handles the deadline owns this object. Set before the first deadline.
    package unowned var handler: (any DeadlineHandler)?
    private let timer: UnsafeMutablePointer<event>
    private var armedFor: Instant?

    /// When the handler is called; nil for never.
    package var deadline: Instant? {
        didSet {
            guard let deadline else { return }
            if let armedFor, armedFor <= deadline { return }
            arm(deadline)
        }
    }

    /// A timer whose handler is told once there is one: for owners that hold it as a constant.
    package init(loop: EventLoop, handler: (any DeadlineHandler)? = nil) {
        loop.preconditionInLoop()
        self.loop = loop
        self.handler = handler
        unsafe timer = .allocate(capacity: 1)
        // Unretained: deinit deletes the event before the object is gone.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event_assign(
            timer, loop.rawBase, -1, 0, { _, _, context in unsafe DeadlineTimer.from(context).fired() }, context)
    }

    deinit {
        unsafe event_del(timer)
        unsafe timer.deallocate()
    }

    /// Sets the deadline to `duration` from now.
    package func start(_ duration: Duration) {
        deadline = loop.now + duration
    }

    /// Sets the deadline to `interval` from now.
    package func start(_ interval: Interval) {
        deadline = loop.now + interval
    }

    /// Unsets the deadline and its registration, so that not even a late wake-up remains.
    package func cancel() {
        deadline = nil
        guard armedFor != nil else { return }
        armedFor = nil
        unsafe event_del(timer)
    }

    private func arm(_ deadline: Instant) {
        armedFor = deadline
        // Rounded up: firing early would only mean to register again.
        let wait = deadline.nanoseconds(since: .now) / 1_000 + 1
        var interval = timeval(tv_sec: Int(wait / 1_000_000), tv_usec: Int(wait % 1_000_000))
        unsafe event_add(timer, &interval)
    }

    private func fired() {
        armedFor = nil
        loop.eventBegins()
        guard let deadline else { return }
        guard deadline <= .now else { return arm(deadline) }
        self.deadline = nil
        handler?.deadlinePassed(self)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> DeadlineTimer {
        unsafe Unmanaged<DeadlineTimer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }
}
