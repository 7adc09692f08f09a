// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Octets

/// Builds the texts that TOS signatures cover, in storage that is filled again and again; confined to its owner's loop.
///
/// Signer and verifier share it, so that what one signs the other accepts. Made from decoded values: what SDKs leave
/// unescaped on the wire differs, what they sign does not. Source: "Signature mechanism", pages 129225 and 129226 of the
/// TOS help; tos/auth.py of the Python SDK and tos/sign_v4.go of the Go SDK, which agree.
struct TOSCanonicalText: ~Copyable {
    typealias Parameters = [(name: [UInt8], value: [UInt8])]

    /// What a signature covers of a request, but for its header fields.
    struct Request {
        let method: String
        /// In path style; nil elsewhere, and where the key is the whole path.
        let bucket: String?
        /// Decoded, without the slash in front of it.
        let key: [UInt8]
        /// Decoded; the signature itself is left out.
        let parameters: Parameters
    }

    private var buffer = OctetBuffer()
    private var stringToSignBuffer = OctetBuffer()
    /// A signature to compare with, kept for its capacity.
    private var scratch: [UInt8] = []
    /// Indices of the parameters, in the order of writing.
    private var order: [Int] = []
    /// Whether a value that was written has blanks that some SDKs fold.
    private(set) var hasFoldableBlanks = false

    /// A copy of the canonical request; for people and tests.
    var text: [UInt8] { Array(buffer) }

    /// A copy of the string to sign; for people and tests.
    var stringToSign: [UInt8] { Array(stringToSignBuffer) }

    /// Writes the canonical request.
    ///
    /// - Parameters:
    ///   - signed: names of the signed fields, joined with semicolons, as they stand in the request.
    ///   - host: of the `host` line; nil takes the field's.
    ///   - foldsBlanks: whether a run of blanks in a value counts as one.
    mutating func write(
        _ request: Request, fields: HeaderFields, signed: Span<UInt8>, host: ArraySlice<UInt8>? = nil,
        payload: Span<UInt8>, foldsBlanks: Bool = false
    ) {
        buffer.removeAll()
        hasFoldableBlanks = false
        buffer.append(request.method)
        buffer.append("\n/")
        if let bucket = request.bucket {
            buffer.appendPercentEncoded(bucket.utf8.span, keeping: .unreserved)
            buffer.append(UInt8(ascii: "/"))
        }
        buffer.appendPercentEncoded(request.key.span, keeping: .unreservedAndSlash)
        buffer.append(Self.newline)
        appendQuery(request.parameters)
        buffer.append(Self.newline)
        var start = 0
        while start < signed.count {
            let end = signed.end(ofElementAt: start)
            let name = signed.extracting(start..<end)
            start = end + 1
            guard !name.isEmpty else { continue }
            buffer.appendLowercased(name)
            buffer.append(UInt8(ascii: ":"))
            if let host, name.equalsIgnoringCase("host") {
                buffer.append(host)
            } else {
                appendValues(of: name, in: fields, foldsBlanks)
            }
            buffer.append(Self.newline)
        }
        buffer.append(Self.newline)
        buffer.append(signed)
        buffer.append(Self.newline)
        buffer.append(payload)
    }

    /// Makes the string to sign of the canonical request.
    ///
    /// - Parameter date: `YYYYMMDD'T'HHMMSS'Z'`.
    mutating func writeStringToSign(_ key: TOSScopeKey, date: Span<UInt8>) {
        let digest = SHA256.digest(of: buffer.span)
        stringToSignBuffer.removeAll()
        stringToSignBuffer.append("TOS4-HMAC-SHA256\n")
        stringToSignBuffer.append(date)
        stringToSignBuffer.append(Self.newline)
        stringToSignBuffer.append(key.scope)
        stringToSignBuffer.append(Self.newline)
        stringToSignBuffer.appendHex(digest.span)
    }

    /// Appends the signature of the string to sign, 64 lower-case hexadecimal digits.
    func appendSignature(_ key: TOSScopeKey, to output: inout OutputSpan<UInt8>) {
        key.appendSignature(of: stringToSignBuffer.span, to: &output)
    }

    /// Whether that is the signature of the string to sign; compared in constant time.
    mutating func isSigned(_ key: TOSScopeKey, by signature: Span<UInt8>) -> Bool {
        var expected: [UInt8] = []
        swap(&expected, &scratch)
        expected.removeAll(keepingCapacity: true)
        key.appendSignature(of: stringToSignBuffer.span, to: &expected)
        let isEqual = constantTimeEqual(expected.span, signature)
        swap(&expected, &scratch)
        return isEqual
    }

    // MARK: Parts

    /// Sorted by decoded name, then value; a parameter without a value has an equals sign.
    private mutating func appendQuery(_ parameters: Parameters) {
        order.removeAll(keepingCapacity: true)
        for index in parameters.indices {
            let name = parameters[index].name
            if !name.span.equalsIgnoringCase("x-tos-signature") { order.append(index) }
        }
        order.sort { left, right in
            let (one, other) = (parameters[left], parameters[right])
            return one.name == other.name
                ? one.value.lexicographicallyPrecedes(other.value) : one.name.lexicographicallyPrecedes(other.name)
        }
        var isFirst = true
        for index in order {
            if !isFirst { buffer.append(UInt8(ascii: "&")) }
            isFirst = false
            let (name, value) = parameters[index]
            buffer.appendPercentEncoded(name.span, keeping: .unreserved)
            buffer.append(UInt8(ascii: "="))
            buffer.appendPercentEncoded(value.span, keeping: .unreserved)
        }
    }

    /// Values of one name are joined with commas, as the Go SDK does.
    private mutating func appendValues(of name: Span<UInt8>, in fields: HeaderFields, _ foldsBlanks: Bool) {
        var next = fields.nextIndex(named: name, from: 0)
        while let index = next {
            let bytes = fields.bytes.span
            append(bytes.extracting(fields.valueRange(at: index)), foldsBlanks)
            next = fields.nextIndex(named: name, from: index + 1)
            if next != nil { buffer.append(UInt8(ascii: ",")) }
        }
    }

    /// The Go and JavaScript SDKs sign one blank for a run of them and send the value as it is; Python, Java and C++ sign
    /// it as it is.
    private mutating func append(_ value: Span<UInt8>, _ foldsBlanks: Bool) {
        var start = 0
        var wasBlank = false
        for index in value.indices {
            let byte = value[index]
            let isBlank = byte == 0x20 || byte == 0x09
            if isBlank, wasBlank || byte == 0x09 { hasFoldableBlanks = true }
            if isBlank, foldsBlanks {
                buffer.append(value.extracting(start..<index))
                start = index + 1
                if !wasBlank { buffer.append(0x20) }
            }
            wasBlank = isBlank
        }
        buffer.append(value.extracting(start..<value.count))
    }

    private static let newline: UInt8 = 0x0A
}

extension Span<UInt8> {
    /// Where the element of a list with semicolons ends that begins at `start`.
    func end(ofElementAt start: Int) -> Int {
        var end = start
        while end < count, self[end] != UInt8(ascii: ";") { end += 1 }
        return end
    }

    /// Whether a list with semicolons has the element, letter case aside.
    func list(contains name: Span<UInt8>) -> Bool {
        var start = 0
        while start < count {
            let end = end(ofElementAt: start)
            if extracting(start..<end).equalsIgnoringCase(name) { return true }
            start = end + 1
        }
        return false
    }

    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index].asciiLowercased != other[index].asciiLowercased { return false }
        return true
    }

    func equalsIgnoringCase(_ other: StaticString) -> Bool { equalsIgnoringCase(other.octets) }
}
