// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Builds an XML document of elements and text.
///
/// The error documents of OSS have a declaration, a newline, two spaces of indentation and a final newline.
package struct XMLWriter: Sendable {
    /// What was written so far; complete once every element is closed.
    package private(set) var bytes: [UInt8] = []
    private let indent: Int
    private var open: [String] = []

    /// - Parameters:
    ///   - declaration: whether the document starts with `<?xml version="1.0" encoding="UTF-8"?>` and a newline.
    ///   - indent: spaces for each level; every element then stands on a line of its own. 0: all on one line,
    ///     without a final newline.
    package init(declaration: Bool = true, indent: Int = 2) {
        self.indent = indent
        if declaration { bytes.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") }
    }

    /// Opens an element that holds other elements; attribute values are escaped, names are trusted.
    package mutating func open(_ name: String, attributes: [(name: String, value: String)] = []) {
        startLine()
        bytes.append("<\(name)")
        for attribute in attributes {
            bytes.append(" \(attribute.name)=\"")
            bytes.appendXMLText(attribute.value.utf8.span)
            bytes.append("\"")
        }
        bytes.append(">")
        endLine()
        open.append(name)
    }

    /// Closes the innermost open element.
    package mutating func close() {
        precondition(!open.isEmpty, "no element is open")
        let name = open.removeLast()
        startLine()
        bytes.append("</\(name)>")
        endLine()
    }

    /// Writes an element that holds text only.
    package mutating func element(_ name: String, _ text: String) {
        element(name, bytes: text.utf8.span)
    }

    /// Writes an element that holds text only, from bytes that need not be UTF-8.
    package mutating func element(_ name: String, bytes text: Span<UInt8>) {
        startLine()
        bytes.append("<\(name)>")
        bytes.appendXMLText(text)
        bytes.append("</\(name)>")
        endLine()
    }

    private mutating func startLine() {
        for _ in 0..<indent * open.count { bytes.append(UInt8(ascii: " ")) }
    }

    private mutating func endLine() {
        if indent > 0 { bytes.append(UInt8(ascii: "\n")) }
    }
}

extension [UInt8] {
    /// Appends text for an element or a quoted attribute.
    ///
    /// `& < > " '` become entities and a carriage return a character reference, which a reader would otherwise turn
    /// into a line feed (XML 1.0 section 2.11). U+FFFD stands for what is not UTF-8 and for the characters that
    /// XML 1.0 section 2.2 forbids.
    package mutating func appendXMLText(_ text: Span<UInt8>) {
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "&"): append("&amp;")
            case UInt8(ascii: "<"): append("&lt;")
            case UInt8(ascii: ">"): append("&gt;")
            case UInt8(ascii: "\""): append("&quot;")
            case UInt8(ascii: "'"): append("&apos;")
            case 0x0D: append("&#13;")
            case 0x09, 0x0A, 0x20..<0x80: append(text[index])
            case 0x00..<0x20: append(replacementCharacter)
            default:
                index += appendXMLScalar(text, at: index)
                continue
            }
            index += 1
        }
    }

    /// Appends a character beyond ASCII and returns how many bytes of the text it took.
    private mutating func appendXMLScalar(_ text: Span<UInt8>, at index: Int) -> Int {
        switch UTF8Step(text, at: index) {
        case .broken(let length):
            append(replacementCharacter)
            return length
        case .scalar(let length):
            // U+FFFE and U+FFFF are the only scalars beyond ASCII that XML 1.0 forbids.
            let isForbidden = length == 3 && text[index] == 0xEF && text[index + 1] == 0xBF && text[index + 2] >= 0xBE
            if isForbidden { append(replacementCharacter) } else { append(text.extracting(index..<index + length)) }
            return length
        }
    }
}
