// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Data on its way to the end of an object; the object stays as it is until `commit`.
///
/// It is a whole new file, which begins with the data of the object: whatever happens, the object is the old or the new
/// one. `Sendable` as `PendingObject` is. Blocking.
package final class PendingAppend: Sendable {
    private let store: DirectoryStore
    private let path: ObjectPath
    private let metadata: ObjectMetadata
    /// The object as it was; held open, so that no other file can get its inode number.
    private let base: ObjectReader?
    private let file: PendingFile

    init(
        _ store: DirectoryStore, path: ObjectPath, metadata: ObjectMetadata, base: ObjectReader?
    ) throws(StoreError) {
        self.store = store
        self.path = path
        self.metadata = base?.object.metadata ?? metadata
        self.base = base
        file =
            if let base { try PendingFile(store.workspace, continuing: base) } else {
                try PendingFile(store.workspace)
            }
    }

    deinit { abort() }

    /// Bytes of the object with what was appended so far.
    package var size: UInt64 { file.size }

    /// Appends data. Throws `noSpace`, `quotaExceeded`, `inputOutput` …; from then on every call throws the same.
    package func write(_ bytes: Span<UInt8>) throws(StoreError) { try file.write(bytes) }

    /// Puts the longer object in the place of the old one and returns when it would survive a loss of power.
    ///
    /// Throws `positionMismatch` or `notAppendable`, and leaves everything as it is, if the object was changed, deleted
    /// or replaced since the append began: of two that began at the same position, one is too late. Else as
    /// `PendingObject.commit`.
    /// - Parameters:
    ///   - etag: of the whole object, without quotes, at most 1024 bytes; nil for 32 digits of length and CRC-64.
    ///   - expected: what the MD5 of the appended data must be, else `digestMismatch`.
    package func commit(etag: String? = nil, md5 expected: [UInt8]? = nil) throws(StoreError) -> StoredObject {
        defer { abort() }
        let sums = try file.seal(md5: expected)
        let object = StoredObject(
            size: sums.size, md5: nil, crc64: sums.crc64,
            etag: etag ?? StoredObject.etag(size: sums.size, crc64: sums.crc64), isAppendable: true,
            lastModified: sums.lastModified, metadata: metadata)
        try store.publish(file, object, at: path, replacing: .exactly(base))
        return object
    }

    /// Drops what was appended. Does nothing after `commit`.
    package func abort() { file.remove() }
}
