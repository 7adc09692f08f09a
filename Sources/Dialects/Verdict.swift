// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What a store's answer to an upload means.
package enum Verdict: Sendable, Equatable {
    /// The object, or the part of one, is stored. If a callback was asked for, it succeeded and its answer is the body.
    case stored(StoredFacts)
    /// The object is stored, the callback failed.
    indirect case callbackFailed(StoredFacts, ErrorDocument)
    /// Nothing is stored.
    indirect case notStored(status: Int, ErrorDocument)
    /// The store says that it is stored, but what it stored is not what was streamed.
    indirect case mismatch(StoredFacts, ChecksumMismatch)
    /// Nobody can tell from this answer: it is not one that such a store gives.
    case unclear(status: Int)
}

/// What a store says about an object, or a part, that it stored.
package struct StoredFacts: Sendable, Equatable {
    /// Without quotes.
    package var etag: ArraySlice<UInt8>?
    package var crc64: UInt64?
    /// Base64.
    package var contentMD5: String?
    /// Whether a checksum of the answer was compared with what was streamed, and is right.
    package var isVerified = false
}

/// Two values that should be the same.
package struct ChecksumMismatch: Sendable, Equatable {
    package enum Kind: String, Sendable { case crc64, contentMD5, etag }

    package let kind: Kind
    package let streamed: String
    package let stored: String
}

/// What the bytes that were streamed came to; nil where nobody computed it.
package struct Checksums: Sendable, Equatable {
    package var crc64: UInt64?
    /// 16 bytes.
    package var md5: [UInt8]?
    /// The ETag that US3 must come to: 32 characters for an object, 28 for a part.
    package var us3ETag: String?

    package init(crc64: UInt64? = nil, md5: [UInt8]? = nil, us3ETag: String? = nil) {
        self.crc64 = crc64
        self.md5 = md5
        self.us3ETag = us3ETag
    }

    package var isEmpty: Bool { crc64 == nil && md5 == nil && us3ETag == nil }
}

/// What an answer of a store says about an error.
package struct ErrorDocument: Sendable, Equatable {
    /// The vendor's code (`NoSuchKey`, `-148654`); empty if the answer holds no error document.
    package let code: String
    /// Empty if the answer holds no error document.
    package let message: String
    /// The sub-code of vendors who have one.
    package let ec: String?
    /// What the operators of the store ask for.
    package let requestID: String?

    package init(code: String, message: String, ec: String? = nil, requestID: String? = nil) {
        self.code = code
        self.message = message
        self.ec = ec
        self.requestID = requestID
    }
}
