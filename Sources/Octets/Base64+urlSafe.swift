// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The alphabet with `-` and `_` (RFC 4648 section 5), padded: ETags and put policies of US3.
extension Base64 {
    /// Four characters for each three bytes, the last group padded.
    package static func encodeURLSafe(_ bytes: Span<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        result.appendBase64(bytes)
        for index in result.indices {
            switch result[index] {
            case UInt8(ascii: "+"): result[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): result[index] = UInt8(ascii: "_")
            default: break
            }
        }
        return String(octets: result.span)
    }

    /// The bytes that the text stands for in either alphabet; strict as ``decode(_:)`` is.
    package static func decodeEitherAlphabet(_ text: Span<UInt8>) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(text.count)
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case let character: standard.append(character)
            }
        }
        return decode(standard.span)
    }
}

extension OutputSpan<UInt8> {
    /// Appends the bytes in base 64, padded (RFC 4648 section 4); there must be room for them.
    @inlinable
    package mutating func appendBase64(_ bytes: Span<UInt8>) {
        var index = 0
        while index + 2 < bytes.count {
            let bits = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            append(Base64.character(bits >> 18))
            append(Base64.character(bits >> 12))
            append(Base64.character(bits >> 6))
            append(Base64.character(bits))
            index += 3
        }
        guard index < bytes.count else { return }
        let hasSecond = index + 1 < bytes.count
        let bits = UInt32(bytes[index]) << 16 | (hasSecond ? UInt32(bytes[index + 1]) << 8 : 0)
        append(Base64.character(bits >> 18))
        append(Base64.character(bits >> 12))
        append(hasSecond ? Base64.character(bits >> 6) : UInt8(ascii: "="))
        append(UInt8(ascii: "="))
    }
}
