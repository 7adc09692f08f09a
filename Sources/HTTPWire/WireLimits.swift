// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a peer may make us hold or scan, all in bytes except where named otherwise.
package struct WireLimits: Sendable, Equatable {
    /// Longest head, from its first byte through the empty line; also the bound on the trailers of a chunked body.
    package var headBytes: Int
    /// Longest request target.
    package var targetBytes: Int
    /// Most header fields in one head, and most trailer fields after one body.
    package var fieldCount: Int
    /// Most bytes of chunk extensions in all chunks of one body together.
    package var chunkExtensionBytes: Int

    /// What a client may send unless the configuration says otherwise: 16 KiB of head, 8 KiB of target.
    package static let client = WireLimits()
    /// What a store may answer: a head of 64 KiB.
    package static let store = WireLimits(headBytes: 64 * 1024)

    package init(
        headBytes: Int = 16 * 1024, targetBytes: Int = 8 * 1024, fieldCount: Int = 100,
        chunkExtensionBytes: Int = 4 * 1024
    ) {
        // Field positions are kept in 32 bits; a head anywhere near that size is a configuration mistake.
        precondition(headBytes > 0 && headBytes <= 1 << 30, "a head limit lies between 1 byte and 1 GiB")
        self.headBytes = headBytes
        self.targetBytes = targetBytes
        self.fieldCount = fieldCount
        self.chunkExtensionBytes = chunkExtensionBytes
    }
}
