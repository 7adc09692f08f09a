// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

/// MD5, SHA-1 and SHA-256 by known answers.
@Suite struct HashTests {
    struct KnownAnswer: Sendable {
        let message: String
        let md5: String
        let sha1: String
        let sha256: String
    }

    /// MD5 of the first four: RFC 1321 appendix A.5. SHA of `abc` and of the text of 56 characters: FIPS 180-4
    /// examples. The others computed with Python's hashlib.
    static let knownAnswers = [
        KnownAnswer(
            message: "", md5: "d41d8cd98f00b204e9800998ecf8427e", sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        KnownAnswer(
            message: "abc", md5: "900150983cd24fb0d6963f7d28e17f72", sha1: "a9993e364706816aba3e25717850c26c9cd0d89d",
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        KnownAnswer(
            message: "message digest", md5: "f96b697d7cb7938d525a2f31aaf161d0",
            sha1: "c12252ceda8be8994d5fa0290a47231c1d16aae3",
            sha256: "f7846f55cf23e14eebeab5b4e1550cad5b509e3348fbc4efa3a1413d393cb650"),
        KnownAnswer(
            message: "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            md5: "57edf4a22be3c955ac49da2e2107b67a", sha1: "50abf5706a150990a08b2c5ea40fa0e585554732",
            sha256: "f371bc4a311f2b009eef952dd83ca80e2b60026c8e935592d0f9c308453c813e"),
        KnownAnswer(
            message: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            md5: "8215ef0796a20bcaaae116d3876c664a", sha1: "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ]

    @Test(arguments: knownAnswers)
    func `knows the answer`(vector: KnownAnswer) {
        let message = vector.message.utf8.span
        #expect(hex(MD5.hash(message)) == vector.md5)
        #expect(hex(SHA1.hash(message)) == vector.sha1)
        #expect(hex(SHA256.hash(message)) == vector.sha256)
    }

    /// FIPS 180-4 examples: one million times `a`.
    @Test func `hashes a million letters in pieces of changing size`() {
        let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
        var md5 = MD5()
        var sha1 = SHA1()
        var sha256 = SHA256()
        var rest = 1_000_000
        var piece = 1
        while rest > 0 {
            let count = min(piece, rest)
            md5.update(letters.span.extracting(..<count))
            sha1.update(letters.span.extracting(..<count))
            sha256.update(letters.span.extracting(..<count))
            rest -= count
            piece = piece % 1000 + 1
        }
        #expect(hex(md5.finalize()) == "7707d6ae4e027c70eea2a935c2296f21")
        #expect(hex(sha1.finalize()) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        #expect(
            hex(sha256.finalize()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `takes empty pieces`() {
        var digest = MD5()
        digest.update("".utf8.span)
        digest.update("abc".utf8.span)
        digest.update("".utf8.span)
        #expect(hex(digest.finalize()) == "900150983cd24fb0d6963f7d28e17f72")
    }
}
