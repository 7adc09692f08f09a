// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Appends the value without any white space.
    package func write(to bytes: inout [UInt8]) {
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

extension [UInt8] {
    /// Appends a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
    ///
    /// Escaped are the quote, the backslash and U+0000…U+001F (RFC 8259 section 7); the rest stands as it is.
    package mutating func appendJSONString(_ text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        var plain = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(text.extracting(plain..<index))
                appendJSONEscape(byte)
                index += 1
                plain = index
            } else if byte < 0x80 {
                index += 1
            } else {
                switch UTF8Step(text, at: index) {
                case .scalar(let length):
                    index += length
                case .broken(let length):
                    append(text.extracting(plain..<index))
                    append(replacementCharacter)
                    index += length
                    plain = index
                }
            }
        }
        append(text.extracting(plain..<index))
        append(UInt8(ascii: "\""))
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
