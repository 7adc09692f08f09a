// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What a store can take in one request and in parts.
package struct StoreTraits: Sendable, Equatable {
    /// The largest body of one PutObject, in bytes.
    package var largestPutBytes: UInt64
    /// Whether an object or part may come in chunks, without a length told beforehand.
    package var takesChunks: Bool
    package var firstPartNumber: Int
    package var mostParts: Int
    /// The fewest bytes of a part that is not the last.
    package var smallestPartBytes: UInt64
    package var largestPartBytes: UInt64
    /// Whether every part but the last has the size that ``CreatedUpload/partBytes`` names.
    package var hasFixedParts: Bool
    /// Whether answers to uploads report the CRC-64; otherwise their ETag is compared (US3).
    package var reportsCRC64: Bool

    package init(
        largestPutBytes: UInt64, takesChunks: Bool, firstPartNumber: Int, mostParts: Int, smallestPartBytes: UInt64,
        largestPartBytes: UInt64, hasFixedParts: Bool, reportsCRC64: Bool
    ) {
        self.largestPutBytes = largestPutBytes
        self.takesChunks = takesChunks
        self.firstPartNumber = firstPartNumber
        self.mostParts = mostParts
        self.smallestPartBytes = smallestPartBytes
        self.largestPartBytes = largestPartBytes
        self.hasFixedParts = hasFixedParts
        self.reportsCRC64 = reportsCRC64
    }
}
