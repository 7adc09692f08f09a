// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

/// CRC-64 by known answers.
@Suite struct ChecksumTests {
    struct KnownAnswer: Sendable {
        let dataHex: String
        let crc64: UInt64
        let contentMD5: String
    }

    /// `x-oss-hash-crc64ecma` and `Content-MD5`, computed with the OSS SDKs for Python (oss2 2.19.1 and
    /// alibabacloud-oss-v2 1.4.1); the third is the check value of CRC-64/XZ. The combined value below is from there too.
    static let knownAnswers = [
        KnownAnswer(dataHex: "", crc64: 0, contentMD5: "1B2M2Y8AsgTpgAmY7PhCfg=="),
        KnownAnswer(
            dataHex: "68656c6c6f20776f726c64", crc64: 5_981_764_153_023_615_706, contentMD5: "XrY7u+Ae7tCTyyK7j1rNww=="),
        KnownAnswer(
            dataHex: "313233343536373839", crc64: 11_051_210_869_376_104_954, contentMD5: "JfnnlDI7RTiF9RgfG2JNCw=="),
        KnownAnswer(
            dataHex: "746573740068656c6c6f01776f726c64022103", crc64: 6_745_424_696_046_691_431,
            contentMD5: "jtbwHQPcKSGNtKey0PNv9g=="),
    ]

    @Test(arguments: knownAnswers)
    func `knows the answers of OSS`(vector: KnownAnswer) throws {
        let decoded = Hex.decode(vector.dataHex.utf8.span)
        let data = try #require(decoded)
        #expect(CRC64.checksum(data.span) == vector.crc64)
        #expect(base64(MD5.hash(data.span)) == vector.contentMD5)
        for split in 0...data.count {
            var crc = CRC64()
            crc.update(data.span.extracting(..<split))
            var rest = CRC64(continuing: crc.value)
            rest.update(data.span.extracting(split...))
            #expect(rest.value == vector.crc64)
        }
    }

    @Test func `combines the checksums of OSS`() {
        #expect(
            CRC64.combine(6_745_424_696_046_691_431, 5_981_764_153_023_615_706, secondBytes: 11)
                == 13_027_479_509_578_346_683)
    }

    /// `x-tos-hash-crc64ecma` of these texts, computed with the TOS SDK for Python (tos 2.9.3, `utils.Crc64`), and of the
    /// last one by combining `hello ` and `tos` as it does.
    @Test func `knows the answers of TOS and combines its parts`() {
        let answers: [(String, UInt64)] = [
            ("a", 3_675_645_893_302_102_789), ("abc", 3_231_342_946_509_354_535),
            ("hello tos", 16_138_994_716_692_134_961),
        ]
        for (text, crc64) in answers { #expect(CRC64.checksum(text.utf8.span) == crc64) }
        let (first, second) = (CRC64.checksum("hello ".utf8.span), CRC64.checksum("tos".utf8.span))
        #expect(CRC64.combine(first, second, secondBytes: 3) == 16_138_994_716_692_134_961)
        #expect(CRC64.combine(0, second, secondBytes: 3) == second && CRC64.combine(first, 0, secondBytes: 0) == first)
    }

    @Test func `agrees with a bit by bit computation and combines any two parts`() {
        var random = FixedSeed(state: 11)
        for _ in 0..<60 {
            let data = (0..<Int.random(in: 0...700, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let whole = CRC64.checksum(data.span)
            #expect(whole == Self.bitByBit(data))
            let split = Int.random(in: 0...data.count, using: &random)
            let first = CRC64.checksum(data.span.extracting(..<split))
            let second = CRC64.checksum(data.span.extracting(split...))
            #expect(CRC64.combine(first, second, secondBytes: UInt64(data.count - split)) == whole)
        }
    }

    @Test func `combines lengths beyond 32 bits as it combines their halves`() {
        let (first, second, length): (UInt64, UInt64, UInt64) = (0x1234_5678_9ABC_DEF0, 0x0FED_CBA9_8765_4321, 5 << 30)
        let zeros = CRC64.combine(second, 0, secondBytes: length)
        #expect(
            CRC64.combine(CRC64.combine(first, second, secondBytes: length), 0, secondBytes: length)
                == CRC64.combine(first, zeros, secondBytes: 2 * length))
    }

    /// CRC-64/XZ by its definition: reflected polynomial of ECMA-182, all ones at start and end.
    private static func bitByBit(_ data: [UInt8]) -> UInt64 {
        var crc = ~UInt64(0)
        for byte in data {
            crc ^= UInt64(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xC96C_5795_D787_0F42 : crc >> 1 }
        }
        return ~crc
    }
}

/// A linear congruential generator (Knuth's MMIX constants): the same numbers in every run.
private struct FixedSeed: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 32
    }
}
