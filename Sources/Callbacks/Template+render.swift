// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// How a value is made harmless for the place it is written to.
package enum Escaping: Sendable, Equatable {
    /// Bytes as they are: values that are encoded later, such as custom variables.
    case none
    /// An object key: variables other than `path`, `path.N` and dates add no `/`, no control, and are not `.` or `..`.
    case key
    /// One segment of a URL's path.
    case pathSegment
    /// The value of a header field: controls, non-ASCII bytes, `%` and outer spaces are percent-encoded.
    case headerValue
    /// `application/x-www-form-urlencoded`: percent-encoding, space as `%20`.
    case form
    /// JSON: strings bring their quotes, except inside a string of the template; numbers are bare, and null if missing.
    case json
    /// JSON as OSS and TOS render it: strings bring their quotes everywhere, a missing number is nothing.
    /// For templates that a vendor's client wrote; an operator's template is rendered with ``json``.
    case vendorJSON
}

extension Template {
    /// The text with every variable replaced by its escaped value.
    ///
    /// - Parameter lookup: the raw value of a variable; nil is an empty value.
    package func render(_ escaping: Escaping, lookup: (TemplateVariable) -> [UInt8]?) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(source.utf8.count + 64)
        for segment in segments {
            switch segment {
            case .literal(let bytes): text += bytes
            case .variable(let variable, let insideJSONString):
                text.append(
                    lookup(variable), of: variable, escaping: escaping, insideJSONString: insideJSONString)
            }
        }
        return text
    }
}

extension [UInt8] {
    fileprivate mutating func append(
        _ value: [UInt8]?, of variable: TemplateVariable, escaping: Escaping, insideJSONString: Bool
    ) {
        let text = value ?? []
        switch escaping {
        case .none: self += text
        case .key: appendKeyText(text, mayHoldSlashes: variable.mayHoldSlashes)
        case .pathSegment: appendPathSegment(text)
        case .headerValue: appendHeaderText(text)
        case .form: appendPercentEncoded(text.span, keeping: .unreserved)
        case .json: appendJSON(text, isNumber: variable.isNumber, insideString: insideJSONString)
        case .vendorJSON:
            if !variable.isNumber { appendJSONString(text.span) } else if text.isJSONInteger { self += text }
        }
    }

    private mutating func appendJSON(_ text: [UInt8], isNumber: Bool, insideString: Bool) {
        if insideString {
            let start = count
            appendJSONString(text.span)
            remove(at: start)
            removeLast()
        } else if !isNumber {
            appendJSONString(text.span)
        } else if text.isJSONInteger {
            self += text
        } else {
            append("null")
        }
    }

    private mutating func appendKeyText(_ value: [UInt8], mayHoldSlashes: Bool) {
        if mayHoldSlashes {
            self += value
        } else if value == [UInt8(ascii: ".")] || value == [UInt8(ascii: "."), UInt8(ascii: ".")] {
            appendEscaped(value) { _ in false }
        } else {
            appendEscaped(value) { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
        }
    }

    private mutating func appendPathSegment(_ value: [UInt8]) {
        if value == [UInt8(ascii: ".")] || value == [UInt8(ascii: "."), UInt8(ascii: ".")] {
            appendEscaped(value) { _ in false }
        } else {
            appendPercentEncoded(value.span, keeping: .unreserved)
        }
    }

    private mutating func appendHeaderText(_ value: [UInt8]) {
        let space = UInt8(ascii: " ")
        for (index, byte) in value.enumerated() {
            let isOuterSpace = byte == space && (index == 0 || index == value.count - 1)
            appendEscaped([byte]) { (space...0x7E).contains($0) && $0 != UInt8(ascii: "%") && !isOuterSpace }
        }
    }

    private mutating func appendEscaped(_ value: [UInt8], keeping: (UInt8) -> Bool) {
        for byte in value {
            if keeping(byte) {
                append(byte)
            } else {
                append(UInt8(ascii: "%"))
                appendHex([byte].span, uppercase: true)
            }
        }
    }

    /// Digits without leading zeros: the only text that goes into JSON without quotes.
    private var isJSONInteger: Bool {
        !isEmpty && allSatisfy(\.isDecimalDigit) && (count == 1 || self[0] != UInt8(ascii: "0"))
    }
}

extension TemplateVariable {
    /// Paths are folders by nature, and a date's slashes are the operator's.
    fileprivate var mayHoldSlashes: Bool {
        switch self {
        case .path, .pathMatch, .date: true
        default: false
        }
    }
}
