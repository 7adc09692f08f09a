// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A JSON value (RFC 8259).
package indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    /// As written, so that nothing is lost: `1.0` and `1` differ.
    case number(String)
    case string(String)
    case array([JSON])
    /// Members in the order of the text; a name may occur more than once.
    case object([(key: String, value: JSON)])

    /// The value of the last member with that name, as most readers see it (RFC 8259 section 4); nil if there is
    /// none or this is no object. Names are compared scalar by scalar, not by canonical equivalence.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The text of a string; nil for any other value.
    package var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of `true` and `false`; nil for any other value.
    package var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// A number written without fraction and exponent that fits; nil for any other value.
    package var integerValue: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// The elements of an array; nil for any other value.
    package var arrayValue: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object; nil for any other value.
    package var objectValue: [(key: String, value: JSON)]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The number of an integer.
    package static func integer(_ value: some BinaryInteger) -> JSON {
        .number(String(value))
    }
}

/// Equal in every character: same scalars in strings and names, same spelling of numbers, same order of members.
extension JSON: Equatable {
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.elementsEqual(right) { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
        default: false
        }
    }
}

/// Why a text is not JSON, and where.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Code: String, Sendable {
        /// The text ends within a value, or is empty.
        case unexpectedEnd = "the text ends too early"
        /// A byte that cannot stand here.
        case unexpectedByte = "unexpected character"
        /// Something follows the value.
        case trailingData = "characters after the value"
        /// A byte-order mark (RFC 8259 section 8.1: must not be added).
        case byteOrderMark = "byte-order mark"
        /// A number that the grammar does not know, such as `01`, `+1`, `.5` or `NaN`.
        case invalidNumber = "invalid number"
        /// A backslash sequence that the grammar does not know.
        case invalidEscape = "invalid escape"
        /// Half of a surrogate pair, which stands for no character.
        case loneSurrogate = "lone surrogate"
        /// An unescaped character below U+0020 in a string.
        case controlCharacter = "control character in a string"
        /// A string that is not UTF-8.
        case invalidUTF8 = "invalid UTF-8"
        /// Arrays and objects within each other beyond the limit.
        case tooDeep = "nested too deeply"
    }

    package let code: Code
    /// Zero-based byte offset of the first byte that is wrong; for strings that are not UTF-8, of their first byte.
    package let offset: Int

    /// An error of this kind at this place.
    package init(code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }

    package var description: String { "\(code.rawValue) at byte \(offset)" }
}
