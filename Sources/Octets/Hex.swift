// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Base 16 (RFC 4648 section 8).
@usableFromInline
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
    @inlinable @inline(__always)
    static func digit(_ value: UInt8, uppercase: Bool) -> UInt8 {
        let letter = UInt8(ascii: uppercase ? "A" : "a") &- 10
        return value &+ (value < 10 ? UInt8(ascii: "0") : letter)
    }
}

extension OctetSink where Self: ~Copyable {
    /// Appends two hexadecimal digits for each byte.
    @inlinable
    package mutating func appendHex(_ bytes: Span<UInt8>, uppercase: Bool = false) {
        append(addingCapacity: bytes.count * 2) { output in
            for index in bytes.indices {
                let byte = bytes[index]
                output.append(Hex.digit(byte >> 4, uppercase: uppercase))
                output.append(Hex.digit(byte & 15, uppercase: uppercase))
            }
        }
    }

    /// Appends the number in hexadecimal, filled with zeros on the left up to so many digits.
    @inlinable
    package mutating func appendHex(_ value: UInt64, minimumDigits: Int = 1, uppercase: Bool = false) {
        let significant = (UInt64.bitWidth - value.leadingZeroBitCount + 3) / 4
        let digits = Swift.max(significant, minimumDigits)
        append(addingCapacity: digits) { output in
            var shift = UInt64(4 * digits)
            for _ in 0..<digits {
                shift &-= 4
                output.append(Hex.digit(UInt8(truncatingIfNeeded: value >> shift) & 15, uppercase: uppercase))
            }
        }
    }
}
