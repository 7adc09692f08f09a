// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
private import Octets

/// Bytes nobody can predict (RAND_bytes).
package enum RandomBytes {
    /// So many random bytes.
    package static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            guard let size = Int32(exactly: count) else { preconditionFailure("more than 2 GiB of random bytes") }
            // Without a source of randomness no identifier or key is safe, so there is no way to go on.
            let status = unsafe RAND_bytes(buffer.baseAddress, size)
            precondition(status == 1, "the system has no random bytes")
            filled = count
        }
    }

    /// A random UUID in lower case (RFC 9562 section 5.4: version 4).
    package static func uuid() -> String {
        var bytes = bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, group) in [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].enumerated() {
            if index > 0 { text.append(UInt8(ascii: "-")) }
            text.appendHex(bytes[group].span)
        }
        return String(octets: text.span)
    }
}
