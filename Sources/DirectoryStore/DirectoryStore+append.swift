// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension DirectoryStore {
    /// Begins to append to an object, or to make one that can be appended to; nothing shows until it is committed.
    ///
    /// The object's data is copied first (where the file system can share blocks, only in name), so the time of an
    /// append grows with the object. Throws what `validate` does, `metadataTooLarge`, `notAppendable` if the object was
    /// not begun by an append, `positionMismatch` if it has not exactly `position` bytes.
    /// - Parameters:
    ///   - metadata: of a new object; an object that is there keeps its own (OSS AppendObject).
    ///   - position: where the new data begins, in bytes; 0 for an object that is not there.
    package func beginAppend(
        bucket: String, key: [UInt8], metadata: ObjectMetadata, position: UInt64
    ) throws(StoreError) -> PendingAppend {
        let path = try ObjectPath(bucket: bucket, key: key)
        guard metadata.bytes <= ObjectTrailer.maximumMetadataBytes else {
            throw StoreError(.metadataTooLarge, "beginning an append")
        }
        let base = try open(path)
        if let base, !base.object.isAppendable { throw StoreError(.notAppendable, "beginning an append") }
        let length = base?.object.size ?? 0
        guard position == length else {
            throw StoreError(.positionMismatch, "beginning an append", currentLength: length)
        }
        return try PendingAppend(self, path: path, metadata: metadata, base: base)
    }
}
