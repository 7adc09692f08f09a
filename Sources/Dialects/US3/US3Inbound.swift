// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// Reads what clients of US3 send.
package enum US3Inbound {
    /// The largest body of one PutFile or PostFile, in bytes (introduction/limit.md of the US3 manual).
    package static let largestPutBytes: UInt64 = 512 << 20

    /// What a request asks for, or how US3 refuses it. Nothing is verified here.
    package static func read(_ head: RequestHead, at listener: ListenerPlace) throws(VendorError) -> ClientRequest {
        let place = try Place.of(head, listener)
        let text = head.query ?? []
        guard let query = QueryItems(text.span, plusIsSpace: true) else {
            throw VendorError.us3(.invalidArgument, "invalid query")
        }
        let parameters = query.items.map { (name: $0.name, value: $0.value) }
        let operation =
            place.key.isEmpty ? try bucketOperation(head, parameters) : try objectOperation(head, place.key, parameters)
        if let problem = place.key.isEmpty ? nil : US3Names.problem(withKey: place.key.span) { throw problem }
        var request = ClientRequest(
            operation, bucket: place.bucket, key: place.key, addressing: place.addressing, parameters: parameters,
            contentLength: head.bodyLength)
        try readOptions(of: &request, head)
        return request
    }

    // MARK: Operation

    /// A request about an object: the method and a few parameters choose; others ride along.
    private static func objectOperation(
        _ head: RequestHead, _ key: [UInt8], _ parameters: [(name: [UInt8], value: [UInt8])]
    ) throws(VendorError) -> StoreOperation {
        let query = Query(parameters)
        switch head.method {
        case .put where query.contains("append"): throw .notImplementedByUS3("append")
        case .put where head.fields.contains("X-Ufile-Copy-Source"): throw .notImplementedByUS3("copy")
        case .put where query.contains("uploadId") || query.contains("partNumber"):
            return .putPart(uploadID: try query.uploadID(), number: try query.partNumber())
        case .put: return .putObject
        // Withdrawn by the vendor, and taken out of its SDKs.
        case .post where key.elementsEqual("uploadhit".utf8) && query.contains("Hash"):
            throw .notImplementedByUS3("uploadhit")
        case .post where query.contains("uploads"): return .createUpload
        case .post where query.contains("uploadId"): return .completeUpload(uploadID: try query.uploadID())
        case .get: return .getObject
        case .head: return .headObject
        case .delete where query.contains("uploadId"): return .abortUpload(uploadID: try query.uploadID())
        case .delete: return .deleteObject
        default: throw VendorError(us3: .methodNotAllowed)
        }
    }

    /// A request about a bucket: a form, or a list.
    private static func bucketOperation(
        _ head: RequestHead, _ parameters: [(name: [UInt8], value: [UInt8])]
    ) throws(VendorError) -> StoreOperation {
        let query = Query(parameters)
        switch head.method {
        case .post:
            guard let type = head.fields.first("Content-Type"), FormBoundary.isForm(type.span) else {
                throw VendorError.us3(.invalidArgument, "the request has neither a key nor a form")
            }
            return .postObject
        case .get where query.contains("muploadpart"):
            return .listParts(uploadID: try query.uploadID(), try query.partListing())
        case .get where query.contains("muploadid"): return .listUploads(try query.uploadListing())
        case .get, .head: throw .notImplementedByUS3("this list")
        default: throw VendorError(us3: .methodNotAllowed)
        }
    }
}
