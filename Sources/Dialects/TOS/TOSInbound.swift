// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// Reads what clients of TOS send.
package enum TOSInbound {
    /// The largest body of one request, in bytes (page 129228 says it of forms, the SDKs of parts).
    package static let largestPutBytes: UInt64 = 5 << 30

    /// What a request asks for, or how TOS refuses it. Nothing is verified here.
    package static func read(_ head: RequestHead, at listener: ListenerPlace) throws(VendorError) -> ClientRequest {
        let place = try Place.of(head, listener)
        let text = head.query ?? []
        // In a query a bare plus is a space: so requests and net/url write it.
        guard let query = QueryItems(text.span, plusIsSpace: true) else {
            throw VendorError(tos: .badRequest("The query holds an invalid percent-encoding."))
        }
        guard let bucket = place.bucket else { throw .notImplementedByTOS("\(head.method.name) Service") }
        guard OSSNames.isBucket(bucket.utf8.span) else { throw VendorError(.tosInvalidBucketName) }
        if let key = place.key { try check(key) }
        let parameters = query.items.map { (name: $0.name, value: $0.value) }
        let operation =
            place.key == nil
            ? try bucketOperation(head, Query(parameters)) : try objectOperation(head, Query(parameters))
        var request = ClientRequest(
            operation, bucket: bucket, key: place.key ?? [], addressing: place.addressing, parameters: parameters,
            contentLength: head.bodyLength)
        try readOptions(of: &request, head)
        return request
    }

    /// 1 to 1024 bytes of UTF-8: 697 characters pass, 1025 do not (tests of the C++ and .NET SDKs).
    static func check(_ key: [UInt8]) throws(VendorError) {
        if key.count > 1024 { throw VendorError(.tosKeyTooLong) }
        guard !key.isEmpty, String(validating: key.span) != nil else {
            throw VendorError(tos: .badKey("The object name is not valid."))
        }
    }

    // MARK: Operation

    private static func objectOperation(_ head: RequestHead, _ query: Query) throws(VendorError) -> StoreOperation {
        for name in unoffered where query.contains(name) { throw .notImplementedByTOS("The operation ?\(name)") }
        if head.fields.contains("x-tos-copy-source") { throw .notImplementedByTOS("Copying") }
        switch head.method {
        case .put where query.contains("uploadId") || query.contains("partNumber"):
            return .putPart(uploadID: try query.uploadID(), number: try query.partNumber())
        case .put: return .putObject
        case .post where query.contains("append"): return .appendObject(position: try query.offset())
        case .post where query.contains("uploads"): return .createUpload
        case .post where query.contains("uploadId"): return .completeUpload(uploadID: try query.uploadID())
        case .get where query.contains("uploadId"):
            return .listParts(uploadID: try query.uploadID(), try query.partListing())
        case .get: return .getObject
        case .head: return .headObject
        case .delete where query.contains("uploadId"): return .abortUpload(uploadID: try query.uploadID())
        case .delete: return .deleteObject
        default: throw VendorError(tos: .methodNotAllowed)
        }
    }

    private static func bucketOperation(_ head: RequestHead, _ query: Query) throws(VendorError) -> StoreOperation {
        switch head.method {
        case .post where query.isEmpty:
            guard let type = head.fields.first("Content-Type"), FormBoundary.isForm(type.span) else {
                throw VendorError(tos: .badRequest("A form must be multipart/form-data."))
            }
            return .postObject
        case .get where query.contains("uploads"): return .listUploads(try query.uploadListing())
        case .head: return .headBucket
        default: throw .notImplementedByTOS("\(head.method.name) Bucket")
        }
    }

    /// Sub-resources of objects that a gateway for uploads does not offer.
    private static let unoffered = [
        "acl", "tagging", "metadata", "restore", "fetch", "fetchTask", "rename", "symlink", "modify", "delete",
    ]
}
