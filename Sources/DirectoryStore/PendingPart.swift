// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What became of a part that was committed.
package enum PartCommit: Sendable, Equatable {
    case stored(StoredPart)
    /// There is a part of that number, which was not to be replaced: the first one. The second one was written.
    case exists(StoredPart, written: StoredPart)
}

/// A part on its way into a multipart upload; nothing of it can be seen until `commit`.
///
/// `@unchecked Sendable`: it is used like a `PendingObject`, by one thread at a time. Blocking.
package final class PendingPart: @unchecked Sendable {
    private let store: DirectoryStore
    private let id: UploadID
    private let number: Int
    let file: PendingFile
    /// While the file is finished and not published.
    private var written: StoredPart?

    init(_ store: DirectoryStore, id: UploadID, number: Int, sha1: Bool) throws(StoreError) {
        self.store = store
        self.id = id
        self.number = number
        file = try PendingFile(store.workspace, sha1: sha1)
    }

    deinit { abort() }

    /// Bytes of data so far.
    package var size: UInt64 { file.size }

    /// Appends data. Throws `noSpace`, `quotaExceeded`, `inputOutput` …; from then on every call throws the same.
    package func write(_ bytes: Span<UInt8>) throws(StoreError) { try file.write(bytes) }

    /// Makes the part one of the upload's, instead of an earlier one of that number, and returns when it would survive
    /// a loss of power. Of two that are written at the same time the last commit stays, or with `replaces: false` the
    /// first.
    ///
    /// Throws `noSuchUpload` if the upload was completed or aborted in the meantime, and waits while it is being
    /// completed. If it throws, the earlier part stands, unless the very last sync failed (`inputOutput`).
    /// - Parameters:
    ///   - expected: what the MD5 of the data must be, else `digestMismatch`.
    ///   - replaces: false lets a part that is there stay. Then the answer is `exists`, and the new one is kept as well:
    ///     `commit` may be called once more, to replace after all; or else `abort`.
    package func commit(md5 expected: [UInt8]? = nil, replaces: Bool = true) throws(StoreError) -> PartCommit {
        do {
            let part = if let written { written } else { try finish(expected) }
            let result = try store.publish(file, part, of: id, replaces: replaces)
            if case .stored = result { written = nil }
            return result
        } catch {
            abort()
            throw error
        }
    }

    /// Drops what was written; an earlier part of that number stays. Does nothing after `commit` stored it.
    package func abort() {
        written = nil
        file.remove()
    }

    private func finish(_ expected: [UInt8]?) throws(StoreError) -> StoredPart {
        let sums = try file.seal(md5: expected)
        let part = StoredPart(
            number: number, size: sums.size, md5: sums.md5, crc64: sums.crc64, sha1: sums.sha1,
            lastModified: sums.lastModified)
        try file.finish(PartTrailer.encode(part))
        written = part
        return part
    }
}
