// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// Which header fields of a client go with its object. Everything else stays behind, above all what would steer the store:
/// credentials, dates, tokens, callbacks. What is sent is signed: TOS refuses a field `x-tos-…` that is not (page 1188916).
package enum TOSFieldPolicy {
    /// Copies what crosses to the store of that operation to `target`, in the order it came.
    package static func copy(
        _ fields: HeaderFields, from client: FieldSource, for operation: StoreOperation, to target: inout HeaderFields
    ) {
        let wanted: (Int) -> Bool
        switch operation {
        case .putObject, .postObject, .appendObject: wanted = { crosses($0, of: fields, from: client) }
        case .createUpload:
            wanted = { crosses($0, of: fields, from: client) && !isNamed(bodyFields, $0, of: fields) }
        case .putPart:
            wanted = { isNamed(bodyFields, $0, of: fields) && crosses($0, of: fields, from: client) }
        case .completeUpload:
            wanted = { client == .sdk && fields.isNamed("x-tos-forbid-overwrite", at: $0) }
        case .getObject, .headObject:
            wanted = { isNamed(readFields, $0, of: fields) && fields.isFirst(at: $0) }
        case .abortUpload, .listParts, .listUploads, .deleteObject, .headBucket: return
        }
        for index in fields.indices where wanted(index) { target.append(fieldAt: index, of: fields) }
    }

    /// The fields that an object keeps and gives back, except for Content-Type.
    package static func kept(_ fields: HeaderFields) -> HeaderFields {
        var kept = HeaderFields()
        for index in fields.indices {
            let isMetadata =
                fields.isContentField(at: index) && !fields.isNamed("Content-Type", at: index)
                && fields.isFirst(at: index)
            if isMetadata || fields.hasPrefix("x-tos-meta-", at: index)
                || fields.isNamed("x-tos-storage-class", at: index)
            {
                kept.append(fieldAt: index, of: fields)
            }
        }
        return kept
    }

    private static func crosses(_ index: Int, of fields: HeaderFields, from client: FieldSource) -> Bool {
        if fields.isContentField(at: index) || fields.isNamed("Content-MD5", at: index) {
            return fields.isFirst(at: index)
        }
        guard client == .sdk, fields.hasPrefix("x-tos-", at: index) else { return false }
        return fields.hasPrefix("x-tos-meta-", at: index) || isNamed(objectFields, index, of: fields)
    }

    private static func isNamed(_ names: [StaticString], _ index: Int, of fields: HeaderFields) -> Bool {
        names.contains { fields.isNamed($0, at: index) }
    }

    private static let objectFields: [StaticString] = [
        "x-tos-acl", "x-tos-grant-full-control", "x-tos-grant-read", "x-tos-grant-read-acp", "x-tos-grant-write-acp",
        "x-tos-storage-class", "x-tos-forbid-overwrite", "x-tos-if-match", "x-tos-server-side-encryption",
        "x-tos-server-side-encryption-kms-key-id", "x-tos-server-side-encryption-customer-algorithm",
        "x-tos-server-side-encryption-customer-key", "x-tos-server-side-encryption-customer-key-md5",
        "x-tos-traffic-limit", "x-tos-tagging", "x-tos-object-expires", "x-tos-website-redirect-location",
    ]
    private static let bodyFields: [StaticString] = [
        "Content-MD5", "x-tos-traffic-limit", "x-tos-server-side-encryption-customer-algorithm",
        "x-tos-server-side-encryption-customer-key", "x-tos-server-side-encryption-customer-key-md5",
    ]
    private static let readFields: [StaticString] = [
        "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
    ]
}
