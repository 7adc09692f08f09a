// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Walks through `main; name=value; name="value"`, as forms are written by browsers, curl and libraries.
struct FormParameters {
    /// Where the value in front of the first semicolon stands.
    let main: Range<Int>
    private var position: Int

    init(_ text: Span<UInt8>) {
        var end = 0
        while end < text.count, text[end] != Byte.semicolon { end &+= 1 }
        main = text.trimmed(0..<end)
        position = end
    }

    /// The next parameter; nil after the last. An empty one, as a semicolon at the end makes it, is skipped.
    ///
    /// - Throws: `error` where a name is no token, a quote is not closed or something follows it.
    mutating func next(
        _ text: Span<UInt8>, or error: FormError
    ) throws(FormError) -> (name: Range<Int>, value: [UInt8])? {
        while position < text.count {
            // At a semicolon: that of the constructor or the one that ended the parameter before.
            position &+= 1
            skipBlanks(text)
            guard position < text.count, text[position] != Byte.semicolon else { continue }
            let start = position
            position = text.endOfToken(from: start, to: text.count)
            let name = start..<position
            guard !name.isEmpty, position < text.count, text[position] == Byte.equals else { throw error }
            position &+= 1
            let isQuoted = position < text.count && text[position] == Byte.quote
            let value = isQuoted ? try quoted(text, or: error) : try unquoted(text, or: error)
            skipBlanks(text)
            guard position == text.count || text[position] == Byte.semicolon else { throw error }
            return (name, value)
        }
        return nil
    }

    private mutating func skipBlanks(_ text: Span<UInt8>) {
        while position < text.count, text[position].isBlank { position &+= 1 }
    }

    private mutating func unquoted(_ text: Span<UInt8>, or error: FormError) throws(FormError) -> [UInt8] {
        var value: [UInt8] = []
        while position < text.count, text[position] != Byte.semicolon, !text[position].isBlank {
            guard text[position] != Byte.quote else { throw error }
            value.append(text[position])
            position &+= 1
        }
        guard !value.isEmpty else { throw error }
        return value
    }

    /// What stands between quotes. Two ways to write a quote are in use: `%22`, with `%0D` and `%0A` for line ends and no
    /// other escape (browsers, HTML Standard §4.10.21.8; curl since 7.81; urllib3), and a backslash, which escapes
    /// itself too (curl with --form-escape, Go). Other backslashes and percent signs stand for themselves.
    private mutating func quoted(_ text: Span<UInt8>, or error: FormError) throws(FormError) -> [UInt8] {
        var value: [UInt8] = []
        position &+= 1
        while position < text.count {
            let byte = text[position]
            if byte == Byte.quote {
                position &+= 1
                return value
            }
            if let (escaped, length) = Self.escape(text, at: position) {
                value.append(escaped)
                position &+= length
            } else {
                value.append(byte)
                position &+= 1
            }
        }
        throw error
    }

    private static func escape(_ text: Span<UInt8>, at position: Int) -> (byte: UInt8, length: Int)? {
        switch text[position] {
        case Byte.backslash where position &+ 1 < text.count:
            let next = text[position &+ 1]
            // Browsers do not escape backslashes: one before the only quote that is left ends a name like `dir\`.
            if next == Byte.quote, hasQuote(text, from: position &+ 2) { return (next, 2) }
            return next == Byte.backslash ? (next, 2) : nil
        case Byte.percent where position &+ 2 < text.count:
            switch (text[position &+ 1], text[position &+ 2] | 0x20) {
            case (UInt8(ascii: "2"), UInt8(ascii: "2")): return (Byte.quote, 3)
            case (UInt8(ascii: "0"), UInt8(ascii: "d")): return (Byte.carriageReturn, 3)
            case (UInt8(ascii: "0"), UInt8(ascii: "a")): return (Byte.lineFeed, 3)
            default: return nil
            }
        default: return nil
        }
    }

    private static func hasQuote(_ text: Span<UInt8>, from start: Int) -> Bool {
        var position = start
        while position < text.count {
            if text[position] == Byte.quote { return true }
            position &+= 1
        }
        return false
    }
}
