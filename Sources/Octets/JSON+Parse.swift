// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Reads one value that fills the whole text, strictly by RFC 8259.
    ///
    /// Safe for text from strangers: open arrays and objects lie on a stack of their own, so depth costs no call
    /// stack, and it is limited. A byte-order mark, invalid UTF-8 and lone surrogates are errors.
    /// - Parameter maximumDepth: how many arrays and objects may enclose each other, at most 512, because releasing
    ///   a value does recurse.
    package static func parse(_ bytes: Span<UInt8>, maximumDepth: Int = 64) throws(JSONError) -> JSON {
        precondition(0...512 ~= maximumDepth, "the depth of JSON is limited to 512")
        var parser = JSONParser(maximumDepth: maximumDepth)
        return try parser.document(bytes)
    }
}

/// The state of one reading; the text is passed along because a span cannot be stored.
private struct JSONParser {
    /// An array or object that is still open.
    private struct Frame {
        let isObject: Bool
        /// Name of the member whose value comes next.
        var key = ""
        var elements: [JSON] = []
        var members: [(key: String, value: JSON)] = []
    }

    let maximumDepth: Int
    private var scanner = JSONScanner()
    private var frames: [Frame] = []

    init(maximumDepth: Int) {
        self.maximumDepth = maximumDepth
    }

    mutating func document(_ text: Span<UInt8>) throws(JSONError) -> JSON {
        if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF {
            throw JSONError(code: .byteOrderMark, offset: 0)
        }
        while true {
            guard var value = try startOfValue(text) else { continue }
            // A finished value may finish what encloses it, and so on outwards.
            while !frames.isEmpty {
                add(value)
                guard let closed = try afterValue(text) else { break }
                value = closed
            }
            if frames.isEmpty, try isDone(text) { return value }
        }
    }

    /// Reads a scalar or an empty container and returns it, or opens a container and returns nil.
    private mutating func startOfValue(_ text: Span<UInt8>) throws(JSONError) -> JSON? {
        scanner.skipSpace(text)
        switch try scanner.peek(text) {
        case UInt8(ascii: "{"): return try open(isObject: true, text)
        case UInt8(ascii: "["): return try open(isObject: false, text)
        case UInt8(ascii: "\""): return .string(try scanner.string(text))
        case UInt8(ascii: "t"): return try scanner.word("true", meaning: .bool(true), text)
        case UInt8(ascii: "f"): return try scanner.word("false", meaning: .bool(false), text)
        case UInt8(ascii: "n"): return try scanner.word("null", meaning: .null, text)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try scanner.number(text))
        default: throw scanner.error(.unexpectedByte)
        }
    }

    private mutating func open(isObject: Bool, _ text: Span<UInt8>) throws(JSONError) -> JSON? {
        guard frames.count < maximumDepth else { throw scanner.error(.tooDeep) }
        scanner.advance()
        scanner.skipSpace(text)
        if scanner.take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), text) {
            return isObject ? .object([]) : .array([])
        }
        frames.append(Frame(isObject: isObject))
        if isObject { try readKey(text) }
        return nil
    }

    private mutating func readKey(_ text: Span<UInt8>) throws(JSONError) {
        scanner.skipSpace(text)
        guard try scanner.peek(text) == UInt8(ascii: "\"") else { throw scanner.error(.unexpectedByte) }
        frames[frames.count - 1].key = try scanner.string(text)
        scanner.skipSpace(text)
        guard try scanner.peek(text) == UInt8(ascii: ":") else { throw scanner.error(.unexpectedByte) }
        scanner.advance()
    }

    /// Adds a value to the innermost container.
    private mutating func add(_ value: JSON) {
        let innermost = frames.count - 1
        if frames[innermost].isObject {
            frames[innermost].members.append((frames[innermost].key, value))
        } else {
            frames[innermost].elements.append(value)
        }
    }

    /// Reads the comma, and the next name of an object, or the end of the innermost container, which is returned.
    private mutating func afterValue(_ text: Span<UInt8>) throws(JSONError) -> JSON? {
        let isObject = frames[frames.count - 1].isObject
        scanner.skipSpace(text)
        switch try scanner.peek(text) {
        case UInt8(ascii: ","):
            scanner.advance()
            if isObject { try readKey(text) }
            return nil
        case isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"):
            scanner.advance()
            let frame = frames.removeLast()
            return isObject ? .object(frame.members) : .array(frame.elements)
        default:
            throw scanner.error(.unexpectedByte)
        }
    }

    private mutating func isDone(_ text: Span<UInt8>) throws(JSONError) -> Bool {
        scanner.skipSpace(text)
        guard scanner.position == text.count else { throw scanner.error(.trailingData) }
        return true
    }
}
