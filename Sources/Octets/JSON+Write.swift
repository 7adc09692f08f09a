// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Appends the value without any white space.
    package func write(to bytes: inout some OctetSink & ~Copyable) {
        switch self {
        case .null: bytes.append("null")
        case .bool(let value): bytes.append(value ? "true" : "false")
        case .number(let text): bytes.append(text)
        case .string(let text): bytes.appendJSONString(text.utf8.span)
        case .array(let elements):
            bytes.append("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(",") }
                element.write(to: &bytes)
            }
            bytes.append("]")
        case .object(let members):
            bytes.append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(",") }
                bytes.appendJSONString(member.key.utf8.span)
                bytes.append(":")
                member.value.write(to: &bytes)
            }
            bytes.append("}")
        }
    }

    /// The value without any white space.
    package var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(octets: bytes.span)
    }
}

extension OctetSink where Self: ~Copyable {
    /// Appends a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
    ///
    /// Escaped are the quote, the backslash and U+0000…U+001F (RFC 8259 section 7); the rest stands as it is.
    @inlinable
    package mutating func appendJSONString(_ text: Span<UInt8>) {
        let plain = text.endOfPlainJSON(from: 0)
        append(addingCapacity: plain &+ 2) { output in
            output.append(UInt8(ascii: "\""))
            output.append(text.extracting(0..<plain))
            if plain == text.count { output.append(UInt8(ascii: "\"")) }
        }
        guard plain < text.count else { return }
        appendJSONRest(of: text, from: plain)
        append(UInt8(ascii: "\""))
    }

    /// Appends what starts with a byte that is not plain.
    @usableFromInline
    mutating func appendJSONRest(of text: Span<UInt8>, from start: Int) {
        var plain = start
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte >= 0x80 {
                switch UTF8Step(text, at: index) {
                case .scalar(let length):
                    index += length
                case .broken(let length):
                    append(text.extracting(plain..<index))
                    append(replacementCharacter)
                    index += length
                    plain = index
                }
            } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(text.extracting(plain..<index))
                appendJSONEscape(byte)
                index += 1
                plain = index
            } else {
                index = text.endOfPlainJSON(from: index)
            }
        }
        append(text.extracting(plain..<index))
    }

    private mutating func appendJSONEscape(_ byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case 0x08: append("b")
        case 0x09: append("t")
        case 0x0A: append("n")
        case 0x0C: append("f")
        case 0x0D: append("r")
        default:
            append("u00")
            append(Hex.digit(byte >> 4, uppercase: false))
            append(Hex.digit(byte & 15, uppercase: false))
        }
    }
}

extension Span<UInt8> {
    /// Where the first byte stands at or after `start` that a JSON string cannot hold as it is, or that is no ASCII;
    /// the count if there is none.
    ///
    /// Looks at eight bytes at a time: in `word - 0x20…` a byte borrows from the one above it only if it is flagged
    /// itself, so the lowest flagged byte is always a true one.
    @usableFromInline
    func endOfPlainJSON(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        let raw = unsafe bytes
        while position < count, count &- start >= 8 {
            // In bounds: position + 8 <= count. The last word may begin among bytes that were seen to be plain.
            position = Swift.min(position, count &- 8)
            let word = UInt64(littleEndian: unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let special = (word &- ones &* 0x20) | (quote &- ones) | (backslash &- ones) | word
            let hits = special & (ones &* 0x80)
            if hits != 0 { return position &+ hits.trailingZeroBitCount &>> 3 }
            position &+= 8
        }
        while position < count {
            let byte = self[position]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { break }
            position &+= 1
        }
        return position
    }
}
