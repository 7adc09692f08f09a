// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Base 16 (RFC 4648 section 8).
package enum Hex {
    /// The bytes that the digits stand for, in either case; nil for an odd count or any other character.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = text[index].hexDigitValue, let low = text[index + 1].hexDigitValue else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    /// Two digits for each byte.
    package static func encode(_ bytes: Span<UInt8>, uppercase: Bool = false) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count * 2)
        result.appendHex(bytes, uppercase: uppercase)
        return String(octets: result.span)
    }

    /// The digit of a value 0…15.
    @inline(__always)
    static func digit(_ value: UInt8, uppercase: Bool) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: uppercase ? "A" : "a") + value - 10
    }
}

extension [UInt8] {
    /// Appends two hexadecimal digits for each byte.
    package mutating func appendHex(_ bytes: Span<UInt8>, uppercase: Bool = false) {
        for index in bytes.indices {
            let byte = bytes[index]
            append(Hex.digit(byte >> 4, uppercase: uppercase))
            append(Hex.digit(byte & 15, uppercase: uppercase))
        }
    }

    /// Appends the number in hexadecimal, filled with zeros on the left up to so many digits.
    package mutating func appendHex(_ value: UInt64, minimumDigits: Int = 1, uppercase: Bool = false) {
        let significant = (UInt64.bitWidth - value.leadingZeroBitCount + 3) / 4
        for place in (0..<Swift.max(significant, minimumDigits)).reversed() {
            append(Hex.digit(UInt8(truncatingIfNeeded: value >> UInt64(4 * place)) & 15, uppercase: uppercase))
        }
    }
}
