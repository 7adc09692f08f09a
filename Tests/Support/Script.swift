// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// What a peer does, on a thread of its own.
package final class Script: Sendable {
    private let outcome = Locked<Result<Void, any Error>?>(nil)
    private let thread: Eventing::Thread

    package init(_ body: @escaping @Sendable () throws -> Void) {
        let outcome = self.outcome
        thread = Eventing::Thread.start(name: "script") {
            let result = Result { try body() }
            outcome.withLock { $0 = result }
        }
    }

    /// Waits: the sockets of scripts have time limits.
    deinit { thread.join() }

    package var isDone: Bool { outcome.withLock { $0 != nil } }

    /// Throws what the script threw.
    package func check() throws {
        try outcome.withLock { $0 }?.get()
    }
}
