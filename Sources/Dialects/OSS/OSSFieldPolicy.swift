// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// Which header fields of a client go with its object.
///
/// Everything else stays behind, above all what would steer the store: credentials, dates, tokens, callbacks.
package enum OSSFieldPolicy {
    /// Whether the field at `index` crosses to the store of a PutObject ("PutObject" of the OSS API reference).
    package static func crosses(_ index: Int, of fields: HeaderFields, from client: FieldSource) -> Bool {
        if isContentField(index, of: fields) || fields.isNamed("Content-MD5", at: index) {
            // A second field of such a name has no meaning, and stores differ in which they take.
            return isFirst(index, of: fields)
        }
        guard client == .sdk, fields.hasPrefix("x-oss-", at: index) else { return false }
        if fields.hasPrefix("x-oss-meta-", at: index) { return true }
        return objectFields.contains { fields.isNamed($0, at: index) }
    }

    /// Copies what crosses to `target`, in the order it came.
    package static func copy(_ fields: HeaderFields, from client: FieldSource, to target: inout HeaderFields) {
        for index in fields.indices where crosses(index, of: fields, from: client) {
            target.append(fieldAt: index, of: fields)
        }
    }

    /// The fields that an object keeps and gives back, as received with its PutObject, except for Content-Type.
    package static func kept(_ fields: HeaderFields) -> HeaderFields {
        var kept = HeaderFields()
        for index in fields.indices {
            let isMetadata =
                isContentField(index, of: fields) && !fields.isNamed("Content-Type", at: index)
                && isFirst(index, of: fields)
            if isMetadata || fields.hasPrefix("x-oss-meta-", at: index)
                || fields.isNamed("x-oss-storage-class", at: index)
            {
                kept.append(fieldAt: index, of: fields)
            }
        }
        return kept
    }

    /// Whether the field at `index` says something about content that stores keep; by length, because each upload
    /// asks for each field.
    private static func isContentField(_ index: Int, of fields: HeaderFields) -> Bool {
        switch fields.nameRange(at: index).count {
        case 7: fields.hasPrefix("Expires", at: index)
        case 12: fields.hasPrefix("Content-Type", at: index)
        case 13: fields.hasPrefix("Cache-Control", at: index)
        case 16: fields.hasPrefix("Content-Encoding", at: index) || fields.hasPrefix("Content-Language", at: index)
        case 19: fields.hasPrefix("Content-Disposition", at: index)
        default: false
        }
    }

    private static func isFirst(_ index: Int, of fields: HeaderFields) -> Bool {
        for earlier in 0..<index where fields.haveSameName(earlier, index) { return false }
        return true
    }

    private static let objectFields: [StaticString] = [
        "x-oss-object-acl", "x-oss-storage-class", "x-oss-tagging", "x-oss-forbid-overwrite",
        "x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id", "x-oss-server-side-data-encryption",
        "x-oss-traffic-limit", "x-oss-hash-crc64ecma", "x-oss-persistent-headers", "x-oss-request-payer",
    ]
}
