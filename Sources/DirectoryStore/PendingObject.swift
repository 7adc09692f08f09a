// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests
private import Glibc

/// An upload on its way into the store; nothing of it can be seen until `commit`.
///
/// `@unchecked Sendable`: it may move between threads, but only one at a time calls it, and each call happens after
/// the one before: the upload that owns it hands it to the disk threads piece by piece. Blocking.
package final class PendingObject: @unchecked Sendable {
    private let store: DirectoryStore
    private let path: ObjectPath
    private let metadata: ObjectMetadata
    let file: NamedDescriptor
    private var state = State.open
    private var md5: MD5? = MD5()
    private var crc = CRC64()
    /// Bytes of data so far.
    package private(set) var size: UInt64 = 0

    /// open → failed (a write failed) | done (committed or aborted); failed → done.
    private enum State {
        case open
        case failed(StoreError)
        case done
    }

    init(_ store: DirectoryStore, path: ObjectPath, metadata: ObjectMetadata) throws(StoreError) {
        self.store = store
        self.path = path
        self.metadata = metadata
        file = try store.workspace.makeFile()
    }

    deinit { abort() }

    /// Appends data. Throws `noSpace`, `quotaExceeded`, `inputOutput` …; from then on every call throws the same.
    package func write(_ bytes: Span<UInt8>) throws(StoreError) {
        try requireOpen()
        try failing { () throws(StoreError) in try file.descriptor.write(bytes) }
        md5?.update(bytes)
        crc.update(bytes)
        size += UInt64(bytes.count)
    }

    /// Puts the object in its place, instead of what was there, and returns when it would survive a loss of power.
    ///
    /// The file is synced, then renamed, then its directory synced: whenever the machine stops there is the old
    /// object, the new one or none. If it throws, the old object stands, unless the very last sync failed
    /// (`inputOutput`): then the new one can be seen but may not last.
    package func commit() throws(StoreError) -> StoredObject {
        try requireOpen()
        defer { abort() }
        guard let digest = md5.take() else { preconditionFailure("an open upload has a digest") }
        let object = StoredObject(
            size: size, md5: digest.finalize(), crc64: crc.value,
            lastModified: Int64(try file.descriptor.status().st_mtim.tv_sec), metadata: metadata)
        try file.descriptor.write(ObjectTrailer.encode(object).span)
        try file.descriptor.sync()
        try store.publish(file.name, at: path) { state = .done }
        return object
    }

    /// Drops what was written; the object that was there stays. Does nothing after `commit`.
    package func abort() {
        if case .done = state { return }
        state = .done
        // A file that cannot be removed now is swept at the next start.
        try? store.workspace.remove(file.name)
    }

    private func requireOpen() throws(StoreError) {
        switch state {
        case .open: return
        case .failed(let error): throw error
        case .done: preconditionFailure("an upload that was committed or aborted takes no more calls")
        }
    }

    private func failing(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do {
            try body()
        } catch {
            state = .failed(error)
            throw error
        }
    }
}
