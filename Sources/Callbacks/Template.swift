// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Why a template cannot be used, and where.
package struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// UTF-8 offset, from zero, into the text of the template.
    package let offset: Int
    /// What is wrong, as a clause without a final stop.
    package let message: String

    package init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }

    package var description: String { "\(message) (at offset \(offset))" }
}

/// Text with `${name}` variables, parsed once and rendered for each upload.
///
/// A `$` that is not followed by `{` is literal. There is no escape for a literal `${`.
package struct Template: Sendable, Equatable {
    /// Whose rules the text follows.
    package enum Syntax: Sendable, Equatable {
        /// Templates of the configuration: all of Putback's variables.
        case putback
        /// A callback body sent by a vendor's client: the system variables that the vendor may know, and `x:` variables;
        /// other names are empty values. OSS refuses `$(name)` (Java SDK, `CallbackTest`); of TOS nothing is known, and
        /// it is text.
        case client(CallbackVendor)
    }

    /// A run of constant bytes or one variable.
    package enum Segment: Sendable, Equatable {
        case literal([UInt8])
        /// `insideJSONString` is true where the literals before it left a JSON string open.
        case variable(TemplateVariable, insideJSONString: Bool)
    }

    /// The text as written.
    package let source: String
    /// Literals and variables in order; no two literals are neighbours and none is empty.
    package let segments: [Segment]

    /// Parses `source`.
    ///
    /// - Throws: ``TemplateError`` for an unclosed or malformed `${…}`, and for a date format that is not supported.
    package init(parsing source: String, syntax: Syntax = .putback) throws(TemplateError) {
        let bytes = [UInt8](source.utf8)
        var segments: [Segment] = []
        var position = JSONPosition()
        var literalStart = 0
        var index = 0

        func flushLiteral(upTo end: Int) {
            guard literalStart < end else { return }
            let literal = [UInt8](bytes[literalStart..<end])
            position.advance(over: literal)
            segments.append(.literal(literal))
        }

        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count else {
                index += 1
                continue
            }
            let next = bytes[index + 1]
            if syntax == .client(.oss), next == UInt8(ascii: "(") {
                throw TemplateError(offset: index, message: "a variable must be of the form ${name}")
            }
            guard next == UInt8(ascii: "{") else {
                index += 1
                continue
            }
            flushLiteral(upTo: index)
            guard let close = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: "}")) else {
                throw TemplateError(offset: index, message: "this ${ has no closing brace")
            }
            let variable = try TemplateVariable(parsing: bytes[(index + 2)..<close], at: index + 2, syntax: syntax)
            segments.append(.variable(variable, insideJSONString: position.isInsideString))
            index = close + 1
            literalStart = index
        }
        flushLiteral(upTo: bytes.count)
        self.source = source
        self.segments = segments
    }

    /// The variables in order of appearance, repeated as often as they are written.
    package var references: [TemplateVariable] {
        segments.compactMap { segment in
            if case .variable(let variable, _) = segment { variable } else { nil }
        }
    }

    /// The names of ``references``, as written between the braces.
    package var variables: [String] { references.map(\.name) }

    /// Whether the text has no variable.
    package var isConstant: Bool { references.isEmpty }
}

/// Where in a JSON text the bytes read so far end; enough to know whether a string is open.
struct JSONPosition {
    private(set) var isInsideString = false
    /// Bytes still belonging to an escape: 1 after `\`, up to 4 inside `\u0000`.
    private var pendingEscapeBytes = 0
    private var isAfterBackslash = false

    /// Whether the text ends between a backslash and the end of its escape.
    var isInsideEscape: Bool { isAfterBackslash || pendingEscapeBytes > 0 }

    mutating func advance(over bytes: [UInt8]) {
        for byte in bytes {
            if isAfterBackslash {
                isAfterBackslash = false
                pendingEscapeBytes = byte == UInt8(ascii: "u") ? 4 : 0
            } else if pendingEscapeBytes > 0 {
                pendingEscapeBytes -= 1
            } else if byte == UInt8(ascii: "\"") {
                isInsideString.toggle()
            } else if byte == UInt8(ascii: "\\"), isInsideString {
                isAfterBackslash = true
            }
        }
    }
}
