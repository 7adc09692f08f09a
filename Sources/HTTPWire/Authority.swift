// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Host and optional port as they stand in the Host field or in a target in absolute form.
enum Authority {
    /// Whether the bytes at `range` are a non-empty name, IPv4 or bracketed IPv6 address with an optional port up to
    /// 65535 (RFC 9110 §7.2; user information is not allowed, §4.2.4; a port may be empty, RFC 3986 §3.2.3).
    static func isValid(_ bytes: Span<UInt8>, at range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        let hostEnd =
            bytes[range.lowerBound] == Byte.openBracket ? endOfAddress(bytes, at: range) : endOfName(bytes, at: range)
        guard let hostEnd else { return false }
        if hostEnd == range.upperBound { return true }
        return bytes[hostEnd] == Byte.colon && isPort(bytes, at: hostEnd &+ 1..<range.upperBound)
    }

    private static func endOfName(_ bytes: Span<UInt8>, at range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while position < range.upperBound, ByteClass.hostName.contains(bytes[position]) { position &+= 1 }
        return position > range.lowerBound ? position : nil
    }

    private static func endOfAddress(_ bytes: Span<UInt8>, at range: Range<Int>) -> Int? {
        var bracket = range.lowerBound
        while bracket < range.upperBound, bytes[bracket] != Byte.closeBracket { bracket &+= 1 }
        guard bracket < range.upperBound else { return nil }
        return isIPv6(bytes, at: range.lowerBound &+ 1..<bracket) ? bracket &+ 1 : nil
    }

    /// `IPv6address` of RFC 3986 §3.2.2: eight groups, or fewer around one `::`; the last two may be an IPv4 address.
    private static func isIPv6(_ bytes: Span<UInt8>, at range: Range<Int>) -> Bool {
        var groups = 0
        var position = range.lowerBound
        var hasGap = false
        if startsGap(bytes, at: range) {
            hasGap = true
            position &+= 2
        }
        while position < range.upperBound {
            let start = position
            while position < range.upperBound, bytes[position].hexDigitValue != nil { position &+= 1 }
            if position < range.upperBound, bytes[position] == Byte.period {
                guard isIPv4(bytes, at: start..<range.upperBound) else { return false }
                groups &+= 2
                break
            }
            guard (1...4).contains(position &- start) else { return false }
            groups &+= 1
            guard position < range.upperBound else { break }
            if startsGap(bytes, at: position..<range.upperBound) {
                guard !hasGap else { return false }
                hasGap = true
                position &+= 2
            } else {
                guard bytes[position] == Byte.colon, position &+ 1 < range.upperBound else { return false }
                position &+= 1
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    private static func startsGap(_ bytes: Span<UInt8>, at range: Range<Int>) -> Bool {
        range.count >= 2 && bytes[range.lowerBound] == Byte.colon && bytes[range.lowerBound &+ 1] == Byte.colon
    }

    /// Four numbers up to 255.
    private static func isIPv4(_ bytes: Span<UInt8>, at range: Range<Int>) -> Bool {
        var numbers = 0
        var value = 0
        var digits = 0
        for position in range {
            if let digit = bytes[position].decimalDigitValue {
                value = value &* 10 &+ Int(digit)
                digits &+= 1
                guard digits <= 3, value <= 255 else { return false }
            } else {
                guard bytes[position] == Byte.period, digits > 0 else { return false }
                numbers &+= 1
                (value, digits) = (0, 0)
            }
        }
        return numbers == 3 && digits > 0
    }

    private static func isPort(_ bytes: Span<UInt8>, at range: Range<Int>) -> Bool {
        var port = 0
        for position in range {
            guard let digit = bytes[position].decimalDigitValue else { return false }
            port = port &* 10 &+ Int(digit)
            guard port <= 65535 else { return false }
        }
        return true
    }
}
