// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A system call or library call that failed, with what was attempted.
package struct EventError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was attempted, in words for an operator: `bind 127.0.0.1:80`.
    package let operation: String
    /// The `errno` value, 0 when the failure is not a system call's.
    package let code: Int32
    /// The cause in words.
    package let reason: String

    package init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
        self.reason = unsafe String(cString: strerror(code))
    }

    package init(operation: String, reason: String) {
        self.operation = operation
        self.code = 0
        self.reason = reason
    }

    /// Whether the address is taken by another socket (`EADDRINUSE`).
    package var isAddressInUse: Bool { code == EADDRINUSE }

    package var description: String { "\(operation): \(reason)" }
}
