// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Glibc

/// Threads for file work, which may block and therefore never runs on a loop.
///
/// Work that was given to one ``DiskQueue`` runs in its order; different queues run side by side.
package final class DiskPool: Sendable {
    private let queues: [DiskQueue]
    private let next = Locked(0)

    /// - Parameter threads: how many file operations may block at once.
    package init(threads: Int) {
        queues = (0..<threads).map { _ in DiskQueue() }
    }

    /// A queue for the work of one object, the threads taken in turn.
    package func queue() -> DiskQueue {
        queues[
            next.withLock { index in
                index = (index + 1) % queues.count
                return index
            }]
    }

    /// Ends the threads after the work that was given so far, and waits for them; once.
    package func close() {
        for queue in queues { queue.close() }
    }
}

/// One thread that runs work in order.
@safe
package final class DiskQueue: @unchecked Sendable {
    // Sendable is sound: `work` and `isClosed` are touched between lock and unlock only.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var work: [@Sendable () -> Void] = []
    private var isClosed = false
    /// Written once, before the queue is used.
    private var thread: Thread?

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
        thread = Thread.start(name: "disk") { self.run() }
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `item` on the queue's thread after all that was given before.
    func execute(_ item: @escaping @Sendable () -> Void) {
        unsafe pthread_mutex_lock(mutex)
        work.append(item)
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Ends the thread, no work may follow.
    func close() {
        unsafe pthread_mutex_lock(mutex)
        isClosed = true
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
        thread?.join()
    }

    /// The thread holds the queue until it is closed and empty.
    private func run() {
        while true {
            unsafe pthread_mutex_lock(mutex)
            while work.isEmpty, !isClosed { unsafe pthread_cond_wait(condition, mutex) }
            let items = work
            work = []
            unsafe pthread_mutex_unlock(mutex)
            guard !items.isEmpty else { return }
            for item in items { item() }
        }
    }
}
