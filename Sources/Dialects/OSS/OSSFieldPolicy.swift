// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// Which header fields of a client go with its object.
///
/// Everything else stays behind, above all what would steer the store: credentials, dates, tokens, callbacks.
package enum OSSFieldPolicy {
    /// Copies what crosses to the store of that operation to `target`, in the order it came.
    package static func copy(
        _ fields: HeaderFields, from client: FieldSource, for operation: StoreOperation = .putObject,
        to target: inout HeaderFields
    ) {
        switch operation {
        case .putObject, .postObject, .appendObject:
            for index in fields.indices where crosses(index, of: fields, from: client) {
                target.append(fieldAt: index, of: fields)
            }
        case .createUpload:
            for index in fields.indices where crosses(index, of: fields, from: client) {
                if !isOfBody(index, of: fields) { target.append(fieldAt: index, of: fields) }
            }
        case .putPart:
            for index in fields.indices where isOfBody(index, of: fields) {
                if crosses(index, of: fields, from: client) { target.append(fieldAt: index, of: fields) }
            }
        case .completeUpload:
            guard client == .sdk else { return }
            for index in fields.indices where belongsToCompletion(index, of: fields) {
                target.append(fieldAt: index, of: fields)
            }
        case .getObject, .headObject:
            for name in readFields {
                if let index = fields.firstIndex(of: name) { target.append(fieldAt: index, of: fields) }
            }
        case .abortUpload, .listParts, .listUploads, .deleteObject, .headBucket: break
        }
    }

    /// Whether the field at `index` crosses to the store of a PutObject ("PutObject" of the OSS API reference).
    package static func crosses(_ index: Int, of fields: HeaderFields, from client: FieldSource) -> Bool {
        if fields.isContentField(at: index) || fields.isNamed("Content-MD5", at: index) {
            // A second field of such a name has no meaning, and stores differ in which they take.
            return fields.isFirst(at: index)
        }
        guard client == .sdk, fields.hasPrefix("x-oss-", at: index) else { return false }
        if fields.hasPrefix("x-oss-meta-", at: index) { return true }
        return objectFields.contains { fields.isNamed($0, at: index) }
    }

    /// Whether the field at `index` says something about the object that CompleteMultipartUpload, rather than what began
    /// the upload, heeds ("CompleteMultipartUpload" of the OSS API reference).
    package static func belongsToCompletion(_ index: Int, of fields: HeaderFields) -> Bool {
        guard fields.hasPrefix("x-oss-", at: index) else { return false }
        return completionFields.contains { fields.isNamed($0, at: index) }
    }

    /// The fields that an object keeps and gives back, as received with its PutObject, except for Content-Type.
    package static func kept(_ fields: HeaderFields) -> HeaderFields {
        var kept = HeaderFields()
        for index in fields.indices {
            let isMetadata =
                fields.isContentField(at: index) && !fields.isNamed("Content-Type", at: index)
                && fields.isFirst(at: index)
            if isMetadata || fields.hasPrefix("x-oss-meta-", at: index)
                || fields.isNamed("x-oss-storage-class", at: index)
            {
                kept.append(fieldAt: index, of: fields)
            }
        }
        return kept
    }

    /// Whether the field at `index` is about the bytes of one request rather than about the object.
    private static func isOfBody(_ index: Int, of fields: HeaderFields) -> Bool {
        bodyFields.contains { fields.isNamed($0, at: index) }
    }

    private static let objectFields: [StaticString] = [
        "x-oss-object-acl", "x-oss-storage-class", "x-oss-tagging", "x-oss-forbid-overwrite",
        "x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id", "x-oss-server-side-data-encryption",
        "x-oss-traffic-limit", "x-oss-hash-crc64ecma", "x-oss-persistent-headers", "x-oss-request-payer",
    ]

    private static let bodyFields: [StaticString] = [
        "Content-MD5", "x-oss-hash-crc64ecma", "x-oss-traffic-limit", "x-oss-request-payer",
    ]

    private static let completionFields: [StaticString] = [
        "x-oss-object-acl", "x-oss-forbid-overwrite", "x-oss-request-payer",
    ]

    private static let readFields: [StaticString] = [
        "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "x-oss-range-behavior",
    ]
}
