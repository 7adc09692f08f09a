// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A value behind a pthread mutex.
///
/// `Synchronization.Mutex` would do, but its futex code is invisible to ThreadSanitizer on Linux and every use would be
/// reported as a race. Never used on the data path.
@safe
package final class Locked<Value>: @unchecked Sendable {
    // Sendable is sound because every access to `value` happens between lock and unlock.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        let result = unsafe pthread_mutex_init(mutex, nil)
        precondition(result == 0, "a default mutex initialises")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with exclusive access to the value.
    package func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
