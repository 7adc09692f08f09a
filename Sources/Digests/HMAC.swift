// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL

/// Keyed hashing of whole messages (RFC 2104).
package enum HMAC {
    /// The 32 bytes of HMAC-SHA-256.
    package static func sha256(key: Span<UInt8>, message: Span<UInt8>) -> [UInt8] {
        KeyedHMACSHA256(key: key).authenticate(message)
    }

    /// The 20 bytes of HMAC-SHA-1.
    package static func sha1(key: Span<UInt8>, message: Span<UInt8>) -> [UInt8] {
        let key = HMACKey.block(key) { SHA1.hash($0) }
        var inner = SHA1()
        inner.update(HMACKey.masked(key, with: HMACKey.innerPad).span)
        inner.update(message)
        var outer = SHA1()
        outer.update(HMACKey.masked(key, with: HMACKey.outerPad).span)
        outer.update(inner.finalize().span)
        return outer.finalize()
    }
}

/// What RFC 2104 section 2 does with keys of digests whose block is 64 bytes: MD5, SHA-1, SHA-256.
enum HMACKey {
    static let blockBytes = 64
    static let innerPad: UInt8 = 0x36
    static let outerPad: UInt8 = 0x5C

    /// The key as one block: hashed when it is longer, then filled up with zeros.
    static func block(_ key: Span<UInt8>, hash: (Span<UInt8>) -> [UInt8]) -> [UInt8] {
        var block: [UInt8] = []
        if key.count > blockBytes {
            block = hash(key)
        } else {
            unsafe key.withUnsafeBufferPointer { unsafe block.append(contentsOf: $0) }
        }
        block.append(contentsOf: repeatElement(0, count: blockBytes - block.count))
        return block
    }

    static func masked(_ block: [UInt8], with pad: UInt8) -> [UInt8] {
        block.map { $0 ^ pad }
    }
}
