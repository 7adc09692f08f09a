// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Reads the tokens of JSON from left to right; the text is passed along because a span cannot be stored.
struct JSONScanner {
    private(set) var position = 0

    func error(_ code: JSONError.Code) -> JSONError {
        JSONError(code: code, offset: position)
    }

    func peek(_ text: Span<UInt8>) throws(JSONError) -> UInt8 {
        guard position < text.count else { throw error(.unexpectedEnd) }
        return text[position]
    }

    mutating func advance() {
        position += 1
    }

    /// Steps over the byte if it comes next.
    mutating func take(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    /// White space of JSON: space, tab, line feed, carriage return.
    mutating func skipSpace(_ text: Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    mutating func word(_ word: String, meaning value: JSON, _ text: Span<UInt8>) throws(JSONError) -> JSON {
        for byte in word.utf8 {
            guard try peek(text) == byte else { throw error(.unexpectedByte) }
            position += 1
        }
        return value
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, returned as written.
    mutating func number(_ text: Span<UInt8>) throws(JSONError) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"), text)
        if take(UInt8(ascii: "0"), text) {
            if position < text.count, text[position].decimalDigitValue != nil { throw error(.invalidNumber) }
        } else {
            try digits(text)
        }
        if take(UInt8(ascii: "."), text) { try digits(text) }
        if take(UInt8(ascii: "e"), text) || take(UInt8(ascii: "E"), text) {
            if !take(UInt8(ascii: "+"), text) { _ = take(UInt8(ascii: "-"), text) }
            try digits(text)
        }
        return String(octets: text.extracting(start..<position))
    }

    /// A string with its quotes; the position is at the opening one.
    mutating func string(_ text: Span<UInt8>) throws(JSONError) -> String {
        let start = position
        position += 1
        try skipPlain(text)
        if text[position] == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try validated(text.extracting(start + 1..<position), from: start)
        }
        var content: [UInt8] = []
        content.append(text.extracting(start + 1..<position))
        while !take(UInt8(ascii: "\""), text) {
            try escape(text, to: &content)
            let plain = position
            try skipPlain(text)
            content.append(text.extracting(plain..<position))
        }
        return try validated(content.span, from: start)
    }

    private func validated(_ content: Span<UInt8>, from start: Int) throws(JSONError) -> String {
        guard let string = String(validating: content) else { throw JSONError(code: .invalidUTF8, offset: start) }
        return string
    }

    /// Moves to the next quote or backslash.
    private mutating func skipPlain(_ text: Span<UInt8>) throws(JSONError) {
        while true {
            let byte = try peek(text)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            if byte < 0x20 { throw error(.controlCharacter) }
            position += 1
        }
    }

    private mutating func escape(_ text: Span<UInt8>, to content: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        let letter = try peek(text)
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: String(try scalar(text, from: start)).utf8)
        default: throw JSONError(code: .invalidEscape, offset: start)
        }
    }

    /// The character of one `\u` with four digits, or of two that form a surrogate pair; the position is behind the
    /// first `\u`.
    private mutating func scalar(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits(text, from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard 0xD800...0xDBFF ~= first, take(UInt8(ascii: "\\"), text), take(UInt8(ascii: "u"), text) else {
            throw JSONError(code: .loneSurrogate, offset: start)
        }
        let second = try fourHexDigits(text, from: start)
        guard 0xDC00...0xDFFF ~= second,
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError(code: .loneSurrogate, offset: start) }
        return scalar
    }

    private mutating func fourHexDigits(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = try peek(text).hexDigitValue else {
                throw JSONError(code: .invalidEscape, offset: start)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// One digit or more.
    private mutating func digits(_ text: Span<UInt8>) throws(JSONError) {
        guard try peek(text).decimalDigitValue != nil else { throw error(.invalidNumber) }
        while position < text.count, text[position].decimalDigitValue != nil { position += 1 }
    }
}
