// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Names that US3 allows (guide/file/put.md of the US3 manual).
enum US3Names {
    /// In bytes.
    static let longestKeyBytes = 1023

    /// Letters, digits, hyphens and dots: what can stand in front of a host.
    static func isBucket(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                byte.decimalDigitValue != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            }
    }

    /// How US3 refuses a key; nil for a good one. A leading slash is a wrong signature to the live service, because its
    /// front-end takes one away (ufile-gosdk issue 7): it is named here.
    static func problem(withKey key: Span<UInt8>) -> VendorError? {
        guard !key.isEmpty, key.count <= longestKeyBytes else {
            return VendorError.us3(.invalidArgument, "the file name must have 1 to \(longestKeyBytes) bytes")
        }
        guard key[0] != UInt8(ascii: "/"), key[0] != UInt8(ascii: "\\") else {
            return VendorError.us3(.invalidArgument, "the file name must not begin with / or \\")
        }
        guard String(validating: key) != nil else {
            return VendorError.us3(.invalidArgument, "the file name must be UTF-8")
        }
        return nil
    }
}
