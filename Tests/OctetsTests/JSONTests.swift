// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

/// The JSON reader and writer.
@Suite struct JSONTests {
    /// Texts that RFC 8259 allows, in the manner of the cases `y_…` of JSONTestSuite, with what they become in the
    /// writer's spelling.
    static let accepted: [(text: String, written: String)] = [
        ("null", "null"), (" true ", "true"), ("false\r\n\t", "false"), ("\"\"", "\"\""), ("[]", "[]"), ("{}", "{}"),
        ("[ ]", "[]"), ("{ }", "{}"), ("[[]   ]", "[[]]"), ("0", "0"), ("-0", "-0"), ("-1", "-1"), ("1E400", "1E400"),
        ("[1.5e+3,1e-2,0e1,123.456e78]", "[1.5e+3,1e-2,0e1,123.456e78]"), ("20e1", "20e1"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"), ("{\"\":0}", "{\"\":0}"),
        (" { \"a\" : [ 1 , { \"b\" : null } ] , \"c\" : \"d\" } ", "{\"a\":[1,{\"b\":null}],\"c\":\"d\"}"),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""), ("\"\\u0041\\u00e9\"", "\"Aé\""),
        ("\"\\u0000\\u001F\\u007f\"", "\"\\u0000\\u001f\u{7F}\""), ("\"\\uD83D\\uDE00\"", "\"😀\""),
        ("\"\\uDBFF\\uDFFF\\uD800\\uDC00\"", "\"\u{10FFFF}\u{10000}\""), ("\"\\uFFFF\\uFFFE\"", "\"\u{FFFF}\u{FFFE}\""),
        ("\"\u{7F}\u{2028}\u{FEFF}中\"", "\"\u{7F}\u{2028}\u{FEFF}中\""), ("\"\\\\u0041\"", "\"\\\\u0041\""),
        ("[1,null,\"\",[],{}]", "[1,null,\"\",[],{}]"),
    ]

    @Test(arguments: accepted)
    func `accepts`(text: String, written: String) throws {
        let value = try JSON.parse(text.utf8.span)
        #expect(value.text == written)
        #expect(try JSON.parse(written.utf8.span) == value)
    }

    /// Texts that RFC 8259 does not allow, in the manner of the cases `n_…` of JSONTestSuite.
    static let refused: [(text: String, code: JSONError.Code, offset: Int)] = [
        ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("\u{FEFF}{}", .byteOrderMark, 0),
        ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("{", .unexpectedEnd, 1),
        ("{\"a\"", .unexpectedEnd, 4), ("{\"a\":", .unexpectedEnd, 5), ("{\"a\":1", .unexpectedEnd, 6),
        ("\"", .unexpectedEnd, 1), ("\"a", .unexpectedEnd, 2), ("\"\\", .unexpectedEnd, 2), ("tru", .unexpectedEnd, 3),
        ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1), ("[1,,2]", .unexpectedByte, 3),
        ("[1 2]", .unexpectedByte, 3), ("[1}", .unexpectedByte, 2), ("{\"a\":1]", .unexpectedByte, 6),
        ("{,}", .unexpectedByte, 1), ("{\"a\":1,}", .unexpectedByte, 7), ("{a:1}", .unexpectedByte, 1),
        ("{'a':1}", .unexpectedByte, 1), ("{1:1}", .unexpectedByte, 1), ("{\"a\" 1}", .unexpectedByte, 5),
        ("{\"a\"::1}", .unexpectedByte, 5), ("{\"a\",\"b\"}", .unexpectedByte, 4),
        ("{\"a\":1 \"b\":2}", .unexpectedByte, 7),
        ("]", .unexpectedByte, 0), ("True", .unexpectedByte, 0), ("nul1", .unexpectedByte, 3),
        ("NaN", .unexpectedByte, 0),
        ("Infinity", .unexpectedByte, 0), ("+1", .unexpectedByte, 0), (".5", .unexpectedByte, 0),
        ("'a'", .unexpectedByte, 0),
        ("/**/1", .unexpectedByte, 0), ("\u{0C}1", .unexpectedByte, 0), ("\u{A0}1", .unexpectedByte, 0),
        ("1 1", .trailingData, 2), ("{}}", .trailingData, 2), ("[]//", .trailingData, 2), ("truee", .trailingData, 4),
        ("1\0", .trailingData, 1), ("\"a\"b", .trailingData, 3), ("0x1", .trailingData, 1), ("1_000", .trailingData, 1),
        ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2), ("00", .invalidNumber, 1), ("-", .unexpectedEnd, 1),
        ("-a", .invalidNumber, 1), ("--1", .invalidNumber, 1), ("1.", .unexpectedEnd, 2), ("1.a", .invalidNumber, 2),
        ("1.e1", .invalidNumber, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
        ("1e+-1", .invalidNumber, 3),
        ("-Infinity", .invalidNumber, 1), ("[1e,]", .invalidNumber, 3),
        ("\"\\a\"", .invalidEscape, 1), ("\"\\x41\"", .invalidEscape, 1), ("\"\\u00g0\"", .invalidEscape, 1),
        ("\"\\U0041\"", .invalidEscape, 1), ("\"\\u 041\"", .invalidEscape, 1), ("\"\\u004\"", .invalidEscape, 1),
        ("\"\\ud800\"", .loneSurrogate, 1), ("\"a\\udc00\"", .loneSurrogate, 2), ("\"\\ud800\\n\"", .loneSurrogate, 1),
        ("\"\\ud800\\ud800\"", .loneSurrogate, 1), ("\"\\ud800\\u0041\"", .loneSurrogate, 1),
        ("\"\\ud800abc\"", .loneSurrogate, 1), ("\"\\ud800\\uD\"", .invalidEscape, 1),
        ("\"a\nb\"", .controlCharacter, 2), ("\"\t\"", .controlCharacter, 1), ("\"\0\"", .controlCharacter, 1),
        ("\"\\n\u{1F}\"", .controlCharacter, 3),
    ]

    @Test(arguments: refused)
    func `refuses`(text: String, code: JSONError.Code, offset: Int) {
        #expect(throws: JSONError(code: code, offset: offset)) { try JSON.parse(text.utf8.span) }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3], [0xE4, 0xB8], [0x80],
        ] as [[UInt8]])
    func `refuses strings that are not UTF-8, with and without an escape in them`(wrong: [UInt8]) {
        for escape in ["", "\\n", "\\u0080"] {
            let text = Array("[\"".utf8) + wrong + Array("\(escape)\"]".utf8)
            #expect(throws: JSONError(code: .invalidUTF8, offset: 1)) { try JSON.parse(text.span) }
        }
    }

    @Test func `limits the depth and survives text that only opens`() throws {
        let opening = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError(code: .tooDeep, offset: 64)) { try JSON.parse(opening.span) }
        let objects = Array(String(repeating: "{\"a\":", count: 100_000).utf8)
        #expect(throws: JSONError(code: .tooDeep, offset: 64 * 5)) { try JSON.parse(objects.span) }
        #expect(throws: JSONError(code: .tooDeep, offset: 0)) { try JSON.parse("[]".utf8.span, maximumDepth: 0) }
        let allowed = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try JSON.parse(allowed.utf8.span, maximumDepth: 512).text == allowed)
    }

    @Test func `finds members by their exact name, the last one first`() throws {
        let value = try JSON.parse("{\"a\":1,\"b\":\"x\",\"a\":2,\"\u{E9}\":true}".utf8.span)
        #expect(value["a"] == .number("2") && value["a"]?.integerValue == 2)
        #expect(value["b"]?.stringValue == "x" && value["b"]?.integerValue == nil)
        #expect(value["\u{E9}"]?.boolValue == true)
        // The same letter spelt with a combining accent is another name.
        #expect(value["e\u{301}"] == nil)
        #expect(value["c"] == nil && JSON.null["a"] == nil && JSON.array([value])["a"] == nil)
        #expect(value.objectValue?.map(\.key) == ["a", "b", "a", "\u{E9}"])
        #expect(JSON.string("\u{E9}") != .string("e\u{301}") && JSON.number("1") != .number("1.0"))
    }

    @Test func `reads back what it writes, for random values`() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            let value = Self.randomValue(depth: 4, &random)
            #expect(try JSON.parse(value.text.utf8.span) == value)
        }
    }

    @Test func `answers any bytes with a value or an error`() {
        var random = SeededGenerator(seed: 6)
        let pool = Array("{}[]\",:\\u0129eE+-.truefalsn \u{E9}\n".utf8)
        var values = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in pool.randomElement(using: &random) ?? 0 }
            guard let value = try? JSON.parse(text.span) else { continue }
            values += 1
            #expect((try? JSON.parse(value.text.utf8.span)) == value)
        }
        #expect(values > 50)
    }

    private static func randomValue(depth: Int, _ random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(Int.random(in: .min ... .max, using: &random))
        case 3: return .string(randomText(&random))
        case 4:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in randomValue(depth: depth - 1, &random) })
        default:
            return .object(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    (randomText(&random), randomValue(depth: depth - 1, &random))
                })
        }
    }

    private static func randomText(_ random: inout SeededGenerator) -> String {
        let ranges: [ClosedRange<UInt32>] = [0...0x7F, 0...0x1F, 0x20...0x7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF]
        let scalars = (0..<Int.random(in: 0...10, using: &random)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: ranges.randomElement(using: &random) ?? 0...0x7F, using: &random))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
