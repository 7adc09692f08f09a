// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// An object as an answer describes it.
package struct ObjectFacts: Sendable {
    package var size: UInt64
    /// False of an object that a store made of parts and told nothing of.
    package var isSizeKnown = true
    /// Without quotes: as the store's dialect makes it.
    package var etag: String
    /// The 16 bytes; nil if not known.
    package var contentMD5: [UInt8]?
    package var crc64: UInt64?
    /// Unix seconds.
    package var lastModified: Int64
    package var contentType: String
    /// What `Dialect.keptFields` kept of the upload.
    package var kept: HeaderFields

    package init(
        size: UInt64, etag: String, contentMD5: [UInt8]?, crc64: UInt64?, lastModified: Int64 = 0,
        contentType: String = "application/octet-stream", kept: HeaderFields = HeaderFields()
    ) {
        self.size = size
        self.etag = etag
        self.contentMD5 = contentMD5
        self.crc64 = crc64
        self.lastModified = lastModified
        self.contentType = contentType
        self.kept = kept
    }
}
