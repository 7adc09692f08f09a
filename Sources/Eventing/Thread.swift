// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// A POSIX thread that runs one function; joined or left alone, never cancelled.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Starts a thread with all signals blocked, so that the main thread alone receives them.
    ///
    /// - Parameter name: at most 15 bytes, shown by `top -H` and debuggers.
    @discardableResult
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Thread {
        var blocked = sigset_t()
        var previous = sigset_t()
        unsafe sigfillset(&blocked)
        unsafe pthread_sigmask(SIG_BLOCK, &blocked, &previous)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }
        let box = Box(name: name, body: body)
        var handle = pthread_t()
        // Retained here, released by the thread when it takes the box over.
        let context = unsafe Unmanaged.passRetained(box).toOpaque()
        let result = unsafe pthread_create(
            &handle, nil,
            { context in
                let box = unsafe Unmanaged<Box>.fromOpaque(context.unsafelyUnwrapped).takeRetainedValue()
                unsafe pb_thread_set_name(box.name)
                box.body()
                return nil
            }, context)
        precondition(result == 0, "the system has room for a thread")
        return Thread(handle: handle)
    }

    private init(handle: pthread_t) { self.handle = handle }

    /// Waits until the thread ended; once for each thread.
    package func join() {
        pthread_join(handle, nil)
    }

    private final class Box: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
