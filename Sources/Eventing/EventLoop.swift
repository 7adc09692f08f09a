// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc
private import Synchronization

/// Who has work to do once all events of a turn were handled.
package protocol TurnEndHandler: AnyObject {
    /// The turn ends; called once for each turn in which ``EventLoop/atEndOfTurn(_:)`` asked for it.
    func turnEnds()
}

/// One libevent loop on one thread; everything registered with it is called on that thread only.
///
/// Loops share nothing. Another thread reaches a loop through ``execute(_:)`` alone.
@safe
package final class EventLoop: @unchecked Sendable {
    // Sendable is sound: `base`, `nextTurn` and the events are touched on the loop thread only (checked by
    // `preconditionInLoop`), `inbox` is locked, `thread` is atomic.
    private let base: OpaquePointer
    private let wakeDescriptor: Int32
    private let wakeEvent: UnsafeMutablePointer<event>
    private let turnEvent: UnsafeMutablePointer<event>
    private let inbox = Locked<[@Sendable () -> Void]>([])
    private let thread = Atomic<UInt>(0)
    /// Loop thread only.
    private var nextTurn: [() -> Void] = []
    /// Loop thread only.
    private var turnEndWork: [(any TurnEndHandler)?] = []
    /// Loop thread only; the other one's memory while its work is done.
    private var spareWork: [(any TurnEndHandler)?] = []
    /// Loop thread only.
    private var isStopped = false
    /// Loop thread only; made when a stream first asks.
    private var hangUpWatch: HangUpWatch?
    /// Loop thread only: where TLS records come off any socket. Made when a stream first asks.
    private(set) lazy var rawInput = Scratch()
    /// Loop thread only; nil until somebody asks during the event that is being handled.
    private var eventTime: Instant?

    /// Creates a loop that runs nothing until ``run()``.
    package init() throws(EventError) {
        guard let configuration = unsafe event_config_new() else {
            throw EventError(operation: "event_config_new", reason: "out of memory")
        }
        unsafe event_config_set_flag(configuration, Int32(EVENT_BASE_FLAG_NOLOCK.rawValue))
        defer { unsafe event_config_free(configuration) }
        guard let base = unsafe event_base_new_with_config(configuration) else {
            throw EventError(operation: "event_base_new", reason: "no usable backend")
        }
        unsafe self.base = base
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        unsafe wakeEvent = .allocate(capacity: 1)
        unsafe turnEvent = .allocate(capacity: 1)
        guard wakeDescriptor >= 0 else {
            let code = errno
            unsafe wakeEvent.deallocate()
            unsafe turnEvent.deallocate()
            unsafe event_base_free(base)
            throw EventError(operation: "eventfd", code: code)
        }
        // Unretained: both events are deleted in deinit, before the loop object is gone.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event_assign(
            wakeEvent, base, wakeDescriptor, Int16(EV_READ | EV_PERSIST),
            { _, _, context in unsafe EventLoop.from(context).drainInbox() }, context)
        unsafe event_add(wakeEvent, nil)
        unsafe event_assign(
            turnEvent, base, -1, 0, { _, _, context in unsafe EventLoop.from(context).runNextTurn() }, context)
    }

    deinit {
        hangUpWatch = nil
        unsafe event_del(wakeEvent)
        unsafe event_del(turnEvent)
        unsafe wakeEvent.deallocate()
        unsafe turnEvent.deallocate()
        unsafe event_base_free(base)
        close(wakeDescriptor)
    }

    /// Runs the loop on the calling thread until ``stop()``.
    package func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        // What was posted before has made the wake-up descriptor readable.
        isStopped = false
        endTurn()
        while !isStopped {
            let result = unsafe event_base_loop(base, Int32(EVLOOP_ONCE) | Int32(EVLOOP_NO_EXIT_ON_EMPTY))
            precondition(result >= 0, "the kernel tells of events")
            endTurn()
        }
        thread.store(0, ordering: .relaxed)
    }

    /// Ends ``run()`` after the event that is being handled; callable from any thread.
    package func stop() {
        execute { [self] in
            isStopped = true
            unsafe event_base_loopbreak(base)
        }
    }

    /// Runs `work` on the loop thread, after what is being handled; callable from any thread.
    package func execute(_ work: @escaping @Sendable () -> Void) {
        let wasEmpty = inbox.withLock { inbox in
            inbox.append(work)
            return inbox.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        // A full counter (EAGAIN) already means "wake up".
        _ = unsafe write(wakeDescriptor, &one, 8)
    }

    /// Runs `work` in the next iteration of the loop, after I/O had its turn. Loop thread only.
    package func onNextTurn(_ work: @escaping () -> Void) {
        preconditionInLoop()
        nextTurn.append(work)
        guard nextTurn.count == 1 else { return }
        var immediately = timeval(tv_sec: 0, tv_usec: 0)
        unsafe event_add(turnEvent, &immediately)
    }

    /// Calls `handler` when all events that are there now were handled. Loop thread only.
    ///
    /// For output: writing for all connections together, after all were read, costs the kernel less than taking turns
    /// (the peers wake up once instead of for each message, and its code stays in the cache).
    package func atEndOfTurn(_ handler: any TurnEndHandler) {
        preconditionInLoop()
        turnEndWork.append(handler)
    }

    /// Whether the caller is on the loop's thread.
    package var isInLoop: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Traps when called on another thread than the loop's; before ``run()`` any thread may prepare the loop.
    package func preconditionInLoop() {
        let owner = thread.load(ordering: .relaxed)
        precondition(owner == 0 || owner == UInt(pthread_self()), "called on another thread than the loop's")
    }

    /// The time of the event that is being handled, read from the clock once for each event. Loop thread only.
    ///
    /// For deadlines and for how long something took: it may be behind the clock by as long as the handling takes.
    package var now: Instant {
        if let eventTime { return eventTime }
        let now = Instant.now
        eventTime = now
        return now
    }

    var hangUps: HangUpWatch {
        if let hangUpWatch { return hangUpWatch }
        let watch = HangUpWatch(loop: self)
        hangUpWatch = watch
        return watch
    }

    /// Another event is handled from here on.
    func eventBegins() { eventTime = nil }

    /// The libevent base, for registrations in this module.
    @unsafe var rawBase: OpaquePointer { unsafe base }

    private func drainInbox() {
        eventBegins()
        var count: UInt64 = 0
        _ = unsafe read(wakeDescriptor, &count, 8)
        let work = inbox.withLock { inbox in
            let work = inbox
            inbox.removeAll(keepingCapacity: work.count < 1024)
            return work
        }
        for item in work { item() }
    }

    private func endTurn() {
        // At the time of the last event, which deadlines need not know better.
        guard !turnEndWork.isEmpty else { return }
        swap(&turnEndWork, &spareWork)
        // Taken out rather than looked at: a reference less to count.
        for index in spareWork.indices { spareWork[index].take()?.turnEnds() }
        spareWork.removeAll(keepingCapacity: true)
        // What asked again meanwhile has its turn at once, but after the events that wait.
        if !turnEndWork.isEmpty { onNextTurn {} }
    }

    private func runNextTurn() {
        eventBegins()
        let work = nextTurn
        nextTurn = []
        for item in work { item() }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> EventLoop {
        unsafe Unmanaged<EventLoop>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }
}
