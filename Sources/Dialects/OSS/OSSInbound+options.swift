// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

// Rules of the pages "PutObject", "AppendObject", "UploadPart", "GetObject" and "Callback" of the OSS API reference.
extension OSSInbound {
    /// Reads what else the operation heeds.
    static func readOptions(of request: inout ClientRequest, _ head: RequestHead) throws(VendorError) {
        let fields = head.fields
        switch request.operation {
        case .putObject, .appendObject, .putPart:
            try readUpload(of: &request, head)
        case .createUpload:
            request.forbidsOverwrite = try flag("x-oss-forbid-overwrite", fields)
        case .postObject:
            try readForm(of: &request, head)
        case .completeUpload:
            request.forbidsOverwrite = try flag("x-oss-forbid-overwrite", fields)
            request.contentMD5 = try contentMD5(fields)
            request.callback = try callback(fields, request)
        case .getObject, .headObject:
            request.read = try readOptions(fields, request)
        case .abortUpload, .listParts, .listUploads, .deleteObject, .headBucket: break
        }
        try refuseCallback(fields, request)
    }

    /// A form says what it wants in its fields; of the header only its own framing, and the access rights of an object
    /// whose form does not name any, count ("PostObject" of the OSS API reference).
    private static func readForm(of request: inout ClientRequest, _ head: RequestHead) throws(VendorError) {
        if head.framing == .none { throw VendorError(.missingContentLength) }
        if let length = request.contentLength, length > largestPutBytes { throw tooLarge(length) }
        request.contentMD5 = try contentMD5(head.fields)
        guard let access = head.fields.first("x-oss-object-acl") else { return }
        var fields = HeaderFields()
        fields.append("x-oss-object-acl", bytes: access.span)
        request.objectFields = fields
    }

    private static func readUpload(of request: inout ClientRequest, _ head: RequestHead) throws(VendorError) {
        let fields = head.fields
        var position: UInt64 = 0
        switch request.operation {
        case .putPart:
            // The upload has said it for all of its parts.
            if let value = fields.string("x-oss-server-side-encryption") {
                throw .invalidArgument(name: "x-oss-server-side-encryption", value: value)
            }
        case .appendObject(let length):
            position = length
            try refuseConditions(fields)
        default:
            try refuseConditions(fields)
        }
        if head.framing == .none { throw VendorError(.missingContentLength) }
        let total = position.addingReportingOverflow(request.contentLength ?? 0)
        if total.overflow || total.partialValue > largestPutBytes { throw tooLarge(total.partialValue) }
        request.contentMD5 = try contentMD5(fields)
        request.crc64 = try crc64(fields)
        request.forbidsOverwrite = try flag("x-oss-forbid-overwrite", fields)
        if request.operation == .putObject { request.callback = try callback(fields, request) }
        _ = try either(header: "x-oss-traffic-limit", parameter: "x-oss-traffic-limit", fields, request, ec: nil)
    }

    private static func refuseConditions(_ fields: HeaderFields) throws(VendorError) {
        for name in ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"] {
            if fields.contains(name) { throw VendorError(.headerNotImplemented, details: [("Header", name)]) }
        }
    }

    private static func readOptions(
        _ fields: HeaderFields, _ request: ClientRequest
    ) throws(VendorError) -> ReadOptions {
        var options = ReadOptions()
        let isStandard = fields.string("x-oss-range-behavior")?.lowercased() == "standard"
        if let range = fields.first("Range") { options.range = ByteRange(range.span, isStandard: isStandard) }
        for (parameter, name) in overridable {
            guard let value = request.first(parameter) else { continue }
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

    static func flag(_ name: String, _ fields: HeaderFields) throws(VendorError) -> Bool {
        guard let text = fields.string(name) else { return false }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        // Overwriting an object because of a typing error cannot be undone.
        default: throw .invalidArgument(name: name, value: text)
        }
    }

    // MARK: Callback

    private static func callback(_ fields: HeaderFields, _ request: ClientRequest) throws(VendorError) -> RawCallback? {
        let callback = try either(
            header: "x-oss-callback", parameter: "callback", fields, request, ec: "0007-00000027")
        let variables = try either(
            header: "x-oss-callback-var", parameter: "callback-var", fields, request, ec: nil)
        return callback.map { RawCallback(callback: $0, variables: variables) }
    }

    /// No object exists after a part, and none is whole after an append, so that OSS makes no callback there ("Callback"
    /// of the OSS API reference). What it does with the parameters is not documented; a client that waits for a callback
    /// must not be left waiting.
    private static func refuseCallback(_ fields: HeaderFields, _ request: ClientRequest) throws(VendorError) {
        switch request.operation {
        case .appendObject, .createUpload, .putPart: break
        default: return
        }
        guard let value = fields.first("x-oss-callback") ?? request.first("callback")?[...] else { return }
        throw .invalidArgument(
            "\(request.operation.apiName) does not support callbacks.", name: "callback",
            value: String(octets: value.span))
    }

    /// A value that stands in a header field or in the query, but never in both.
    private static func either(
        header: String, parameter: String, _ fields: HeaderFields, _ request: ClientRequest, ec: String?
    ) throws(VendorError) -> [UInt8]? {
        let inQuery = request.first(parameter)
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

    static let overridable: [(parameter: String, name: String)] = [
        ("response-content-type", "Content-Type"), ("response-content-language", "Content-Language"),
        ("response-expires", "Expires"), ("response-cache-control", "Cache-Control"),
        ("response-content-disposition", "Content-Disposition"), ("response-content-encoding", "Content-Encoding"),
    ]
}
