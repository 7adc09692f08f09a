// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Finds the text of elements in documents that a store sent, without being strict about anything else.
///
/// Stores differ in declarations, namespaces, indentation and order, and what is looked for is a handful of elements
/// that occur once; a full XML reader would refuse more and tell no more.
struct XMLScanner {
    private let bytes: [UInt8]

    init(_ bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.append(bytes)
        self.bytes = copy
    }

    /// The text of the first element of that name, entities resolved and blanks at its ends cut; nil if there is none.
    func text(_ name: String) -> String? {
        range(name).map { range in
            let text = Self.resolve(Self.trimmed(bytes[range]))
            return String(octets: text.span)
        }
    }

    /// Where the contents of all elements of that name stand, of which none is within another.
    func ranges(_ name: String) -> [Range<Int>] {
        var found: [Range<Int>] = []
        while let range = range(name, from: found.last?.upperBound ?? 0) { found.append(range) }
        return found
    }

    /// Where the content of the first element of that name stands; nil if there is none.
    func range(_ name: String, from start: Int = 0) -> Range<Int>? {
        var position = start
        while let open = find("<" + name, from: position) {
            position = open + 1 + name.utf8.count
            guard let end = endOfTag(from: position) else { return nil }
            guard end.isElement else { continue }
            if end.isEmpty { return end.next..<end.next }
            guard let close = find("</" + name, from: end.next) else { return nil }
            return end.next..<close
        }
        return nil
    }

    /// Where the tag ends whose name ends at `start`; no element of ours if the name goes on.
    private func endOfTag(from start: Int) -> (next: Int, isElement: Bool, isEmpty: Bool)? {
        guard start < bytes.count else { return nil }
        let delimiters: [UInt8] = [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ">"), UInt8(ascii: "/")]
        guard delimiters.contains(bytes[start]) else { return (start, false, false) }
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
        return (end + 1, true, end > start && bytes[end - 1] == UInt8(ascii: "/"))
    }

    private func find(_ text: String, from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        guard start + wanted.count <= bytes.count else { return nil }
        var position = start
        while position + wanted.count <= bytes.count {
            guard let first = bytes[position...].firstIndex(of: wanted[0]) else { return nil }
            if bytes[first...].starts(with: wanted) { return first }
            position = first + 1
        }
        return nil
    }

    /// The text of an element with its entities resolved, or of the one section that it is.
    static func resolve(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let cdata = Array("<![CDATA[".utf8)
        var text = text
        if text.starts(with: cdata), text.suffix(3).elementsEqual("]]>".utf8), text.count >= cdata.count + 3 {
            let inner = text.dropFirst(cdata.count).dropLast(3)
            return Array(inner)
        }
        var resolved: [UInt8] = []
        while let byte = text.first {
            if byte == UInt8(ascii: "&"), let (scalar, rest) = XMLEntities.leading(text) {
                resolved.append(String(Character(scalar)))
                text = rest
            } else {
                resolved.append(byte)
                text = text.dropFirst()
            }
        }
        return resolved
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = text.firstIndex { $0 > 0x20 } ?? text.endIndex
        let end = text.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
        return text[start..<end]
    }
}
