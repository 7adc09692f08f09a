// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
internal import Signing

/// Reads what clients of OSS send.
package enum OSSInbound {
    /// The largest body of one PutObject, UploadPart or PostObject, and the largest object that is appended to, in bytes
    /// ("PutObject", "UploadPart", "PostObject" and "AppendObject" of the OSS API reference).
    package static let largestPutBytes: UInt64 = 5 << 30

    /// What a request asks for, or how OSS refuses it. Nothing is verified here.
    package static func read(_ head: RequestHead, at listener: ListenerPlace) throws(VendorError) -> ClientRequest {
        let place = try Place.of(head, listener)
        let text = head.query ?? []
        guard let query = QueryItems(text.span, plusIsSpace: true) else {
            throw .invalidArgument(name: "query", value: String(octets: text.span))
        }
        guard let bucket = place.bucket else { throw refusal(head.method, of: "Service") }
        guard OSSNames.isBucket(bucket.utf8.span) else {
            throw VendorError(.invalidBucketName, details: [("BucketName", bucket)])
        }
        if let key = place.key, let problem = OSSNames.problem(withKey: key.span) { throw problem }
        let parameters = query.items.map { (name: $0.name, value: $0.value) }
        let operation =
            place.key == nil
            ? try bucketOperation(head, parameters) : try objectOperation(head, parameters)
        var request = ClientRequest(
            operation, bucket: bucket, key: place.key ?? [], addressing: place.addressing, parameters: parameters,
            contentLength: head.bodyLength)
        try readOptions(of: &request, head)
        return request
    }

    // MARK: Operation

    /// A request about an object: the method and the sub-resource parameters choose.
    private static func objectOperation(
        _ head: RequestHead, _ parameters: [(name: [UInt8], value: [UInt8])]
    ) throws(VendorError) -> StoreOperation {
        let query = Query(parameters)
        switch head.method {
        case .put where query.contains("partNumber") || query.contains("uploadId"):
            try refuseOthers(query, than: ["partNumber", "uploadId"])
            if head.fields.contains("x-oss-copy-source") { throw .notImplemented("UploadPartCopy") }
            return .putPart(uploadID: try query.uploadID(), number: try query.partNumber())
        case .put:
            try refuseOthers(query, than: [])
            if head.fields.contains("x-oss-copy-source") { throw .notImplemented("CopyObject") }
            return .putObject
        case .post where query.contains("append"):
            try refuseOthers(query, than: ["append", "position"])
            return .appendObject(position: try query.position())
        case .post where query.contains("uploads"):
            try refuseOthers(query, than: ["uploads"])
            return .createUpload
        case .post where query.contains("uploadId"):
            try refuseOthers(query, than: ["uploadId"])
            return .completeUpload(uploadID: try query.uploadID())
        case .post:
            try refuseOthers(query, than: [])
            throw .methodNotAllowed("POST", on: "Object")
        case .get where query.contains("uploadId"):
            try refuseOthers(query, than: ["uploadId"])
            return .listParts(uploadID: try query.uploadID(), try query.partListing())
        case .get:
            try refuseOthers(query, than: responseParameters)
            return .getObject
        case .head:
            // GetObjectMeta is a HeadObject that tells less; oss2 asks it whether an object exists.
            try refuseOthers(query, than: responseParameters.union(["objectMeta"]))
            return .headObject
        case .delete where query.contains("uploadId"):
            try refuseOthers(query, than: ["uploadId"])
            return .abortUpload(uploadID: try query.uploadID())
        case .delete:
            try refuseOthers(query, than: [])
            return .deleteObject
        default: throw .methodNotAllowed(head.method.name, on: "Object")
        }
    }

    /// A request about a bucket: a form, or the list of its uploads.
    private static func bucketOperation(
        _ head: RequestHead, _ parameters: [(name: [UInt8], value: [UInt8])]
    ) throws(VendorError) -> StoreOperation {
        let query = Query(parameters)
        switch head.method {
        case .post:
            try refuseOthers(query, than: [])
            guard let type = head.fields.first("Content-Type"), FormBoundary.isForm(type.span) else {
                throw VendorError(.requestIsNotMultiPartContent)
            }
            return .postObject
        case .get where query.contains("uploads"):
            try refuseOthers(query, than: ["uploads"])
            return .listUploads(try query.uploadListing())
        default:
            try refuseOthers(query, than: [])
            throw refusal(head.method, of: "Bucket")
        }
    }

    /// Refuses what would make the request another operation than the one with these parameters.
    private static func refuseOthers(_ query: Query, than own: Set<String>) throws(VendorError) {
        for (name, _) in query.parameters where OSSResource.isSubresource(name) {
            let text = String(octets: name.span)
            guard own.contains(text) || harmlessParameters.contains(text) else {
                throw .notImplemented("The operation ?\(text)")
            }
        }
    }

    private static func refusal(_ method: HTTPMethod, of resource: String) -> VendorError {
        switch method {
        case .get, .head, .put, .post, .delete: .notImplemented("\(method.name) \(resource)")
        default: .methodNotAllowed(method.name, on: resource)
        }
    }

    /// Sub-resources that say which fields an answer with an object has.
    private static let responseParameters: Set<String> = Set(overridable.map(\.parameter))

    /// Sub-resources that go with any operation.
    private static let harmlessParameters: Set<String> = [
        "callback", "callback-var", "security-token", "x-oss-security-token", "x-oss-signature-version",
        "x-oss-signature", "x-oss-date", "x-oss-expires", "x-oss-credential", "x-oss-additional-headers",
        "x-oss-traffic-limit", "x-oss-request-payer", "x-oss-ac-forward-allow", "x-oss-ac-source-ip",
        "x-oss-ac-subnet-mask", "x-oss-ac-vpc-id",
    ]
}
