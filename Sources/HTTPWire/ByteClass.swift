// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A set of ASCII bytes as a bit mask, so that a test is two shifts and no memory access.
struct ByteClass: Sendable {
    private let low: UInt64
    private let high: UInt64

    /// Bit `n` of `low` stands for byte `n`, bit `n` of `high` for byte `64 + n`.
    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let half = byte & 0x40 == 0 ? low : high
        return byte < 0x80 && (half &>> UInt64(byte & 0x3F)) & 1 != 0
    }

    /// `tchar` of RFC 9110 §5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
    static let token = ByteClass(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    /// Visible ASCII without `#` (a fragment never travels, RFC 9110 §7.1) and without `%`, which is looked at apart.
    static let target = ByteClass(low: 0xFFFF_FFD6_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF)
    /// What host names hold in practice: letters, digits, `-`, `.`, `_`, `~`. RFC 3986 §3.2.2 would also allow
    /// sub-delimiters and percent-encoding; no DNS name holds those, and a `,` may be two hosts joined by someone.
    static let hostName = ByteClass(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
}

/// Bytes with a meaning in HTTP/1.1.
enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let percent: UInt8 = 0x25
    static let asterisk: UInt8 = 0x2A
    static let comma: UInt8 = 0x2C
    static let period: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let one: UInt8 = 0x31
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let question: UInt8 = 0x3F
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let delete: UInt8 = 0x7F
}

extension UInt8 {
    /// An ASCII letter of either case.
    @inline(__always)
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    /// Space or tab: the optional white space of RFC 9110 §5.6.3.
    @inline(__always)
    var isBlank: Bool { self == Byte.space || self == Byte.tab }

    /// What may stand inside a line: tab, space, visible ASCII and bytes above it (RFC 9110 §5.5).
    @inline(__always)
    var isText: Bool { (self >= Byte.space && self != Byte.delete) || self == Byte.tab }
}
