// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Reads dates of fixed width from left to right; each method moves on only if it found what was asked for.
struct DateScanner {
    /// Hour, minute and second as written, not yet checked.
    typealias Clock = (hour: Int, minute: Int, second: Int)

    private(set) var position = 0

    /// Reads exactly so many digits.
    mutating func number(_ digits: Int, _ text: Span<UInt8>) -> Int? {
        guard position + digits <= text.count else { return nil }
        var value = 0
        for index in position..<position + digits {
            guard let digit = text[index].decimalDigitValue else { return nil }
            value = value * 10 + Int(digit)
        }
        position += digits
        return value
    }

    /// Steps over exactly this text.
    mutating func skip(_ expected: StaticString, _ text: Span<UInt8>) -> Bool {
        let wanted = expected.octets
        guard position + wanted.count <= text.count else { return false }
        for index in wanted.indices where text[position + index] != wanted[index] { return false }
        position += wanted.count
        return true
    }

    /// Reads one of the names and says which.
    mutating func name(in names: [StaticString], _ text: Span<UInt8>) -> Int? {
        for (index, name) in names.enumerated() where skip(name, text) { return index }
        return nil
    }

    /// Reads `HH:MM:SS`.
    mutating func clock(_ text: Span<UInt8>) -> Clock? {
        guard let hour = number(2, text), skip(":", text), let minute = number(2, text), skip(":", text),
            let second = number(2, text)
        else { return nil }
        return (hour, minute, second)
    }
}
