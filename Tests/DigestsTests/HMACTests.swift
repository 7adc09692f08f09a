// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

/// HMAC by known answers.
@Suite struct HMACTests {
    struct KnownAnswer: Sendable {
        let key: [UInt8]
        let message: [UInt8]
        let code: String

        init(_ key: [UInt8], _ message: [UInt8], _ code: String) {
            (self.key, self.message, self.code) = (key, message, code)
        }
    }

    static let longKeyText = "Test Using Larger Than Block-Size Key - Hash Key First"
    static let longDataText = """
        This is a test using a larger than block-size key and a larger than block-size data. \
        The key needs to be hashed before being used by the HMAC algorithm.
        """

    /// RFC 4231 section 4, test cases 1–4, 6 and 7.
    static let sha256 = [
        KnownAnswer(
            repeated(0x0B, 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        KnownAnswer(
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        KnownAnswer(
            repeated(0xAA, 20), repeated(0xDD, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        KnownAnswer(
            Array(1...25), repeated(0xCD, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        KnownAnswer(
            repeated(0xAA, 131), Array(longKeyText.utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        KnownAnswer(
            repeated(0xAA, 131), Array(longDataText.utf8),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    /// RFC 2202 section 3, test cases 1–4, 6 and 7.
    static let sha1 = [
        KnownAnswer(repeated(0x0B, 20), Array("Hi There".utf8), "b617318655057264e28bc0b6fb378c8ef146be00"),
        KnownAnswer(
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        KnownAnswer(repeated(0xAA, 20), repeated(0xDD, 50), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
        KnownAnswer(Array(1...25), repeated(0xCD, 50), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"),
        KnownAnswer(repeated(0xAA, 80), Array(longKeyText.utf8), "aa4ae5e15272d00e95705637ce8a3b55ed402112"),
        KnownAnswer(
            repeated(0xAA, 80),
            Array("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data".utf8),
            "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"),
    ]

    @Test(arguments: sha256)
    func `knows the answers of RFC 4231`(vector: KnownAnswer) {
        #expect(hex(HMAC.sha256(key: vector.key.span, message: vector.message.span)) == vector.code)
        let keyed = KeyedHMACSHA256(key: vector.key.span)
        // Twice, because the prepared states must survive a call.
        for _ in 0..<2 {
            var text: [UInt8] = []
            keyed.appendHex(of: vector.message.span, to: &text)
            #expect(String(octets: text.span) == vector.code)
        }
    }

    @Test(arguments: sha256)
    func `knows them too where the beginning of the message was hashed before`(vector: KnownAnswer) {
        let keyed = KeyedHMACSHA256(key: vector.key.span)
        let message = vector.message.span
        for count in 0...message.count {
            let begun = keyed.beginning(with: message.extracting(0..<count))
            #expect(hex(begun.authenticate(message.extracting(count...))) == vector.code)
        }
        // The key itself is as it was.
        #expect(hex(keyed.authenticate(message)) == vector.code)
    }

    @Test(arguments: sha1)
    func `knows the answers of RFC 2202`(vector: KnownAnswer) {
        #expect(hex(HMAC.sha1(key: vector.key.span, message: vector.message.span)) == vector.code)
    }

    @Test func `tells valid codes from others`() {
        let keyed = KeyedHMACSHA256(key: "key".utf8.span)
        var code = keyed.authenticate("message".utf8.span)
        #expect(keyed.isValid(code.span, for: "message".utf8.span) == true)
        #expect(keyed.isValid(code.span, for: "massage".utf8.span) == false)
        #expect(keyed.isValid(code.span.extracting(..<31), for: "message".utf8.span) == false)
        code[31] ^= 1
        #expect(keyed.isValid(code.span, for: "message".utf8.span) == false)
    }

    /// Python: `hmac.new(b"", b"", "sha256").hexdigest()`, and the same with `sha1`.
    @Test func `takes an empty key and an empty message`() {
        let nothing: [UInt8] = []
        #expect(
            hex(HMAC.sha256(key: nothing.span, message: nothing.span))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        #expect(
            hex(HMAC.sha1(key: nothing.span, message: nothing.span))
                == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d")
    }

    @Test func `compares bytes by all of them`() {
        let bytes = Array("abc".utf8)
        #expect(constantTimeEqual(bytes.span, "abc".utf8.span) == true)
        #expect(constantTimeEqual(bytes.span, "abd".utf8.span) == false)
        #expect(constantTimeEqual(bytes.span, "bbc".utf8.span) == false)
        #expect(constantTimeEqual(bytes.span, "ab".utf8.span) == false)
        #expect(constantTimeEqual("".utf8.span, "".utf8.span) == true)
    }

    private static func repeated(_ byte: UInt8, _ count: Int) -> [UInt8] {
        [UInt8](repeating: byte, count: count)
    }
}

@Suite struct KeyedHMACSHA1Tests {
    /// Keys shorter than a block, as long and longer: held against the other implementation, which RFC 2202 vouches for.
    @Test(arguments: [0, 1, 20, 63, 64, 65, 200])
    func `keeps the key for many messages`(length: Int) {
        let key = (0..<length).map { UInt8($0) }
        let keyed = KeyedHMACSHA1(key: key.span)
        for message in ["", "a", String(repeating: "PUT\n\nimage/jpeg\n\n/demobucket/demokey", count: 40)] {
            let code = keyed.code(of: message.utf8.span)
            let expected = HMAC.sha1(key: key.span, message: message.utf8.span)
            #expect(code.indices.map { code[$0] } == expected)
        }
    }
}
