// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Builds the text that a signature of US3 covers, in storage that is filled again and again; confined to its owner's
/// loop.
///
/// Signer and verifier share it, so that what one signs the other accepts. Source: api/authorization.md and
/// putpolicy.md of the US3 manual; `Authorization` and `AuthorizationPolicy` in auth.go of the Go SDK.
struct US3CanonicalText: ~Copyable {
    private var buffer = OctetBuffer()
    /// Indices of the `X-UCloud-*` fields, by name.
    private var order: [Int] = []

    /// A copy of the string to sign; for people and tests.
    var text: [UInt8] { Array(buffer) }

    /// Lends the string to sign.
    borrowing func withText<Result>(_ body: (Span<UInt8>) -> Result) -> Result { buffer.withSpan(body) }

    /// Writes the text of a request whose fields say what the object is.
    ///
    /// - Parameters:
    ///   - key: decoded; empty for requests about the bucket. Sub-resources never stand in it.
    ///   - expires: Unix seconds as they stand in a URL; they take the place of the `Date`. nil: header form.
    ///   - policy: the put policy as it stands in `Authorization`; nil: none.
    mutating func write(
        method: String, bucket: String, key: [UInt8], fields: HeaderFields, expires: Span<UInt8>?, policy: Span<UInt8>?
    ) {
        begin(method)
        appendValue(of: "Content-MD5", in: fields)
        appendValue(of: "Content-Type", in: fields)
        if let expires {
            buffer.append(expires)
            buffer.append(Self.newline)
        } else {
            appendValue(of: "Date", in: fields)
        }
        appendVendorFields(fields)
        appendResource(bucket, key)
        if let policy { buffer.append(policy) }
    }

    /// Writes the text of a form, whose type and MD5 are those of its file (post_file.md of the US3 API manual).
    mutating func writeForm(bucket: String, key: [UInt8], fileMD5: Span<UInt8>, fileType: Span<UInt8>) {
        begin("POST")
        buffer.append(fileMD5)
        buffer.append(Self.newline)
        buffer.append(fileType)
        buffer.append(Self.newline)
        buffer.append(Self.newline)
        appendResource(bucket, key)
    }

    private mutating func begin(_ method: String) {
        buffer.removeAll()
        buffer.append(method)
        buffer.append(Self.newline)
    }

    /// A field that is missing and one that is empty are the same.
    private mutating func appendValue(of name: StaticString, in fields: HeaderFields) {
        if let index = fields.firstIndex(of: name) {
            buffer.append(fields.bytes.span.extracting(fields.valueRange(at: index)))
        }
        buffer.append(Self.newline)
    }

    /// A policy follows the resource without a separator.
    private mutating func appendResource(_ bucket: String, _ key: [UInt8]) {
        buffer.append(Self.slash)
        buffer.append(bucket)
        buffer.append(Self.slash)
        buffer.append(key.span)
    }

    /// A line for each name that begins with `x-ucloud-`, values of one name joined with commas. Folded values, whose
    /// line ends would become a space, are refused by the parser already.
    private mutating func appendVendorFields(_ fields: HeaderFields) {
        order.removeAll(keepingCapacity: true)
        for index in fields.indices where fields.hasPrefix("x-ucloud-", at: index) { order.append(index) }
        guard !order.isEmpty else { return }
        // `sort` is stable (SE-0372), so fields of one name keep their order.
        order.sort { Self.name(at: $0, in: fields).lexicographicallyPrecedes(Self.name(at: $1, in: fields)) }
        var previous: Int?
        for index in order {
            if let previous, fields.haveSameName(previous, index) {
                buffer[buffer.count - 1] = UInt8(ascii: ",")
            } else {
                buffer.appendLowercased(fields.bytes.span.extracting(fields.nameRange(at: index)))
                buffer.append(UInt8(ascii: ":"))
            }
            buffer.append(fields.bytes.span.extracting(fields.valueRange(at: index)))
            buffer.append(Self.newline)
            previous = index
        }
    }

    private static func name(at index: Int, in fields: HeaderFields) -> [UInt8] {
        fields.name(at: index).map(\.asciiLowercased)
    }

    private static let newline: UInt8 = 0x0A
    private static let slash = UInt8(ascii: "/")
}
