// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// What separates the parts of a form (RFC 2046 §5.1.1).
package struct FormBoundary: Sendable, Equatable {
    package static let maximumBytes = 70

    /// 1 to 70 bytes.
    package let octets: [UInt8]

    /// Checks a boundary.
    ///
    /// - Throws: ``FormError/badBoundary``.
    package init(_ octets: [UInt8]) throws(FormError) {
        guard (1...Self.maximumBytes).contains(octets.count), octets.allSatisfy(Self.isAllowed),
            octets.last != Byte.space
        else { throw .badBoundary }
        self.octets = octets
    }

    /// Reads it from a `Content-Type`.
    ///
    /// - Throws: ``FormError/missingBoundary`` or ``FormError/badBoundary``, which parameters that cannot be read are too.
    package init(contentType value: Span<UInt8>) throws(FormError) {
        var parameters = FormParameters(value)
        var found: [UInt8]?
        while let parameter = try parameters.next(value, or: .badBoundary) {
            guard value.holdsIgnoringCase("boundary", at: parameter.name) else { continue }
            guard found == nil else { throw .badBoundary }
            found = parameter.value
        }
        guard let found else { throw .missingBoundary }
        try self.init(found)
    }

    /// Whether a `Content-Type` is `multipart/form-data`, whatever its parameters.
    package static func isForm(_ contentType: Span<UInt8>) -> Bool {
        // Most types begin with another letter.
        guard !contentType.isEmpty, contentType[0] | 0x20 == UInt8(ascii: "m") || contentType[0].isBlank else {
            return false
        }
        return contentType.holdsIgnoringCase("multipart/form-data", at: FormParameters(contentType).main)
    }

    /// The same of header fields.
    package static func isForm(_ fields: HeaderFields) -> Bool {
        guard let index = fields.firstIndex(of: "content-type") else { return false }
        return isForm(fields.bytes.span.extracting(fields.valueRange(at: index)))
    }

    /// `bchars` of RFC 2046 §5.1.1.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "'")...UInt8(ascii: ")"), UInt8(ascii: "+")...UInt8(ascii: "/"): true
        case Byte.colon, Byte.equals, Byte.question, UInt8(ascii: "_"), Byte.space: true
        default: byte.isLetter
        }
    }
}
