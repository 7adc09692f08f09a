// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests
private import Octets

/// The name of a multipart upload: 128 random bits, written as 32 upper-case hexadecimal digits as OSS does.
package struct UploadID: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// From a client; nil if it is none that this store gives out, so that there is no such upload.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ "0123456789ABCDEF".utf8.contains($0) }) else { return nil }
        self.text = text
    }

    /// A new one.
    init() { text = Hex.encode(RandomBytes.bytes(16).span, uppercase: true) }
}
