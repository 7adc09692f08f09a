// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets
internal import Signing

// Rules of the pages "PutObject", "GetObject" and "Callback" of the OSS API reference.
extension OSSInbound {
    static func putOptions(_ head: RequestHead, _ resource: OSSResource) throws(VendorError) -> OSSPutOptions {
        let fields = head.fields
        if fields.contains("x-oss-copy-source") { throw .notImplemented("CopyObject") }
        for name in ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"] {
            if fields.contains(name) { throw VendorError(.headerNotImplemented, details: [("Header", name)]) }
        }
        var options = OSSPutOptions()
        switch head.framing {
        case .length(let count): options.contentLength = count
        case .chunked: options.contentLength = nil
        case .none, .untilClose: throw VendorError(.missingContentLength)
        }
        if let count = options.contentLength, count > largestPutBytes { throw tooLarge(count) }
        options.contentMD5 = try contentMD5(fields)
        options.crc64 = try crc64(fields)
        options.forbidsOverwrite = try flag("x-oss-forbid-overwrite", fields)
        options.callback = try callback(fields, resource)
        options.trafficLimit = try either(
            header: "x-oss-traffic-limit", parameter: "x-oss-traffic-limit", fields, resource,
            ec: nil)
        return options
    }

    static func getOptions(_ head: RequestHead, _ resource: OSSResource) throws(VendorError) -> ReadOptions {
        var options = ReadOptions()
        let isStandard = head.fields.string("x-oss-range-behavior")?.lowercased() == "standard"
        if let range = head.fields.first("Range") { options.range = ByteRange(range.span, isStandard: isStandard) }
        for (parameter, name) in overridable {
            guard let value = resource.first(parameter) else { continue }
            guard HeaderFields.isValidValue(value.span) else {
                throw .invalidArgument(name: parameter, value: String(octets: value.span))
            }
            options.overrides.append((name, value))
        }
        return options
    }

    /// An upload that is larger than one PutObject may be.
    package static func tooLarge(_ bytes: UInt64, maximum: UInt64 = largestPutBytes) -> VendorError {
        VendorError(
            .entityTooLarge, details: [("MaxSizeAllowed", String(maximum)), ("ProposedSize", String(bytes))])
    }

    private static func contentMD5(_ fields: HeaderFields) throws(VendorError) -> [UInt8]? {
        guard let value = fields.first("Content-MD5") else { return nil }
        guard fields.count(of: "Content-MD5") == 1, let digest = Base64.decode(value.span), digest.count == 16 else {
            throw VendorError(.invalidDigest, details: [("Content-MD5", String(octets: value.span))])
        }
        return digest
    }

    private static func crc64(_ fields: HeaderFields) throws(VendorError) -> UInt64? {
        guard let value = fields.first("x-oss-hash-crc64ecma") else { return nil }
        guard fields.count(of: "x-oss-hash-crc64ecma") == 1, let crc = UInt64(decimal: value.span) else {
            throw .invalidArgument(name: "x-oss-hash-crc64ecma", value: String(octets: value.span))
        }
        return crc
    }

    private static func flag(_ name: String, _ fields: HeaderFields) throws(VendorError) -> Bool {
        guard let text = fields.string(name) else { return false }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        // Overwriting an object because of a typing error cannot be undone.
        default: throw .invalidArgument(name: name, value: text)
        }
    }

    private static func callback(_ fields: HeaderFields, _ resource: OSSResource) throws(VendorError) -> RawCallback? {
        let callback = try either(
            header: "x-oss-callback", parameter: "callback", fields, resource, ec: "0007-00000027")
        let variables = try either(
            header: "x-oss-callback-var", parameter: "callback-var", fields, resource, ec: nil)
        return callback.map { RawCallback(callback: $0, variables: variables) }
    }

    /// A value that stands in a header field or in the query, but never in both.
    private static func either(
        header: String, parameter: String, _ fields: HeaderFields, _ resource: OSSResource, ec: String?
    ) throws(VendorError) -> [UInt8]? {
        let inQuery = resource.first(parameter)
        guard let inHeader = fields.first(header) else { return inQuery }
        guard inQuery == nil else {
            throw .invalidArgument(
                "Either the \(parameter) query string parameter or the \(header) header should be specified, not both.",
                name: parameter, value: String(octets: inHeader.span), ec: ec)
        }
        guard fields.count(of: header) == 1 else {
            throw .invalidArgument(name: header, value: String(octets: inHeader.span))
        }
        return Array(inHeader)
    }

    private static let overridable = [
        ("response-content-type", "Content-Type"), ("response-content-language", "Content-Language"),
        ("response-expires", "Expires"), ("response-cache-control", "Cache-Control"),
        ("response-content-disposition", "Content-Disposition"), ("response-content-encoding", "Content-Encoding"),
    ]
}
