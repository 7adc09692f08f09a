// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
private import Glibc

/// The file that an object, a part or an append is written to before it is published: in the workspace, digested on the
/// way, removed with the value unless it was published.
///
/// `@unchecked Sendable`: it belongs to one pending object, part or append, which is called by one thread at a time.
final class PendingFile: @unchecked Sendable {
    /// What was written so far, or all of it.
    struct Sums {
        /// Bytes of data, those that were there before included.
        let size: UInt64
        /// Of what was written.
        let md5: [UInt8]
        /// Of what was written; nil unless asked for.
        let sha1: [UInt8]?
        /// Of all data.
        let crc64: UInt64
        /// Unix seconds, by the clock of the file system.
        let lastModified: Int64
    }

    /// open → failed (a write failed) | sealed (no more data) | done (published or removed); failed, sealed → done.
    private enum State {
        case open
        case failed(StoreError)
        case sealed
        case done
    }

    private let workspace: Workspace
    let named: NamedDescriptor
    private var state = State.open
    private var md5: MD5? = MD5()
    private var sha1: SHA1?
    private var crc: CRC64
    private(set) var size: UInt64 = 0

    /// An empty file.
    init(_ workspace: Workspace, sha1: Bool = false) throws(StoreError) {
        self.workspace = workspace
        named = try workspace.makeFile()
        self.sha1 = sha1 ? SHA1() : nil
        crc = CRC64()
    }

    /// A file that begins with the data of an object.
    init(_ workspace: Workspace, continuing object: ObjectReader) throws(StoreError) {
        self.workspace = workspace
        named = try workspace.makeFile()
        crc = CRC64(continuing: object.object.crc64)
        try append(object.descriptor, bytes: object.object.size)
    }

    deinit { remove() }

    var name: String { named.name }

    /// Appends data. Whatever it throws, every later call throws the same.
    func write(_ bytes: Span<UInt8>) throws(StoreError) {
        try requireOpen()
        try failing { () throws(StoreError) in try named.descriptor.write(bytes) }
        md5?.update(bytes)
        sha1?.update(bytes)
        crc.update(bytes)
        size += UInt64(bytes.count)
    }

    /// Appends data of another file, which the digests do not see.
    func append(_ source: borrowing Descriptor, bytes: UInt64) throws(StoreError) {
        try requireOpen()
        do {
            try named.descriptor.append(source, bytes: bytes)
        } catch {
            state = .failed(error)
            throw error
        }
        size += bytes
    }

    /// Ends the data. Throws `digestMismatch` if what was written has another MD5 than expected.
    func seal(md5 expected: [UInt8]? = nil) throws(StoreError) -> Sums {
        try requireOpen()
        guard let digest = md5.take()?.finalize() else { preconditionFailure("an open file has a digest") }
        state = .sealed
        guard expected == nil || expected == digest else { throw StoreError(.digestMismatch, "finishing an upload") }
        return Sums(
            size: size, md5: digest, sha1: sha1.take()?.finalize(), crc64: crc.value,
            lastModified: Int64(try named.descriptor.status().st_mtim.tv_sec))
    }

    /// Writes what stands behind the data and waits until all of it is on the device.
    func finish(_ trailer: [UInt8]) throws(StoreError) {
        try named.descriptor.write(trailer.span)
        try named.descriptor.sync()
    }

    /// The file has got its place and is no longer this value's.
    func published() { state = .done }

    /// Removes the file; does nothing once it was published or removed.
    func remove() {
        if case .done = state { return }
        state = .done
        // A file that cannot be removed now is swept at the next start.
        try? workspace.remove(name)
    }

    private func requireOpen() throws(StoreError) {
        switch state {
        case .open: return
        case .failed(let error): throw error
        case .sealed, .done: preconditionFailure("what was committed or aborted takes no more calls")
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
