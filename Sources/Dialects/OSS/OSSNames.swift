// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// The rules of OSS for the names of buckets and objects (API reference, "Definitions"; "Naming conventions").
package enum OSSNames {
    /// The longest object key, in bytes of UTF-8.
    package static let longestKeyBytes = 1023

    /// Whether a bucket may have that name: 3–63 lower-case letters, digits and hyphens, no hyphen at either end.
    package static func isBucket(_ name: Span<UInt8>) -> Bool {
        guard (3...63).contains(name.count), name[0] != hyphen, name[name.count - 1] != hyphen else { return false }
        for index in name.indices {
            let byte = name[index]
            guard (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == hyphen else { return false }
        }
        return true
    }

    /// What is wrong with an object key; nil if nothing is.
    package static func problem(withKey key: Span<UInt8>) -> VendorError? {
        if key.isEmpty { return VendorError(.invalidObjectName, "The Object name can not be empty.") }
        if key.count > longestKeyBytes {
            return VendorError(.invalidObjectName, "The Length of Object name must be less than 1024.")
        }
        let isValid =
            key[0] != UInt8(ascii: "/") && key[0] != UInt8(ascii: "\\") && String(validating: key) != nil
        return isValid ? nil : VendorError(.invalidObjectName)
    }

    private static let hyphen = UInt8(ascii: "-")
}
