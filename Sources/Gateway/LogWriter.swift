// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Glibc

/// Writes log lines from its own thread, so that a slow reader of the log never stops a loop.
///
/// Lines wait in memory up to a bound; beyond it they are dropped and counted, and the count is logged.
@safe
package final class LogWriter: @unchecked Sendable {
    // Sendable is sound: `lines`, `dropped` and `isClosed` are touched between lock and unlock only.
    private static let bound = 4 * 1024 * 1024

    private let descriptor: Int32
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var lines: [UInt8] = []
    private var dropped: UInt64 = 0
    private var isClosed = false
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
        unsafe pthread_cond_init(condition, nil)
        // The thread holds this object until close().
        thread = Thread.start(name: "log") { self.run() }
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Appends one line, line end included.
    package func write(_ line: [UInt8]) {
        unsafe pthread_mutex_lock(mutex)
        if lines.count + line.count <= Self.bound {
            if lines.isEmpty { unsafe pthread_cond_signal(condition) }
            lines.append(contentsOf: line)
        } else {
            dropped += 1
        }
        unsafe pthread_mutex_unlock(mutex)
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
        while true {
            unsafe pthread_mutex_lock(mutex)
            while lines.isEmpty, !isClosed { unsafe pthread_cond_wait(condition, mutex) }
            var batch: [UInt8] = []
            swap(&batch, &lines)
            let lost = dropped
            dropped = 0
            let ends = isClosed
            unsafe pthread_mutex_unlock(mutex)
            writeAll(batch)
            if lost > 0 { writeAll(LogLine.dropped(lost)) }
            if ends, batch.isEmpty { return }
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        var offset = 0
        unsafe bytes.withUnsafeBytes { buffer in
            while offset < buffer.count {
                let count = unsafe Glibc.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
                if count > 0 { offset += count } else if errno != EINTR { return }
            }
        }
    }
}
