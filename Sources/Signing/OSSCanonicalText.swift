// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Octets

/// Builds the texts that OSS signatures cover, in storage that is filled again and again; confined to its owner's loop.
///
/// Signer and verifier share it, so that what one signs the other accepts.
struct OSSCanonicalText {
    /// The V1 string to sign, or the V4 canonical request.
    private(set) var text: [UInt8] = []
    /// Indices of the fields or parameters to write, in the order of writing.
    private var order: [Int] = []
    /// Encoded query names and values, one after the other.
    private var encoded: [UInt8] = []
    private var parameters: [EncodedParameter] = []

    /// Where an encoded parameter stands in `encoded`.
    private struct EncodedParameter {
        var name: Range<Int>
        var value: Range<Int>
    }

    // MARK: V1

    /// Writes the V1 string to sign ("Add a signature to the header" of the OSS API reference).
    ///
    /// - Parameter date: what stands in the date slot: a date in header form, the seconds of `Expires` in URL form.
    mutating func writeV1(method: String, resource: OSSResource, fields: HeaderFields, date: Span<UInt8>) {
        text.removeAll(keepingCapacity: true)
        text.append(method)
        text.append(Self.newline)
        appendValues(of: "content-md5", in: fields)
        text.append(Self.newline)
        appendValues(of: "content-type", in: fields)
        text.append(Self.newline)
        text.append(date)
        text.append(Self.newline)
        select(fields) { fields.hasPrefix("x-oss-", at: $0) }
        appendSelected(fields)
        text.append(Self.slash)
        if let bucket = resource.bucket {
            text.append(bucket)
            text.append(Self.slash)
            if let key = resource.key { text.append(key.span) }
        }
        appendSubresources(resource.parameters)
    }

    /// Appends the values of all fields of that name, joined with commas.
    private mutating func appendValues(of name: String, in fields: HeaderFields) {
        var index = fields.firstIndex(of: name)
        while let found = index {
            appendValue(fields, at: found)
            index = fields.nextIndex(of: name, from: found + 1)
            if index != nil { text.append(Self.comma) }
        }
    }

    /// Appends the sub-resources by name; of a repeated one the first counts, as for every parameter in V1.
    private mutating func appendSubresources(_ parameters: [(name: [UInt8], value: [UInt8])]) {
        order.removeAll(keepingCapacity: true)
        for index in parameters.indices where OSSSubresources.contains(parameters[index].name) { order.append(index) }
        order.sort { parameters[$0].name.lexicographicallyPrecedes(parameters[$1].name) }
        var previous: Int?
        for index in order {
            let (name, value) = parameters[index]
            if let previous, parameters[previous].name == name { continue }
            text.append(previous == nil ? Self.question : Self.ampersand)
            text.append(name.span)
            if !value.isEmpty {
                text.append(Self.equals)
                text.append(value.span)
            }
            previous = index
        }
    }

    // MARK: V4

    /// Writes the V4 canonical request ("Include a V4 signature in the Authorization header" of the OSS API reference;
    /// oss/signer/v4.go of the Go SDK v2).
    ///
    /// - Parameters:
    ///   - additional: names of further signed fields, joined with semicolons, as they stand in the request.
    ///   - left: index of the one parameter outside of the signature, which is the signature itself in URL form.
    mutating func writeV4(
        method: String, resource: OSSResource, fields: HeaderFields, additional: [UInt8], leavingOut left: Int? = nil
    ) {
        text.removeAll(keepingCapacity: true)
        text.append(method)
        text.append(Self.newline)
        text.append(Self.slash)
        if let bucket = resource.bucket {
            text.appendPercentEncoded(bucket.utf8.span, keeping: .unreserved)
            text.append(Self.slash)
            if let key = resource.key { text.appendPercentEncoded(key.span, keeping: .unreservedAndSlash) }
        }
        text.append(Self.newline)
        appendQuery(resource.parameters, leavingOut: left)
        text.append(Self.newline)
        select(fields) { Self.isAlwaysSigned($0, in: fields) || Self.list(additional, names: $0, of: fields) }
        appendSelected(fields)
        text.append(Self.newline)
        text.append(additional.span)
        text.append("\nUNSIGNED-PAYLOAD")
    }

    /// Whether a V4 signature covers the field at `index` without being asked to.
    static func isAlwaysSigned(_ index: Int, in fields: HeaderFields) -> Bool {
        let count = fields.nameRange(at: index).count
        return fields.hasPrefix("x-oss-", at: index)
            || count == 12 && fields.hasPrefix("content-type", at: index)
            || count == 11 && fields.hasPrefix("content-md5", at: index)
    }

    /// Whether a list of names joined with semicolons holds the name of the field at `index`.
    private static func list(_ names: [UInt8], names index: Int, of fields: HeaderFields) -> Bool {
        guard !names.isEmpty else { return false }
        let wanted = fields.name(at: index)
        return names.split(separator: semicolon).contains { name in
            name.elementsEqual(wanted) { $0.asciiLowercased == $1.asciiLowercased }
        }
    }

    private mutating func appendQuery(_ items: [(name: [UInt8], value: [UInt8])], leavingOut left: Int?) {
        encoded.removeAll(keepingCapacity: true)
        parameters.removeAll(keepingCapacity: true)
        for index in items.indices where index != left {
            let start = encoded.count
            let (name, value) = items[index]
            encoded.appendPercentEncoded(name.span, keeping: .unreserved)
            let middle = encoded.count
            encoded.appendPercentEncoded(value.span, keeping: .unreserved)
            parameters.append(EncodedParameter(name: start..<middle, value: middle..<encoded.count))
        }
        guard !parameters.isEmpty else { return }
        let bytes = encoded
        // `sort` is stable (SE-0372), so parameters of one name keep their order.
        parameters.sort { bytes[$0.name].lexicographicallyPrecedes(bytes[$1.name]) }
        for (index, parameter) in parameters.enumerated() {
            if index > 0 { text.append(Self.ampersand) }
            text.append(bytes.span.extracting(parameter.name))
            if !parameter.value.isEmpty {
                text.append(Self.equals)
                text.append(bytes.span.extracting(parameter.value))
            }
        }
    }

    // MARK: Header fields

    /// Puts the indices of the chosen fields into `order`, by lower-cased name.
    private mutating func select(_ fields: HeaderFields, where isSigned: (Int) -> Bool) {
        order.removeAll(keepingCapacity: true)
        for index in fields.indices where isSigned(index) { order.append(index) }
        // Short lists are sorted in place, without allocating; fields of one name keep their order.
        order.sort { Self.name(of: $0, precedes: $1, in: fields) }
    }

    /// Appends a line for each name of the selection, values of one name joined with commas.
    private mutating func appendSelected(_ fields: HeaderFields) {
        var previous: Int?
        for index in order {
            if let previous, Self.haveSameName(previous, index, in: fields) {
                text[text.count - 1] = Self.comma
            } else {
                let name = fields.nameRange(at: index)
                for position in name { text.append(fields.bytes[position].asciiLowercased) }
                text.append(Self.colon)
            }
            appendValue(fields, at: index)
            text.append(Self.newline)
            previous = index
        }
    }

    /// Appends the value of the field at `index` without blanks at its ends.
    private mutating func appendValue(_ fields: HeaderFields, at index: Int) {
        let range = fields.valueRange(at: index)
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, Self.isBlank(fields.bytes[lower]) { lower += 1 }
        while lower < upper, Self.isBlank(fields.bytes[upper - 1]) { upper -= 1 }
        text.append(fields.bytes.span.extracting(lower..<upper))
    }

    private static func haveSameName(_ left: Int, _ right: Int, in fields: HeaderFields) -> Bool {
        fields.nameRange(at: left).count == fields.nameRange(at: right).count
            && !name(of: left, precedes: right, in: fields) && !name(of: right, precedes: left, in: fields)
    }

    private static func name(of left: Int, precedes right: Int, in fields: HeaderFields) -> Bool {
        let bytes = fields.bytes.span
        let one = fields.nameRange(at: left)
        let other = fields.nameRange(at: right)
        for offset in 0..<min(one.count, other.count) {
            let mine = bytes[one.lowerBound + offset].asciiLowercased
            let theirs = bytes[other.lowerBound + offset].asciiLowercased
            if mine != theirs { return mine < theirs }
        }
        return one.count < other.count
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static let newline: UInt8 = 0x0A
    private static let slash = UInt8(ascii: "/")
    private static let comma = UInt8(ascii: ",")
    private static let colon = UInt8(ascii: ":")
    private static let semicolon = UInt8(ascii: ";")
    private static let question = UInt8(ascii: "?")
    private static let ampersand = UInt8(ascii: "&")
    private static let equals = UInt8(ascii: "=")
}
