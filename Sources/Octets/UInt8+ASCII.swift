// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
    /// 0…9 for the ASCII digits, otherwise nil.
    @inlinable
    package var decimalDigitValue: UInt8? {
        let value = self &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }

    /// 0…15 for the ASCII hexadecimal digits of either case, otherwise nil.
    @inlinable
    package var hexDigitValue: UInt8? {
        if let value = decimalDigitValue { return value }
        let letter = (self | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }

    /// The byte with A…Z turned into a…z; all others stay.
    @inlinable
    package var asciiLowercased: UInt8 {
        self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
    }
}
