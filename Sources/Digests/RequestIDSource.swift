// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// Numbers requests: 24 upper-case hexadecimal digits, the shape of `x-oss-request-id`.
///
/// Each source starts at 12 random bytes and counts up, so identifiers of one source never repeat, those of two
/// sources practically never meet, and one costs no system call. Loop thread only: every loop has its own.
package final class RequestIDSource {
    private let prefix: UInt32
    private var counter: UInt64

    /// Starts at a random place.
    package convenience init() {
        let seed = RandomBytes.bytes(12)
        self.init(prefix: UInt32(Self.number(seed[..<4])), counter: Self.number(seed[4...]))
    }

    /// Starts at a known place; for tests.
    init(prefix: UInt32, counter: UInt64) {
        self.prefix = prefix
        self.counter = counter
    }

    /// An identifier that this source never gave before.
    package func nextID() -> RequestID {
        counter &+= 1
        return RequestID(prefix: prefix, counter: counter)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

@available(*, unavailable)
extension RequestIDSource: Sendable {}
