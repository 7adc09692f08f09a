// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

// Fields of PutObject and its neighbours (tos/type.go of the Go SDK, clientv2.py of the Python SDK, page 74860).
extension TOSInbound {
    static func readOptions(of request: inout ClientRequest, _ head: RequestHead) throws(VendorError) {
        let fields = head.fields
        switch request.operation {
        case .putObject, .appendObject, .putPart:
            request.wantsETag = fields.contains("x-tos-if-match")
            guard head.framing != .none else { throw VendorError(.tosNoContentLength) }
            if let length = request.contentLength, length > largestPutBytes {
                throw VendorError(tos: .tooLarge(maximum: largestPutBytes))
            }
            request.contentMD5 = try contentMD5(fields)
            if try TOSTrailer.isAnnounced(fields) {
                request.hasTrailer = true
                request.contentLength = try TOSTrailer.decodedLength(fields)
                request.objectFields = TOSTrailer.objectFields(fields)
            } else {
                request.contentSHA256 = try contentSHA256(fields)
            }
            // RequestTransport.java of the Java SDK.
            if case .appendObject = request.operation, request.contentLength == nil {
                throw VendorError(.tosNoContentLength)
            }
            request.forbidsOverwrite = try flag("x-tos-forbid-overwrite", fields)
            if request.operation == .putObject { request.callback = try callback(fields, request) }
        case .createUpload:
            request.forbidsOverwrite = try flag("x-tos-forbid-overwrite", fields)
        case .completeUpload:
            request.contentSHA256 = try contentSHA256(fields)
            request.forbidsOverwrite = try flag("x-tos-forbid-overwrite", fields)
            request.callback = try callback(fields, request)
        case .getObject, .headObject:
            if let range = fields.first("Range") { request.read.range = ByteRange(range.span, isStandard: true) }
        case .postObject:
            guard head.framing != .none else { throw VendorError(.tosNoContentLength) }
        case .abortUpload, .listParts, .listUploads, .deleteObject, .headBucket: break
        }
    }

    private static func contentMD5(_ fields: HeaderFields) throws(VendorError) -> [UInt8]? {
        guard let value = fields.first("Content-MD5") else { return nil }
        guard fields.count(of: "Content-MD5") == 1, let digest = Base64.decode(value.span), digest.count == 16 else {
            throw VendorError(.tosInvalidDigest)
        }
        return digest
    }

    /// What the client signed for the body: nothing, or its hash (page 74839; `ContentSHA256Mismatch` in the Go SDK's codes).
    private static func contentSHA256(_ fields: HeaderFields) throws(VendorError) -> [UInt8]? {
        guard let value = fields.first("x-tos-content-sha256"), !value.elementsEqual("UNSIGNED-PAYLOAD".utf8) else {
            return nil
        }
        guard let digest = Hex.decode(value.span), digest.count == 32 else {
            throw VendorError(tos: .badRequest("x-tos-content-sha256 is no SHA-256."))
        }
        return digest
    }

    /// The Python SDK sends `True`, the Go SDK `true` or `false` with every upload.
    static func flag(_ name: StaticString, _ fields: HeaderFields) throws(VendorError) -> Bool {
        guard let index = fields.firstIndex(of: name) else { return false }
        switch String(octets: fields.value(at: index).span).lowercased() {
        case "true": return true
        case "false": return false
        default: throw VendorError(tos: .badRequest("x-tos-forbid-overwrite must be true or false."))
        }
    }

    /// In header fields; or in the query, as third-party code signs it.
    private static func callback(_ fields: HeaderFields, _ request: ClientRequest) throws(VendorError) -> RawCallback? {
        let callback = try either("x-tos-callback", fields, request)
        let variables = try either("x-tos-callback-var", fields, request)
        return callback.map { RawCallback(callback: $0, variables: variables) }
    }

    private static func either(
        _ name: String, _ fields: HeaderFields, _ request: ClientRequest
    ) throws(VendorError) -> [UInt8]? {
        let inQuery = request.first(name)
        let index = fields.indices.first { String(octets: fields.name(at: $0).span).lowercased() == name }
        guard let index else { return inQuery }
        guard inQuery == nil else {
            throw VendorError(tos: .badRequest("\(name) stands in the query and in a header."))
        }
        return Array(fields.value(at: index))
    }
}
