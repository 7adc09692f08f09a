// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// The header of one part of a form.
package struct FormPart: Sendable, Equatable {
    /// As the form names it; may be empty.
    package let name: [UInt8]
    /// As the client sent it, folders included; nil where the part has none, empty where no file was chosen.
    package let fileName: [UInt8]?
    /// All fields of the part's header.
    package let fields: HeaderFields

    package init(name: [UInt8], fileName: [UInt8]?, fields: HeaderFields) {
        self.name = name
        self.fileName = fileName
        self.fields = fields
    }

    /// What the part says of its bytes; nil where it says nothing.
    package var contentType: ArraySlice<UInt8>? { fields.first("content-type") }

    /// Reads a part's header.
    ///
    /// - Throws: ``FormError/partWithoutName``, ``FormError/badDisposition`` or ``FormError/transferEncoding``.
    init(_ fields: HeaderFields) throws(FormError) {
        guard let index = fields.firstIndex(of: "content-disposition") else { throw .partWithoutName }
        guard fields.count(of: "content-disposition") == 1 else { throw .badDisposition }
        try Self.checkEncoding(fields)
        let all = fields.bytes
        let value = all.span.extracting(fields.valueRange(at: index))
        var parameters = FormParameters(value)
        guard value.holdsIgnoringCase("form-data", at: parameters.main) else { throw .badDisposition }
        var (name, fileName, extendedName): ([UInt8]?, [UInt8]?, [UInt8]?)
        while let parameter = try parameters.next(value, or: .badDisposition) {
            if value.holdsIgnoringCase("name", at: parameter.name) {
                try Self.set(&name, parameter.value)
            } else if value.holdsIgnoringCase("filename", at: parameter.name) {
                try Self.set(&fileName, parameter.value)
            } else if value.holdsIgnoringCase("filename*", at: parameter.name) {
                try Self.set(&extendedName, parameter.value)
            }
        }
        guard let name else { throw .partWithoutName }
        self.name = name
        // RFC 7578 §4.2 forbids `filename*` here; it counts only where an old client sends nothing else.
        self.fileName = if let fileName { fileName } else { try extendedName.map(Self.decodeExtended) }
        self.fields = fields
    }

    /// What two servers could read differently is refused.
    private static func set(_ value: inout [UInt8]?, _ new: [UInt8]) throws(FormError) {
        guard value == nil else { throw .badDisposition }
        value = new
    }

    /// The codings that leave bytes as they are (RFC 2045 §6.2).
    private static func checkEncoding(_ fields: HeaderFields) throws(FormError) {
        var start = 0
        while let index = fields.nextIndex(of: "content-transfer-encoding", from: start) {
            let (all, range) = (fields.bytes, fields.valueRange(at: index))
            let leavesAsIs =
                all.span.holdsIgnoringCase("binary", at: range) || all.span.holdsIgnoringCase("8bit", at: range)
                || all.span.holdsIgnoringCase("7bit", at: range)
            guard leavesAsIs else { throw .transferEncoding }
            start = index &+ 1
        }
    }

    /// `UTF-8'language'percent-encoded` (RFC 8187 §3.2).
    private static func decodeExtended(_ text: [UInt8]) throws(FormError) -> [UInt8] {
        let parts = text.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .badDisposition }
        let (charset, value) = (parts[0], parts[2])
        guard charset.span.holdsIgnoringCase("utf-8", at: 0..<charset.count), let decoded = Percent.decode(value.span)
        else { throw .badDisposition }
        return decoded
    }
}

/// A field of a form that is no file.
package struct FormField: Sendable, Equatable {
    package var name: [UInt8]
    package var value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
