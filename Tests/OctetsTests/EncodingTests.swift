// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

/// Hex, base 64 and percent-encoding.
@Suite struct EncodingTests {
    /// RFC 4648 section 10.
    static let base64: [(plain: String, encoded: String)] = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test(arguments: base64)
    func `writes and reads the base 64 of RFC 4648`(plain: String, encoded: String) {
        #expect(Base64.encode(plain.utf8.span) == encoded)
        #expect(Base64.decode(encoded.utf8.span) == Array(plain.utf8))
    }

    @Test func `uses every character of the alphabet`() throws {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let decoded = Base64.decode(alphabet.utf8.span)
        let bytes = try #require(decoded)
        #expect(bytes.count == 48)
        #expect(bytes.prefix(3) == [0x00, 0x10, 0x83] && bytes.suffix(3) == [0xF3, 0xDF, 0xBF][...])
        #expect(Base64.encode(bytes.span) == alphabet)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Zg=v", "Zm9v\n", " Zm9v", "Zm 9", "Zm-_", "Zh==",
        "Zm9=",
        "Zm9v=", "Zm8==", "Zmé",
    ])
    func `refuses base 64 that is not exact`(text: String) {
        #expect(Base64.decode(text.utf8.span) == nil)
    }

    @Test func `writes hex in both cases and reads any`() {
        let bytes: [UInt8] = [0x00, 0x0F, 0xA9, 0xFF]
        #expect(Hex.encode(bytes.span) == "000fa9ff")
        #expect(Hex.encode(bytes.span, uppercase: true) == "000FA9FF")
        #expect(Hex.decode("000fA9fF".utf8.span) == bytes)
        #expect(Hex.decode("".utf8.span) == [])
    }

    @Test(arguments: ["0", "000", "0g", "g0", "0x", "+1", " 1", "@1", "`1", ":1", "/1"])
    func `refuses hex that is none`(text: String) {
        #expect(Hex.decode(text.utf8.span) == nil)
    }

    @Test(
        arguments: [
            (0, 1, "0"), (0, 4, "0000"), (15, 1, "f"), (16, 1, "10"), (0xABC, 2, "abc"), (0xABC, 6, "000abc"),
            (.max, 1, "ffffffffffffffff"),
        ] as [(UInt64, Int, String)])
    func `writes numbers in hex`(value: UInt64, minimumDigits: Int, expected: String) {
        var bytes: [UInt8] = []
        bytes.appendHex(value, minimumDigits: minimumDigits)
        #expect(String(octets: bytes.span) == expected)
    }

    @Test func `keeps exactly the unreserved characters`() {
        let all = (0...255).map { UInt8($0) }
        let kept = all.filter { PercentSet.unreserved.contains($0) }
        #expect(
            String(octets: kept.span) == "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~")
        #expect(all.filter { PercentSet.unreservedAndSlash.contains($0) }.count == kept.count + 1)
        #expect(Percent.encode("a/b c+中~*'()!".utf8.span) == "a%2Fb%20c%2B%E4%B8%AD~%2A%27%28%29%21")
        #expect(Percent.encode("dir/a b+c", keeping: .unreservedAndSlash) == "dir/a%20b%2Bc")
    }

    @Test func `decodes percent sequences once and plus only where asked`() {
        #expect(Percent.decode("a%2fb%2Fc%25+%00".utf8.span) == Array("a/b/c%+\0".utf8))
        #expect(Percent.decode("a+b%2B".utf8.span, plusIsSpace: true) == Array("a b+".utf8))
        #expect(Percent.decode("%E4%B8%AD".utf8.span) == Array("中".utf8))
    }

    @Test(arguments: ["%", "%2", "a%", "%g0", "%0g", "%%20", "% 20", "%+1"])
    func `refuses a percent sign without two hex digits`(text: String) {
        #expect(Percent.decode(text.utf8.span) == nil)
    }

    @Test func `gives back any bytes after writing and reading`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let bytes = random.bytes(upTo: 70)
            #expect(Hex.decode(Hex.encode(bytes.span).utf8.span) == bytes)
            #expect(Base64.decode(Base64.encode(bytes.span).utf8.span) == bytes)
            #expect(Percent.decode(Percent.encode(bytes.span).utf8.span) == bytes)
            #expect(Percent.decode(Percent.encode(bytes.span).utf8.span, plusIsSpace: true) == bytes)
        }
    }

    @Test func `reads base 64 of random text only if it writes the same text`() {
        var random = SeededGenerator(seed: 2)
        let characters = Array("AQgw/+=aZ9 ".utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            let text = (0..<8).map { _ in characters.randomElement(using: &random) ?? 0 }
            guard let bytes = Base64.decode(text.span) else { continue }
            accepted += 1
            #expect(Base64.encode(bytes.span) == String(octets: text.span))
        }
        #expect(accepted > 100)
    }
}
