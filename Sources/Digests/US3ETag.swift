// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// The ETag of US3, taken in pieces: 32 characters for an object, 28 for a part.
///
/// Of an object it is the URL-safe base64 of its number of 4 MiB blocks, 4 bytes with the lowest first, and of a SHA-1:
/// that of the content where it is no longer than one block, else that of the blocks' own, one after the other (manual
/// of US3, api/authorization.md; utils.go of the Go SDK, Etag.java of the Java SDK). Of a part it is that of its plain
/// SHA-1.
package struct US3ETag: ~Copyable {
    /// The size of a block, and of a part of which an object's ETag can be made.
    package static let blockBytes = 4 << 20

    private var block = SHA1()
    private var filledBytes = 0
    /// Of the blocks that are over, one after the other.
    private var digests: [UInt8] = []

    /// The ETag of nothing so far.
    package init() {}

    /// Takes the next bytes of the object.
    package mutating func update(_ bytes: Span<UInt8>) {
        var start = 0
        while start < bytes.count {
            // A block ends when there is more behind it: the last one may be a full one.
            if filledBytes == Self.blockBytes { endBlock() }
            let count = min(bytes.count - start, Self.blockBytes - filledBytes)
            block.update(bytes.extracting(start..<start + count))
            filledBytes += count
            start += count
        }
    }

    private mutating func endBlock() {
        var full = SHA1()
        swap(&full, &block)
        digests += full.finalize()
        filledBytes = 0
    }

    /// The 32 characters of the object's ETag, without quotes.
    package consuming func finish() -> String {
        let isEmpty = filledBytes == 0
        digests += block.finalize()
        return isEmpty ? Self.text(blocks: 0, hash: digests) : Self.object(ofDigests: digests)
    }

    // MARK: Parts

    /// The 28 characters of a part's ETag, from its SHA-1.
    package static func part(sha1: Span<UInt8>) -> String { Base64.encodeURLSafe(sha1) }

    /// The SHA-1 of a part whose ETag this is, in either alphabet; nil if it is none.
    package static func sha1(ofPart etag: Span<UInt8>) -> [UInt8]? {
        guard etag.count == 28, let digest = Base64.decodeEitherAlphabet(etag), digest.count == 20 else { return nil }
        return digest
    }

    /// The ETag of an object whose parts all have ``blockBytes`` bytes, but for the last, which has as many or fewer.
    ///
    /// - Parameter digests: the SHA-1 of each part, in order; none for an empty object.
    package static func object(ofParts digests: [[UInt8]]) -> String {
        guard !digests.isEmpty else { return US3ETag().finish() }
        return object(ofDigests: digests.flatMap(\.self))
    }

    private static func object(ofDigests digests: [UInt8]) -> String {
        let blocks = digests.count / 20
        return text(blocks: blocks, hash: blocks == 1 ? digests : SHA1.hash(digests.span))
    }

    private static func text(blocks: Int, hash: [UInt8]) -> String {
        let count = UInt32(truncatingIfNeeded: blocks)
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * UInt32($0))) }
        bytes += hash
        return Base64.encodeURLSafe(bytes.span)
    }
}
