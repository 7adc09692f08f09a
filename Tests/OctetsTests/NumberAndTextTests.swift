// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

/// Decimal numbers, ASCII letters and UTF-8.
@Suite struct NumberAndTextTests {
    @Test func `writes every size of number`() {
        var bytes: [UInt8] = []
        for value: UInt64 in [0, 9, 10, 1_234_567_890, .max] {
            bytes.appendDecimal(value)
            bytes.append(" ")
        }
        for value in [0, -1, 42, Int.min, Int.max] {
            bytes.appendDecimal(value)
            bytes.append(" ")
        }
        #expect(
            String(octets: bytes.span)
                == "0 9 10 1234567890 18446744073709551615 0 -1 42 -9223372036854775808 9223372036854775807 ")
    }

    @Test func `reads decimal numbers strictly`() {
        #expect(UInt64(decimal: "0".utf8.span) == 0)
        #expect(UInt64(decimal: "007".utf8.span) == 7)
        #expect(UInt64(decimal: "18446744073709551615".utf8.span) == .max)
        for text in ["", "18446744073709551616", "99999999999999999999", "+5", "-5", " 5", "5 ", "0x5", "5a", "٥"] {
            #expect(UInt64(decimal: text.utf8.span) == nil, "\(text)")
        }
    }

    @Test func `lowers ASCII letters only`() {
        for byte in UInt8.min...UInt8.max {
            let expected = (65...90).contains(byte) ? byte + 32 : byte
            #expect(byte.asciiLowercased == expected)
        }
    }

    @Test func `validates UTF-8 or replaces what is none`() {
        #expect(String(validating: "a中😀".utf8.span) == "a中😀")
        #expect(String(validating: "".utf8.span) == "")
        let wrong: [[UInt8]] = [
            [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
            [0xF0, 0x9F, 0x98],
        ]
        for bytes in wrong {
            #expect(String(validating: bytes.span) == nil)
            #expect(String(octets: (bytes + [0x41]).span).hasSuffix("\u{FFFD}A"))
        }
    }

    /// The standard library decodes with the same rule of maximal subparts, so it is the reference here.
    @Test func `replaces broken UTF-8 in JSON and XML as the standard library does`() {
        var random = SeededGenerator(seed: 3)
        let pool: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xF0, 0xF1, 0xF4,
            0xF5, 0xFF,
        ]
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...8, using: &random)).map { _ in pool.randomElement(using: &random) ?? 0 }
            let expected = String(decoding: bytes, as: UTF8.self)
            var json: [UInt8] = []
            json.appendJSONString(bytes.span)
            #expect(json == Array("\"\(expected)\"".utf8), "\(bytes)")
            var xml: [UInt8] = []
            xml.appendXMLText(bytes.span)
            #expect(xml == Array(expected.utf8), "\(bytes)")
        }
    }
}
