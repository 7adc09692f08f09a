// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What became of a vendor's client's request, to be told in the words of its dialect.
package enum DialectResult: Sendable {
    /// An object: put, posted in a form, appended to, or completed. Its size is that of the whole object.
    case stored(ObjectFacts, CallbackReport)
    case part(PartFacts)
    /// An upload in parts has begun.
    case created(CreatedUpload)
    case aborted
    /// `existed`: whether there was such an object; OSS and TOS do not tell, US3 does.
    case deleted(existed: Bool)
    case parts(PartListing)
    case uploads(UploadListing)
    /// There is such a bucket.
    case bucket
}

/// What became of a callback, as far as the client is told of it in the body of its answer.
package enum CallbackReport: Sendable, Equatable {
    /// There was none, or the client did not ask for it and parses the normal result.
    case none
    /// The app's answer takes the place of the result. `status` is the app's, which only US3 passes on.
    case succeeded(status: Int, body: [UInt8], contentType: String)
    /// The object is stored all the same. `code` is a vendor's own (`20003` of US3) where one rule of several failed.
    case failed(message: String, ec: String?, code: String?)
}

/// An upload in parts that has begun.
package struct CreatedUpload: Sendable, Equatable {
    package var uploadID: [UInt8]
    /// The size that every part but the last must have; nil where parts may have any.
    package var partBytes: UInt64?

    package init(uploadID: [UInt8], partBytes: UInt64? = nil) {
        self.uploadID = uploadID
        self.partBytes = partBytes
    }
}

/// A stored part.
package struct PartFacts: Sendable, Equatable {
    package var number: Int
    package var size: UInt64
    /// Without quotes.
    package var etag: String
    package var crc64: UInt64?
    /// The 16 bytes; nil if not known.
    package var contentMD5: [UInt8]?
    /// Unix seconds.
    package var lastModified: Int64

    package init(
        number: Int, size: UInt64, etag: String, crc64: UInt64? = nil, contentMD5: [UInt8]? = nil,
        lastModified: Int64 = 0
    ) {
        self.number = number
        self.size = size
        self.etag = etag
        self.crc64 = crc64
        self.contentMD5 = contentMD5
        self.lastModified = lastModified
    }
}

/// The parts of an upload, by number.
package struct PartListing: Sendable {
    package var parts: [PartFacts]
    /// Whether there are more behind the last one.
    package var isTruncated: Bool
    package var storageClass: String?
    /// Of the object, where the request does not name it (US3); nil: the request's.
    package var key: [UInt8]?

    package init(parts: [PartFacts], isTruncated: Bool, storageClass: String? = nil, key: [UInt8]? = nil) {
        self.parts = parts
        self.isTruncated = isTruncated
        self.storageClass = storageClass
        self.key = key
    }
}

/// The unfinished uploads of a bucket, by key and then id.
package struct UploadListing: Sendable {
    package struct Upload: Sendable, Equatable {
        package var key: [UInt8]
        package var uploadID: [UInt8]
        /// Unix seconds.
        package var initiated: Int64
        /// nil: the usual one.
        package var storageClass: String?

        package init(key: [UInt8], uploadID: [UInt8], initiated: Int64, storageClass: String? = nil) {
            self.key = key
            self.uploadID = uploadID
            self.initiated = initiated
            self.storageClass = storageClass
        }
    }

    package var uploads: [Upload]
    package var commonPrefixes: [[UInt8]]
    package var isTruncated: Bool

    package init(uploads: [Upload], commonPrefixes: [[UInt8]] = [], isTruncated: Bool) {
        self.uploads = uploads
        self.commonPrefixes = commonPrefixes
        self.isTruncated = isTruncated
    }
}

extension UploadListing {
    /// The same with what the store's keys have in front of the client's own taken off. All of them begin with it.
    package func withoutLead(_ lead: [UInt8]) -> UploadListing {
        var listing = self
        for index in uploads.indices { listing.uploads[index].key.removeFirst(lead.count) }
        listing.commonPrefixes = commonPrefixes.map { Array($0.dropFirst(lead.count)) }
        return listing
    }

    /// What a client names to go on: the last upload, or the last common prefix if that comes later; empty at the end.
    var next: (key: [UInt8], uploadID: [UInt8]) {
        guard isTruncated else { return ([], []) }
        let last = uploads.last
        guard let prefix = commonPrefixes.last else { return (last?.key ?? [], last?.uploadID ?? []) }
        guard let last, prefix.lexicographicallyPrecedes(last.key) else { return (prefix, []) }
        return (last.key, last.uploadID)
    }
}
