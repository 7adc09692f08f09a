// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The ASCII characters that percent-encoding leaves as they are; bytes from 128 on are always encoded.
@usableFromInline
package struct PercentSet: Sendable, Equatable {
    @usableFromInline var low: UInt64 = 0
    @usableFromInline var high: UInt64 = 0

    /// The characters of an ASCII text.
    package init(_ characters: String) {
        for byte in characters.utf8 { insert(byte) }
    }

    /// The set with the characters of an ASCII text added.
    package func adding(_ characters: String) -> PercentSet {
        var result = self
        for byte in characters.utf8 { result.insert(byte) }
        return result
    }

    /// Whether the byte stays as it is.
    @inlinable @inline(__always)
    package func contains(_ byte: UInt8) -> Bool {
        let half = byte & 64 == 0 ? low : high
        return byte < 128 && (half &>> UInt64(byte & 63)) & 1 == 1
    }

    private mutating func insert(_ byte: UInt8) {
        precondition(byte < 128, "only ASCII characters can stay unencoded")
        if byte < 64 { low |= 1 << byte } else { high |= 1 << (byte & 63) }
    }

    /// Letters, digits and `-._~` (RFC 3986 section 2.3).
    package static let unreserved = PercentSet(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    /// The unreserved characters and the slash: the path of an object key.
    package static let unreservedAndSlash = unreserved.adding("/")
}

/// Percent-encoding (RFC 3986 section 2.1).
package enum Percent {
    /// The decoded bytes; nil if a `%` is not followed by two hexadecimal digits.
    ///
    /// - Parameter plusIsSpace: whether `+` stands for a space, as in forms.
    package static func decode(_ text: Span<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < text.count, let high = text[index + 1].hexDigitValue,
                    let low = text[index + 2].hexDigitValue
                else { return nil }
                result.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                result.append(UInt8(ascii: " "))
                index += 1
            case let byte:
                result.append(byte)
                index += 1
            }
        }
        return result
    }

    /// The bytes with all but the kept ones as `%XX`.
    package static func encode(_ bytes: Span<UInt8>, keeping kept: PercentSet = .unreserved) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        result.appendPercentEncoded(bytes, keeping: kept)
        return String(octets: result.span)
    }

    /// The UTF-8 bytes of the text with all but the kept ones as `%XX`.
    package static func encode(_ text: String, keeping kept: PercentSet = .unreserved) -> String {
        encode(text.utf8.span, keeping: kept)
    }
}

extension OctetSink where Self: ~Copyable {
    /// Appends the bytes with all but the kept ones as `%XX`, upper-case digits.
    @inlinable
    package mutating func appendPercentEncoded(_ bytes: Span<UInt8>, keeping kept: PercentSet) {
        if bytes.holdsOnly(kept) { return append(bytes) }
        append(addingCapacity: bytes.count * 3) { output in
            for index in bytes.indices {
                let byte = bytes[index]
                if kept.contains(byte) {
                    output.append(byte)
                } else {
                    output.append(UInt8(ascii: "%"))
                    output.append(Hex.digit(byte >> 4, uppercase: true))
                    output.append(Hex.digit(byte & 15, uppercase: true))
                }
            }
        }
    }
}

extension Span<UInt8> {
    @inlinable @inline(__always)
    func holdsOnly(_ set: PercentSet) -> Bool {
        for index in indices where !set.contains(self[index]) { return false }
        return true
    }
}
