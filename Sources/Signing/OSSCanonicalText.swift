// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Octets

/// Builds the texts that OSS signatures cover, in storage that is filled again and again; confined to its owner's loop.
///
/// Signer and verifier share it, so that what one signs the other accepts.
struct OSSCanonicalText: ~Copyable {
    private var buffer = OctetBuffer()
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

    /// The V4 string to sign, once `writeStringToSign` made it.
    private var stringToSignBuffer = OctetBuffer()

    /// A copy of the V1 string to sign, or of the V4 canonical request; for people and tests.
    var text: [UInt8] { Array(buffer) }

    /// A copy of the V4 string to sign; for people and tests.
    var stringToSign: [UInt8] { Array(stringToSignBuffer) }

    /// The V1 signature of the text, 20 bytes.
    func v1Signature(secret: [UInt8]) -> [UInt8] {
        HMAC.sha1(key: secret.span, message: buffer.span)
    }

    /// Makes the V4 string to sign of the canonical request.
    ///
    /// - Parameter date: `x-oss-date` as it stands in the request.
    mutating func writeStringToSign(_ key: OSSScopeKey, date: Span<UInt8>) {
        let digest = digest
        stringToSignBuffer.removeAll()
        key.writeStringToSign(date: date, canonicalDigest: digest.span, to: &stringToSignBuffer)
    }

    /// The SHA-256 of the V4 canonical request.
    var digest: [32 of UInt8] { SHA256.digest(of: buffer.span) }

    /// The V4 signature of the string to sign, 64 lower-case hexadecimal digits.
    func v4Signature(_ key: OSSScopeKey) -> [UInt8] {
        var signature: [UInt8] = []
        key.appendSignature(of: stringToSignBuffer.span, to: &signature)
        return signature
    }

    // MARK: V1

    /// Writes the V1 string to sign ("Add a signature to the header" of the OSS API reference).
    ///
    /// - Parameter date: what stands in the date slot: a date in header form, the seconds of `Expires` in URL form.
    mutating func writeV1(method: String, resource: OSSResource, fields: HeaderFields, date: Span<UInt8>) {
        buffer.removeAll()
        buffer.append(method)
        buffer.append(Self.newline)
        appendValues(of: "content-md5", in: fields)
        buffer.append(Self.newline)
        appendValues(of: "content-type", in: fields)
        buffer.append(Self.newline)
        buffer.append(date)
        buffer.append(Self.newline)
        select(fields) { fields.hasPrefix("x-oss-", at: $0) }
        appendSelected(fields)
        buffer.append(Self.slash)
        if let bucket = resource.bucket {
            buffer.append(bucket)
            buffer.append(Self.slash)
            if let key = resource.key { buffer.append(key.span) }
        }
        appendSubresources(resource.parameters)
    }

    /// Appends the values of all fields of that name, joined with commas.
    private mutating func appendValues(of name: StaticString, in fields: HeaderFields) {
        var index = fields.firstIndex(of: name)
        while let found = index {
            appendValue(fields, at: found)
            index = fields.nextIndex(of: name, from: found + 1)
            if index != nil { buffer.append(Self.comma) }
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
            buffer.append(previous == nil ? Self.question : Self.ampersand)
            buffer.append(name.span)
            if !value.isEmpty {
                buffer.append(Self.equals)
                buffer.append(value.span)
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
        beginV4(method: method, bucket: resource.bucket, key: resource.key.map { $0[...] })
        appendQuery(resource.parameters, leavingOut: left)
        buffer.append(Self.newline)
        select(fields) { Self.isAlwaysSigned($0, in: fields) || Self.list(additional, names: $0, of: fields) }
        appendSelected(fields)
        buffer.append(Self.newline)
        buffer.append(additional.span)
        buffer.append("\nUNSIGNED-PAYLOAD")
    }

    /// Writes the V4 canonical request of a request about an object without parameters, as uploads are.
    mutating func writeV4(
        method: String, bucket: String, key: ArraySlice<UInt8>, fields: HeaderFields, additional: [UInt8]
    ) {
        beginV4(method: method, bucket: bucket, key: key)
        buffer.append(Self.newline)
        select(fields) { Self.isAlwaysSigned($0, in: fields) || Self.list(additional, names: $0, of: fields) }
        appendSelected(fields)
        buffer.append(Self.newline)
        buffer.append(additional.span)
        buffer.append("\nUNSIGNED-PAYLOAD")
    }

    private mutating func beginV4(method: String, bucket: String?, key: ArraySlice<UInt8>?) {
        buffer.removeAll()
        buffer.append(method)
        buffer.append(Self.newline)
        buffer.append(Self.slash)
        if let bucket {
            buffer.appendPercentEncoded(bucket.utf8.span, keeping: .unreserved)
            buffer.append(Self.slash)
            if let key { buffer.appendPercentEncoded(key.span, keeping: .unreservedAndSlash) }
        }
        buffer.append(Self.newline)
    }

    /// Whether a V4 signature covers the field at `index` without being asked to.
    static func isAlwaysSigned(_ index: Int, in fields: HeaderFields) -> Bool {
        switch fields.nameRange(at: index).count {
        case 11: fields.hasPrefix("x-oss-", at: index) || fields.isNamed("content-md5", at: index)
        case 12: fields.hasPrefix("x-oss-", at: index) || fields.isNamed("content-type", at: index)
        default: fields.hasPrefix("x-oss-", at: index)
        }
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
            if index > 0 { buffer.append(Self.ampersand) }
            buffer.append(bytes.span.extracting(parameter.name))
            if !parameter.value.isEmpty {
                buffer.append(Self.equals)
                buffer.append(bytes.span.extracting(parameter.value))
            }
        }
    }

    // MARK: Header fields

    /// Puts the indices of the chosen fields into `order`, by lower-cased name.
    private mutating func select(_ fields: HeaderFields, where isSigned: (Int) -> Bool) {
        fields.sort(into: &order, where: isSigned)
    }

    /// Appends a line for each name of the selection, values of one name joined with commas.
    private mutating func appendSelected(_ fields: HeaderFields) {
        var previous: Int?
        for index in order {
            if let previous, Self.haveSameName(previous, index, in: fields) {
                buffer[buffer.count - 1] = Self.comma
            } else {
                let name = fields.nameRange(at: index)
                buffer.appendLowercased(fields.bytes.span.extracting(name))
                buffer.append(Self.colon)
            }
            appendValue(fields, at: index)
            buffer.append(Self.newline)
            previous = index
        }
    }

    /// Appends the value of the field at `index` without blanks at its ends.
    private mutating func appendValue(_ fields: HeaderFields, at index: Int) {
        let range = fields.valueRange(at: index)
        let bytes = fields.bytes.span
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, Self.isBlank(bytes[lower]) { lower += 1 }
        while lower < upper, Self.isBlank(bytes[upper - 1]) { upper -= 1 }
        buffer.append(bytes.extracting(lower..<upper))
    }

    private static func haveSameName(_ left: Int, _ right: Int, in fields: HeaderFields) -> Bool {
        fields.haveSameName(left, right)
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
