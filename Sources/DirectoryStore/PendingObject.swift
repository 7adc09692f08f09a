// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// An upload on its way into the store; nothing of it can be seen until `commit`.
///
/// `Sendable`: it may move between threads, but only one at a time calls it, and each call happens after the one
/// before: the upload that owns it hands it to the disk threads piece by piece. Blocking.
package final class PendingObject: Sendable {
    private let store: DirectoryStore
    private let path: ObjectPath
    private let metadata: ObjectMetadata
    let file: PendingFile

    init(_ store: DirectoryStore, path: ObjectPath, metadata: ObjectMetadata) throws(StoreError) {
        self.store = store
        self.path = path
        self.metadata = metadata
        file = try PendingFile(store.workspace)
    }

    deinit { abort() }

    /// Bytes of data so far.
    package var size: UInt64 { file.size }

    /// Appends data. Throws `noSpace`, `quotaExceeded`, `inputOutput` …; from then on every call throws the same.
    package func write(_ bytes: Span<UInt8>) throws(StoreError) { try file.write(bytes) }

    /// Puts the object in its place, instead of what was there, and returns when it would survive a loss of power.
    ///
    /// The file is synced, then renamed, then its directory synced: whenever the machine stops there is the old
    /// object, the new one or none. If it throws, the old object stands, unless the very last sync failed
    /// (`inputOutput`): then the new one can be seen but may not last.
    /// - Parameters:
    ///   - etag: without quotes, at most 1024 bytes; nil for the MD5 in upper-case hex.
    ///   - expected: what the MD5 of the data must be, else `digestMismatch`.
    ///   - replaces: false lets an object that is there stay, with `objectExists`, whoever comes first.
    package func commit(
        etag: String? = nil, md5 expected: [UInt8]? = nil, replaces: Bool = true
    ) throws(StoreError) -> StoredObject {
        defer { abort() }
        let sums = try file.seal(md5: expected)
        let object = StoredObject(
            size: sums.size, md5: sums.md5, crc64: sums.crc64, etag: etag ?? StoredObject.etag(md5: sums.md5),
            isAppendable: false, lastModified: sums.lastModified, metadata: metadata)
        try store.publish(file, object, at: path, replacing: replaces ? .anything : .nothing)
        return object
    }

    /// Drops what was written; the object that was there stays. Does nothing after `commit`.
    package func abort() { file.remove() }
}
