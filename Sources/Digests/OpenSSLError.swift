// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
import Octets

/// A failed call of OpenSSL with the reasons it left in its error queue.
package struct OpenSSLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was being done.
    package let operation: String
    /// The reasons, oldest first; may be empty. They never hold key material.
    package let reasons: [String]

    /// Takes all errors out of the queue of this thread (ERR_get_error).
    init(_ operation: String) {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            reasons.append(Self.reason(code))
        }
        self.operation = operation
        self.reasons = reasons
    }

    package var description: String {
        reasons.isEmpty ? "\(operation) failed" : "\(operation) failed: \(reasons.joined(separator: "; "))"
    }

    private static func reason(_ code: UInt) -> String {
        // ERR_error_string_n always ends the text with NUL within the given size.
        let buffer = unsafe [CChar](unsafeUninitializedCapacity: 256) { buffer, count in
            unsafe ERR_error_string_n(code, buffer.baseAddress, buffer.count)
            count = unsafe strnlen(buffer.baseAddress!, buffer.count)
        }
        return String(decoding: buffer.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
