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

    /// The eight digits of a number as a word whose highest byte is the first digit.
    @inline(__always)
    static func digits(_ value: UInt32, uppercase: Bool) -> UInt64 {
        // Four bits into each byte, by halves.
        var nibbles = UInt64(value)
        nibbles = (nibbles | nibbles &<< 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles &<< 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
        return text(nibbles, uppercase: uppercase)
    }

    /// The digits of four bytes, the first of which is the lowest, as a word whose lowest byte is the first digit.
    @inline(__always)
    static func digits(ofBytes value: UInt32, uppercase: Bool) -> UInt64 {
        var bytes = UInt64(value)
        bytes = (bytes | bytes &<< 16) & 0x0000_FFFF_0000_FFFF
        bytes = (bytes | bytes &<< 8) & 0x00FF_00FF_00FF_00FF
        // The upper half of each byte comes first.
        return text((bytes &>> 4 | bytes &<< 8) & 0x0F0F_0F0F_0F0F_0F0F, uppercase: uppercase)
    }

    /// The digits for the numbers 0…15 in the bytes of a word.
    @inline(__always)
    private static func text(_ nibbles: UInt64, uppercase: Bool) -> UInt64 {
        // 1 in each byte that is above 9; no sum leaves its byte.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        let letterOffset = UInt64(uppercase ? UInt8(ascii: "A") : UInt8(ascii: "a")) &- 0x3A
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* letterOffset
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
        if bytes.isEmpty { return }
        append(addingCapacity: bytes.count * 2) { $0.appendHex(bytes, uppercase: uppercase) }
    }

    /// Appends the number in hexadecimal, filled with zeros on the left up to so many digits.
    @inlinable
    package mutating func appendHex(_ value: UInt64, minimumDigits: Int = 1, uppercase: Bool = false) {
        let significant = (UInt64.bitWidth - value.leadingZeroBitCount + 3) / 4
        let digits = Swift.max(significant, minimumDigits)
        append(addingCapacity: digits) { $0.appendHex(value, digits: digits, uppercase: uppercase) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends two hexadecimal digits for each byte, eight digits at a time.
    @usableFromInline
    package mutating func appendHex(_ bytes: Span<UInt8>, uppercase: Bool = false) {
        precondition(bytes.count <= freeCapacity / 2, "there is room for the digits")
        unsafe withUnsafeMutableBufferPointer { room, filled in
            let raw = UnsafeMutableRawBufferPointer(room)
            let source = unsafe bytes.bytes
            var index = 0
            while index &+ 4 <= bytes.count {
                // In bounds: index + 4 <= count, and twice the count fits behind what is filled.
                let word = unsafe source.unsafeLoadUnaligned(fromByteOffset: index, as: UInt32.self)
                let digits = Hex.digits(ofBytes: UInt32(littleEndian: word), uppercase: uppercase)
                unsafe raw.storeBytes(of: digits.littleEndian, toByteOffset: filled, as: UInt64.self)
                filled &+= 8
                index &+= 4
            }
            while index < bytes.count {
                unsafe room[filled] = Hex.digit(bytes[index] >> 4, uppercase: uppercase)
                unsafe room[filled &+ 1] = Hex.digit(bytes[index] & 15, uppercase: uppercase)
                filled &+= 2
                index &+= 1
            }
        }
    }

    /// Appends the lowest so many hexadecimal digits of a number, zeros above its 16.
    @usableFromInline
    package mutating func appendHex(_ value: UInt64, digits: Int, uppercase: Bool) {
        precondition(digits >= 0 && digits <= freeCapacity, "there is room for the digits")
        unsafe withUnsafeMutableBufferPointer { room, filled in
            var rest = value
            var place = filled &+ digits
            while place &- filled >= 8 {
                place &-= 8
                // In bounds: filled <= place, and there is room for eight digits behind it.
                let digits = Hex.digits(UInt32(truncatingIfNeeded: rest), uppercase: uppercase)
                unsafe UnsafeMutableRawBufferPointer(room)
                    .storeBytes(of: digits.bigEndian, toByteOffset: place, as: UInt64.self)
                rest &>>= 32
            }
            while place > filled {
                place &-= 1
                // In bounds: there is room for `digits` bytes behind what is filled.
                unsafe room[place] = Hex.digit(UInt8(truncatingIfNeeded: rest) & 15, uppercase: uppercase)
                rest &>>= 4
            }
            filled &+= digits
        }
    }
}
