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
        var position = range.lowerBound &+ 1
        var colons = 0
        while position < range.upperBound, ByteClass.ipv6.contains(bytes[position]) {
            if bytes[position] == Byte.colon { colons &+= 1 }
            position &+= 1
        }
        guard position < range.upperBound, bytes[position] == Byte.closeBracket, (2...7).contains(colons) else {
            return nil
        }
        return position &+ 1
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
