// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Octets

/// The number of a request, 12 bytes that are written as 24 upper-case hexadecimal digits: `x-oss-request-id`.
package struct RequestID: Sendable, Hashable {
    /// The first 8 digits.
    package let prefix: UInt32
    /// The other 16 digits.
    package let counter: UInt64

    package init(prefix: UInt32, counter: UInt64) {
        self.prefix = prefix
        self.counter = counter
    }

    /// How many digits it is written with.
    package static let digits = 24

    /// Appends the digits.
    package func append(to bytes: inout OctetBuffer) {
        bytes.append(addingCapacity: Self.digits) { write(to: &$0) }
    }

    /// Appends the digits.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: Self.digits) { write(to: &$0) }
    }

    /// Appends the digits, for which there must be room.
    package func write(to output: inout OutputSpan<UInt8>) {
        output.appendHex(UInt64(prefix), digits: 8, uppercase: true)
        output.appendHex(counter, digits: 16, uppercase: true)
    }

    /// The digits as text; for people and tests, not for the data path.
    package var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(octets: bytes.span)
    }
}

extension RequestID: CustomStringConvertible {
    package var description: String { text }
}
