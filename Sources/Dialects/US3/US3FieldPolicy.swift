// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// Which header fields of a client go with its object.
///
/// Everything else stays behind, above all what would steer the store or enter the signature: credentials, tokens,
/// `Date`, every `X-UCloud-*`.
package enum US3FieldPolicy {
    /// Copies what crosses to the store of that operation to `target`, in the order it came; not Content-MD5, which is
    /// to be written in US3's way.
    package static func copy(
        _ fields: HeaderFields, from client: FieldSource, for operation: StoreOperation = .putObject,
        to target: inout HeaderFields
    ) {
        switch operation {
        case .putObject, .postObject, .appendObject, .createUpload:
            for index in fields.indices where crosses(index, of: fields, from: client) {
                target.append(fieldAt: index, of: fields)
            }
        case .putPart, .completeUpload:
            for index in fields.indices where belongsToParts(index, of: fields, operation, from: client) {
                target.append(fieldAt: index, of: fields)
            }
        case .getObject, .headObject:
            for name in readFields {
                if let index = fields.firstIndex(of: name) { target.append(fieldAt: index, of: fields) }
            }
        case .abortUpload, .listParts, .listUploads, .deleteObject, .headBucket: break
        }
    }

    /// Whether the field at `index` crosses to the store of a PutFile (put_file.md of the US3 API manual).
    package static func crosses(_ index: Int, of fields: HeaderFields, from client: FieldSource) -> Bool {
        if fields.isContentField(at: index) { return fields.isFirst(at: index) }
        guard client == .sdk, fields.hasPrefix("x-ufile-", at: index) else { return false }
        return fields.hasPrefix("x-ufile-meta-", at: index) || fields.isNamed("x-ufile-storage-class", at: index)
    }

    /// The fields that an object keeps and gives back, as received with its upload, except for Content-Type.
    package static func kept(_ fields: HeaderFields) -> HeaderFields {
        var kept = HeaderFields()
        for index in fields.indices where crosses(index, of: fields, from: .sdk) {
            if !fields.isNamed("Content-Type", at: index) { kept.append(fieldAt: index, of: fields) }
        }
        return kept
    }

    /// Whether the field may go to a store at all, whoever wrote it: what enters the signature by its name, or is the
    /// signer's, may not.
    static func maySend(_ index: Int, of fields: HeaderFields) -> Bool {
        !fields.hasPrefix("x-ucloud-", at: index)
            && !["Date", "Authorization", "SecurityToken", "Content-MD5"].contains { fields.isNamed($0, at: index) }
    }

    /// The type goes on all requests of an upload in parts, as the Go SDK does, because nobody says which of them
    /// counts; a Finish may give the object other metadata (finish_multipart_upload.md).
    private static func belongsToParts(
        _ index: Int, of fields: HeaderFields, _ operation: StoreOperation, from client: FieldSource
    ) -> Bool {
        if fields.isNamed("Content-Type", at: index) { return fields.isFirst(at: index) }
        guard client == .sdk, case .completeUpload = operation else { return false }
        return fields.hasPrefix("x-ufile-meta-", at: index) || fields.isNamed("x-ufile-metadata-directive", at: index)
    }

    private static let readFields: [StaticString] = [
        "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
    ]
}
