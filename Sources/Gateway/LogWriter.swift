// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Glibc
internal import Octets

/// Writes log lines from its own thread, so that a slow reader of the log never stops a loop.
///
/// A line after a quiet while is written at once. After each write the thread rests and lets lines gather, so that under
/// load a loop wakes it a few hundred times a second rather than for every upload. Lines wait in memory up to a bound;
/// beyond it they are dropped and counted, and the count is logged.
@safe
package final class LogWriter: @unchecked Sendable {
    // Sendable is sound: `lines`, `dropped`, `droppedInAll`, `isClosed` and `sleep` are touched between lock and unlock only.
    static let bound = 4 * 1024 * 1024
    /// So many bytes end a rest early.
    private static let enough = 64 * 1024
    private static let restNanoseconds = 5_000_000

    /// How the thread waits, that is, what wakes it.
    private enum Sleep {
        case not
        /// Until the next line.
        case idle
        /// For a short time, or until lines are many.
        case rest
    }

    private let descriptor: Int32
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var lines = OctetBuffer()
    private var dropped: UInt64 = 0
    private var droppedInAll: UInt64 = 0
    private var isClosed = false
    private var sleep = Sleep.not
    private var thread: Thread?
    /// Whether lines are for people rather than programs.
    package let isText: Bool

    /// - Parameter descriptor: where to write; it is not closed. A terminal gets text, anything else JSON.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
        isText = isatty(descriptor) == 1
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        // The wall clock may step, and a rest with it.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        // The thread holds this object until close().
        thread = Thread.start(name: "log") { self.run() }
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Lines that were dropped so far.
    package var droppedLines: UInt64 {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return droppedInAll + dropped
    }

    /// Appends lines, line ends included; all of them or, where there is no room, none.
    package func write(_ text: Span<UInt8>, lineCount: UInt64 = 1) {
        unsafe pthread_mutex_lock(mutex)
        if lines.count + text.count <= Self.bound { lines.append(text) } else { dropped += lineCount }
        let wakes = sleep == .idle || (sleep == .rest && lines.count >= Self.enough)
        if wakes { sleep = .not }
        unsafe pthread_mutex_unlock(mutex)
        // After the lock, or the thread would wake only to wait for it.
        if wakes { unsafe pthread_cond_signal(condition) }
    }

    /// Writes what is left and ends the thread; no line may follow.
    package func close() {
        unsafe pthread_mutex_lock(mutex)
        isClosed = true
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
        thread?.join()
    }

    private func run() {
        // The two change places with each write, so both keep their room.
        var batch = OctetBuffer()
        while true {
            unsafe pthread_mutex_lock(mutex)
            if !batch.isEmpty { rest() }
            batch.removeAll(keepingAtMost: 4 * Self.enough)
            sleep = .idle
            while lines.isEmpty, dropped == 0, !isClosed { unsafe pthread_cond_wait(condition, mutex) }
            sleep = .not
            swap(&batch, &lines)
            let lost = dropped
            dropped = 0
            droppedInAll += lost
            let ends = isClosed
            unsafe pthread_mutex_unlock(mutex)
            writeAll(batch.span)
            if lost > 0 { writeAll(LogLine.dropped(lost).span) }
            if ends, batch.isEmpty { return }
        }
    }

    /// Waits for more lines to come, with the lock held. Waking early for no reason does no harm.
    private func rest() {
        guard !isClosed, lines.count < Self.enough else { return }
        sleep = .rest
        var until = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &until)
        until.tv_nsec += Self.restNanoseconds
        if until.tv_nsec >= 1_000_000_000 {
            until.tv_sec += 1
            until.tv_nsec -= 1_000_000_000
        }
        _ = unsafe pthread_cond_timedwait(condition, mutex, &until)
    }

    private func writeAll(_ bytes: Span<UInt8>) {
        var offset = 0
        unsafe bytes.withUnsafeBytes { buffer in
            while offset < buffer.count {
                let count = unsafe Glibc.write(
                    descriptor, buffer.baseAddress.unsafelyUnwrapped + offset, buffer.count - offset)
                if count > 0 { offset += count } else if errno != EINTR { return }
            }
        }
    }
}
