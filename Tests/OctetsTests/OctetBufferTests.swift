// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

/// The buffer of the data path, beside arrays that are filled with the same calls.
@Suite struct OctetBufferTests {
    // `#expect` copies what it looks into, so counts and texts are taken out first.

    @Test func `starts without memory and grows by doubling`() {
        var buffer = OctetBuffer()
        #expect(sizes(of: buffer) == [0, 0])
        #expect(bytes(of: buffer) == [])
        buffer.append(1)
        let first = buffer.capacity
        for _ in 0..<first { buffer.append(2) }
        #expect(sizes(of: buffer) == [first + 1, 2 * first])
        buffer.reserve(10 * first)
        #expect(sizes(of: buffer)[1] >= 11 * first + 1)
        #expect(bytes(of: buffer) == [1] + Array(repeating: 2, count: first))
    }

    @Test func `keeps its memory when it is emptied, unless there is too much of it`() {
        var buffer = OctetBuffer(capacity: 1000)
        buffer.append("some text")
        buffer.removeAll()
        #expect(sizes(of: buffer) == [0, 1000])
        buffer.removeAll(keepingAtMost: 1000)
        #expect(sizes(of: buffer) == [0, 1000])
        buffer.append("some text")
        buffer.removeAll(keepingAtMost: 999)
        #expect(sizes(of: buffer) == [0, 0])
        buffer.append("more")
        #expect(text(of: buffer) == "more")
    }

    @Test func `drops bytes at either end`() {
        var buffer = OctetBuffer()
        buffer.removeFirst(0)
        buffer.append("0123456789")
        buffer.removeFirst(3)
        buffer.truncate(to: 4)
        #expect(text(of: buffer) == "3456")
        buffer[1] = UInt8(ascii: "x")
        let changed = buffer[1]
        #expect(changed == UInt8(ascii: "x"))
        #expect(text(of: buffer) == "3x56")
        buffer.removeFirst(4)
        #expect(sizes(of: buffer)[0] == 0)
    }

    @Test func `keeps what was written before an error`() {
        struct Full: Error {}
        var buffer = OctetBuffer()
        buffer.append("a")
        var failed = false
        do throws(Full) {
            try buffer.append(addingCapacity: 5) { output throws(Full) in
                output.append(UInt8(ascii: "b"))
                throw Full()
            }
        } catch {
            failed = true
        }
        #expect(failed)
        #expect(text(of: buffer) == "ab")
    }

    @Test func `holds what an array holds after the same calls`() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var buffer = OctetBuffer()
            var array: [UInt8] = []
            var expected: [UInt8] = []
            var generator = SeededGenerator(seed: seed)
            for _ in 0..<Int.random(in: 1...60, using: &generator) {
                let step = Step(using: &generator)
                step.apply(to: &buffer)
                step.apply(to: &array)
                expected += step.reference
                if seed.isMultiple(of: 7), expected.count > 100 {
                    buffer.removeAll()
                    array.removeAll()
                    expected.removeAll()
                }
            }
            // Compared outside: the arrays are too long to be printed.
            let (isSame, isSameArray) = (bytes(of: buffer) == expected, array == expected)
            #expect(isSame && isSameArray, "seed \(seed)")
        }
    }

    @Test func `writes JSON strings whatever stands where`() {
        let special: [UInt8] = [0x00, 0x1F, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0xC3, 0xFF]
        for length in 0...20 {
            let plain = (0..<length).map { UInt8(0x61 + $0) }
            #expect(written(plain) == Step.json(plain))
            for place in 0..<length {
                for byte in special {
                    var text = plain
                    text[place] = byte
                    #expect(written(text) == Step.json(text), "\(text)")
                }
            }
        }
    }

    private func written(_ text: [UInt8]) -> [UInt8] {
        var buffer = OctetBuffer()
        buffer.appendJSONString(text.span)
        return bytes(of: buffer)
    }

    private func sizes(of buffer: borrowing OctetBuffer) -> [Int] { [buffer.count, buffer.capacity] }

    private func text(of buffer: borrowing OctetBuffer) -> String { String(octets: buffer.span) }

    private func bytes(of buffer: borrowing OctetBuffer) -> [UInt8] {
        let span = buffer.span
        return span.indices.map { span[$0] }
    }
}

/// One append, and what it should add according to the standard library or to a loop over single bytes.
private enum Step {
    case byte(UInt8)
    case bytes([UInt8])
    case text(String)
    case literal
    case decimal(UInt64)
    case signed(Int)
    case padded(Int)
    case number(UInt64, digits: Int, uppercase: Bool)
    case hex([UInt8])
    case base64([UInt8])
    case percent([UInt8])
    case json([UInt8])

    init(using generator: inout SeededGenerator) {
        let number = UInt64.random(in: 0...(.max), using: &generator) >> UInt64.random(in: 0..<64, using: &generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: self = .byte(UInt8(truncatingIfNeeded: number))
        case 1: self = .bytes(generator.bytes(upTo: 200))
        case 2: self = .text("größer als \(number)")
        case 3: self = .literal
        case 4: self = .decimal(number)
        case 5: self = .signed(Int(truncatingIfNeeded: number))
        case 6: self = .padded(Int(number % 1_000_000))
        case 7: self = .number(number, digits: 1 + Int(number % 20), uppercase: number.isMultiple(of: 2))
        case 8: self = .hex(generator.bytes(upTo: 40))
        case 9: self = .base64(generator.bytes(upTo: 40))
        case 10: self = .percent(generator.bytes(upTo: 40))
        default: self = .json(generator.bytes(upTo: 40).map { $0 % 5 == 0 ? $0 : 0x20 + $0 % 0x60 })
        }
    }

    func apply(to sink: inout some OctetSink & ~Copyable) {
        switch self {
        case .byte(let byte): sink.append(byte)
        case .bytes(let bytes): bytes.count % 2 == 0 ? sink.append(bytes) : sink.append(bytes[...])
        case .text(let text): sink.append(text)
        case .literal: sink.append("literal\r\n")
        case .decimal(let number): sink.appendDecimal(number)
        case .signed(let number): sink.appendDecimal(number)
        case .padded(let number): sink.appendDecimal(number, width: 4)
        case .number(let number, let digits, let uppercase):
            sink.appendHex(number, minimumDigits: digits, uppercase: uppercase)
        case .hex(let bytes): sink.appendHex(bytes.span)
        case .base64(let bytes): sink.appendBase64(bytes.span)
        case .percent(let bytes): sink.appendPercentEncoded(bytes.span, keeping: .unreserved)
        case .json(let bytes): sink.appendJSONString(bytes.span)
        }
    }

    var reference: [UInt8] {
        switch self {
        case .byte(let byte): [byte]
        case .bytes(let bytes): bytes
        case .text(let text): Array(text.utf8)
        case .literal: Array("literal\r\n".utf8)
        case .decimal(let number): Array(String(number).utf8)
        case .signed(let number): Array(String(number).utf8)
        case .padded(let number): Self.filled(String(number), 4)
        case .number(let number, let digits, let uppercase):
            Self.filled(String(number, radix: 16, uppercase: uppercase), digits)
        case .hex(let bytes): bytes.flatMap { Self.filled(String($0, radix: 16), 2) }
        case .base64(let bytes): Self.base64(bytes)
        case .percent(let bytes):
            bytes.flatMap { byte in
                Self.unreserved.contains(byte)
                    ? [byte] : [0x25] + Self.filled(String(byte, radix: 16, uppercase: true), 2)
            }
        case .json(let bytes): Self.json(bytes)
        }
    }

    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    private static func filled(_ digits: String, _ width: Int) -> [UInt8] {
        Array(repeating: 0x30, count: max(0, width - digits.utf8.count)) + Array(digits.utf8)
    }

    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        let digits = stride(from: 0, to: bits.count, by: 6).map { start in
            (0..<6).reduce(0) { $0 << 1 | (start + $1 < bits.count ? Int(bits[start + $1]) : 0) }
        }
        return digits.map { alphabet[$0] } + Array(repeating: 0x3D, count: (4 - digits.count % 4) % 4)
    }

    /// The standard library decodes broken UTF-8 to the same U+FFFD.
    static func json(_ bytes: [UInt8]) -> [UInt8] {
        let escapes: [UInt8: String] = [
            0x22: "\\\"", 0x5C: "\\\\", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r",
        ]
        let plain = Array(String(decoding: bytes, as: UTF8.self).utf8)
        let inner = plain.flatMap { byte -> [UInt8] in
            if let escape = escapes[byte] { return Array(escape.utf8) }
            return byte < 0x20 ? Array("\\u".utf8) + filled(String(byte, radix: 16), 4) : [byte]
        }
        return [0x22] + inner + [0x22]
    }
}
