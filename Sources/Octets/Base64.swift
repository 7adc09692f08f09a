// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Base 64 with the standard alphabet and with padding (RFC 4648 section 4).
@usableFromInline
package enum Base64 {
    /// The bytes that the text stands for.
    ///
    /// Strict: nil for characters outside of the alphabet (also white space), wrong padding, and bits that the
    /// padding leaves unused but that are not zero (RFC 4648 section 3.5), so that one value has one spelling.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        guard !text.isEmpty else { return [] }
        var padding = 0
        while padding < 2, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        for index in 0..<text.count - padding {
            guard let value = value(of: text[index]) else { return nil }
            bits = bits << 6 | UInt32(value)
            if index % 4 == 3 {
                result.append(UInt8(truncatingIfNeeded: bits >> 16))
                result.append(UInt8(truncatingIfNeeded: bits >> 8))
                result.append(UInt8(truncatingIfNeeded: bits))
                bits = 0
            }
        }
        return appendTail(bits, padding: padding, to: &result) ? result : nil
    }

    /// Four characters for each three bytes, the last group padded.
    package static func encode(_ bytes: Span<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        result.appendBase64(bytes)
        return String(octets: result.span)
    }

    /// The bytes of a padded group; false if its unused bits are not zero.
    private static func appendTail(_ bits: UInt32, padding: Int, to result: inout [UInt8]) -> Bool {
        switch padding {
        case 1:
            result.append(UInt8(truncatingIfNeeded: bits >> 10))
            result.append(UInt8(truncatingIfNeeded: bits >> 2))
            return bits & 0b11 == 0
        case 2:
            result.append(UInt8(truncatingIfNeeded: bits >> 4))
            return bits & 0b1111 == 0
        default:
            return true
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// The character of the lowest six bits.
    @inlinable @inline(__always)
    static func character(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 63)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}

extension OctetSink where Self: ~Copyable {
    /// Appends the bytes in base 64, padded (RFC 4648 section 4).
    @inlinable
    package mutating func appendBase64(_ bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        append(addingCapacity: (bytes.count + 2) / 3 * 4) { $0.appendBase64(bytes) }
    }
}
