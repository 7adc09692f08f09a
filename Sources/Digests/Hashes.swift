// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// MD5, taken in pieces (RFC 1321).
package struct MD5: ~Copyable {
    private var digest = MessageDigest(.md5)

    /// The digest of nothing so far.
    package init() {}

    /// Takes the next bytes of the message.
    package mutating func update(_ bytes: Span<UInt8>) { digest.update(bytes) }

    /// The 16 bytes of the digest.
    package consuming func finalize() -> [UInt8] { digest.finalize() }

    /// The 16 bytes of the digest of a whole message.
    package static func hash(_ message: Span<UInt8>) -> [UInt8] {
        var digest = MD5()
        digest.update(message)
        return digest.finalize()
    }
}

/// SHA-1, taken in pieces (FIPS 180-4).
package struct SHA1: ~Copyable {
    private var digest = MessageDigest(.sha1)

    /// The digest of nothing so far.
    package init() {}

    /// Takes the next bytes of the message.
    package mutating func update(_ bytes: Span<UInt8>) { digest.update(bytes) }

    /// The 20 bytes of the digest.
    package consuming func finalize() -> [UInt8] { digest.finalize() }

    /// The 20 bytes of the digest of a whole message.
    package static func hash(_ message: Span<UInt8>) -> [UInt8] {
        var digest = SHA1()
        digest.update(message)
        return digest.finalize()
    }
}

/// SHA-256, taken in pieces (FIPS 180-4).
package struct SHA256: ~Copyable {
    private var digest = MessageDigest(.sha256)

    /// The digest of nothing so far.
    package init() {}

    /// Takes the next bytes of the message.
    package mutating func update(_ bytes: Span<UInt8>) { digest.update(bytes) }

    /// The 32 bytes of the digest.
    package consuming func finalize() -> [UInt8] { digest.finalize() }

    /// The 32 bytes of the digest of a whole message.
    package static func hash(_ message: Span<UInt8>) -> [UInt8] {
        var digest = SHA256()
        digest.update(message)
        return digest.finalize()
    }
}
