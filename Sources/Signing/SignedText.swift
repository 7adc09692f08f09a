// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// The texts behind a signature, for `explain` and for the answers to wrong signatures.
///
/// They hold no secret but may hold a security token.
package struct SignedText: Sendable, Equatable {
    /// V4 only: the canonical request.
    package let canonicalRequest: [UInt8]?
    /// What the signature is an HMAC of.
    package let stringToSign: [UInt8]

    /// The bytes as OSS prints them in `StringToSignBytes`: upper-case pairs, a space after each.
    var stringToSignBytes: String {
        var text: [UInt8] = []
        text.reserveCapacity(stringToSign.count * 3)
        for index in stringToSign.indices {
            text.appendHex(stringToSign.span.extracting(index...index), uppercase: true)
            text.append(UInt8(ascii: " "))
        }
        return String(octets: text.span)
    }
}
