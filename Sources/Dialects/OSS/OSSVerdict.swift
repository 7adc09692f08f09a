// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What an answer of OSS to a PutObject means.
package enum OSSVerdict: Sendable, Equatable {
    /// The object is stored, and the callback, if there was one, succeeded; its answer is the body.
    case stored(OSSStored)
    /// The object is stored, the callback failed (203).
    case callbackFailed(OSSStored, OSSErrorDocument)
    /// Nothing is stored.
    case notStored(status: Int, OSSErrorDocument)
    /// OSS says that it is stored, but what it stored is not what was streamed.
    case mismatch(OSSStored, OSSMismatch)
    /// Nobody can tell from this answer: it is not one that OSS gives.
    case unclear(status: Int)
}

/// What OSS says about an object that it stored.
package struct OSSStored: Sendable, Equatable {
    /// Without quotes; upper-case MD5 for PutObject.
    package var etag: ArraySlice<UInt8>?
    package var crc64: UInt64?
    /// Base64.
    package var contentMD5: String?
    /// Whether a checksum of the answer was compared with what was streamed, and is right.
    package var isVerified = false
}

/// Two values that should be the same.
package struct OSSMismatch: Sendable, Equatable {
    package enum Kind: String, Sendable { case crc64, contentMD5, etag }

    package let kind: Kind
    package let streamed: String
    package let stored: String
}
