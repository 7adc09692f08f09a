// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Reads a document that a client sent, one step at a time, and refuses what is not well-formed.
///
/// Of XML 1.0 it takes elements, text, CDATA sections, comments and processing instructions; declarations of document
/// types, which could make text grow without bound, are refused. Attributes are skipped, prefixes of names are cut off.
struct XMLReader {
    enum Step: Equatable {
        case open(String)
        /// Character data, entities resolved; a run of it may come in several steps.
        case text([UInt8])
        case close
    }

    /// Why a document is refused.
    struct Malformed: Error, Equatable {
        /// Offset of the byte that does not fit.
        let offset: Int
    }

    /// Elements within each other.
    private static let greatestDepth = 32

    private let bytes: [UInt8]
    private var position = 0
    /// Full names of the elements that are open.
    private var names: [ArraySlice<UInt8>] = []
    /// Whether the element that was opened last has no content (`<a/>`).
    private var closesNext = false
    private var hasRoot = false

    init(_ bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.append(bytes)
        self.bytes = copy
        // The byte order mark of UTF-8 (XML 1.0 section 4.3.3).
        if copy.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next step; nil behind the root element.
    mutating func next() throws(Malformed) -> Step? {
        if closesNext {
            closesNext = false
            names.removeLast()
            return .close
        }
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                if let text = try text() { return text }
                continue
            }
            if starts(with: "<!--") {
                try skip(through: "-->", from: position + 4)
            } else if starts(with: "<?") {
                try skip(through: "?>", from: position + 2)
            } else if starts(with: "<![CDATA[") {
                return try section()
            } else if starts(with: "</") {
                return try closing()
            } else {
                return try opening()
            }
        }
        guard hasRoot, names.isEmpty else { throw fault }
        return nil
    }

    private var fault: Malformed { Malformed(offset: position) }

    // MARK: Tags

    private mutating func opening() throws(Malformed) -> Step {
        guard !names.isEmpty || !hasRoot, names.count < Self.greatestDepth else { throw fault }
        position += 1
        let name = try self.name()
        try skipAttributes()
        if bytes[position] == UInt8(ascii: "/") {
            position += 1
            guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else { throw fault }
            closesNext = true
        }
        position += 1
        hasRoot = true
        names.append(name)
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return .open(String(octets: local.span))
    }

    private mutating func closing() throws(Malformed) -> Step {
        position += 2
        let name = try self.name()
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ">"), names.popLast() == name else { throw fault }
        position += 1
        return .close
    }

    private mutating func name() throws(Malformed) -> ArraySlice<UInt8> {
        let start = position
        let ends: [UInt8] = [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ">"), UInt8(ascii: "/")]
        let others: [UInt8] = [UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: "&"), UInt8(ascii: "!")]
        while position < bytes.count, !ends.contains(bytes[position]) {
            guard bytes[position] > 0x20, !others.contains(bytes[position]) else { throw fault }
            position += 1
        }
        guard position > start, position < bytes.count else { throw fault }
        return bytes[start..<position]
    }

    /// Up to the end of the tag: the closing bracket, or the slash before it.
    private mutating func skipAttributes() throws(Malformed) {
        while true {
            skipBlanks()
            guard position < bytes.count else { throw fault }
            if bytes[position] == UInt8(ascii: ">") || bytes[position] == UInt8(ascii: "/") { return }
            while position < bytes.count, bytes[position] > 0x20, bytes[position] != UInt8(ascii: "=") {
                guard bytes[position] != UInt8(ascii: "<"), bytes[position] != UInt8(ascii: ">") else { throw fault }
                position += 1
            }
            skipBlanks()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else { throw fault }
            position += 1
            skipBlanks()
            guard position < bytes.count, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(bytes[position]),
                let end = bytes[(position + 1)...].firstIndex(of: bytes[position]),
                !bytes[position..<end].contains(UInt8(ascii: "<"))
            else { throw fault }
            position = end + 1
        }
    }

    // MARK: Text

    /// nil: blanks outside of the root.
    private mutating func text() throws(Malformed) -> Step? {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        let raw = bytes[position..<end]
        if names.isEmpty {
            guard raw.allSatisfy({ $0 <= 0x20 }) else { throw fault }
            position = end
            return nil
        }
        guard let resolved = XMLEntities.resolve(raw) else { throw fault }
        position = end
        return .text(resolved)
    }

    private mutating func section() throws(Malformed) -> Step {
        guard !names.isEmpty else { throw fault }
        let start = position + 9
        try skip(through: "]]>", from: start)
        return .text(Array(bytes[start..<position - 3]))
    }

    private func starts(with text: StaticString) -> Bool {
        let wanted = text.octets
        guard position + wanted.count <= bytes.count else { return false }
        for index in wanted.indices where bytes[position + index] != wanted[index] { return false }
        return true
    }

    private mutating func skip(through text: StaticString, from start: Int) throws(Malformed) {
        let before = position
        position = start
        while position < bytes.count {
            if starts(with: text) {
                position += text.utf8CodeUnitCount
                return
            }
            position += 1
        }
        throw Malformed(offset: before)
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}

/// Entities of XML without a document type: the five of section 4.6 and references to characters.
enum XMLEntities {
    /// The text with its entities resolved, once; nil if one is unknown or malformed.
    static func resolve(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var resolved: [UInt8] = []
        var text = text
        while let byte = text.first {
            guard byte == UInt8(ascii: "&") else {
                resolved.append(byte)
                text = text.dropFirst()
                continue
            }
            guard let (scalar, rest) = leading(text) else { return nil }
            resolved.append(String(Character(scalar)))
            text = rest
        }
        return resolved
    }

    /// The character that an entity at the start stands for, and what follows it; nil if there is none.
    static func leading(_ text: ArraySlice<UInt8>) -> (scalar: Unicode.Scalar, rest: ArraySlice<UInt8>)? {
        guard let end = text.prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
        return scalar(text[text.startIndex + 1..<end]).map { ($0, text[(end + 1)...]) }
    }

    private static func scalar(_ text: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let name = String(octets: text.span)
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap(Unicode.Scalar.init)
        }
    }
}
