// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import DirectoryStore
internal import Octets

/// How uploads in parts to a directory look to the clients of a vendor: ids and ETags.
enum DirectoryParts {
    /// The upload of that id, if it is one of this object; nil if there is none.
    static func id(_ text: [UInt8], _ target: DirectoryTarget, _ store: DirectoryStore) throws(StoreError) -> UploadID?
    {
        guard let id = UploadID(String(decoding: text, as: UTF8.self)) else { return nil }
        let upload = try store.upload(id)
        let isOfKey = target.key.isEmpty || upload.key == target.key
        return upload.bucket == target.bucket && isOfKey ? id : nil
    }

    /// OSS and TOS: the MD5 of the part; US3: its SHA-1 in URL-safe Base64.
    static func etag(_ part: StoredPart, _ dialect: DialectName) -> String {
        switch dialect {
        case .oss: return Hex.encode(part.md5.span, uppercase: true)
        case .tos: return Hex.encode(part.md5.span)
        case .us3: return part.sha1.map { US3ETag.part(sha1: $0.span) } ?? ""
        }
    }

    /// The ETag of an object made of parts: of OSS and TOS the MD5 of the parts' MD5s and how many there are, of US3 as
    /// for any other object.
    static func etag(_ parts: [StoredPart], _ dialect: DialectName) -> String {
        switch dialect {
        case .oss, .tos:
            let digests = parts.flatMap(\.md5)
            return "\(Hex.encode(MD5.hash(digests.span).span, uppercase: dialect == .oss))-\(parts.count)"
        case .us3:
            // Parts have the size of the blocks that the ETag is made of.
            return US3ETag.object(ofParts: parts.compactMap(\.sha1))
        }
    }

    /// What must be equal for a part to be the one that the client means; nil if its ETag is none of ours.
    static func check(_ etag: String, _ dialect: DialectName) -> PartChoice.Check? {
        switch dialect {
        case .oss, .tos: Hex.decode(etag.utf8.span).flatMap { $0.count == 16 ? .md5($0) : nil }
        case .us3: US3ETag.sha1(ofPart: etag.utf8.span).map { .sha1($0) }
        }
    }
}
