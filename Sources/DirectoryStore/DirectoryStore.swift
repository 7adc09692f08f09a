// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// Objects as files below a directory. Any thread may call it; every call blocks on the disk.
///
/// `ROOT/BUCKET/…` holds the objects (`ObjectPath` tells how keys become names, `Trailer` what is in a file),
/// `ROOT/.uploads` the multipart uploads (`Uploads`) and `ROOT/.tmp` what is not finished (`Workspace`). All names are opened step by step from the root, without following
/// links, so nothing outside is ever read or written. Meant for local file systems; several processes may share one.
package final class DirectoryStore: Sendable {
    /// Longest key in bytes, as OSS has it.
    package static let maximumKeyBytes = ObjectPath.maximumKeyBytes

    private static let maximumPruned = 16

    let root: Descriptor
    let workspace: Workspace
    let uploads: Uploads

    /// Opens the store, makes the root directory unless it is there (not those above it), and sweeps what uploads of
    /// dead processes left. Throws `permission`, `foreignEntry`, `system` …
    package init(root path: String) throws(StoreError) {
        if unsafe mkdir(path, 0o750) != 0, errno != EEXIST { throw StoreError("making the root", errno: errno) }
        root = try Descriptor.directory(atPath: path)
        workspace = try Workspace(root: root)
        uploads = try Uploads(root: root)
    }

    /// Throws `invalidBucket` or `invalidKey` if the store cannot hold such an object: keys have 1…1023 bytes of any
    /// kind but NUL, and no segment `.` or `..`.
    package func validate(bucket: String, key: [UInt8]) throws(StoreError) {
        _ = try ObjectPath(bucket: bucket, key: key)
    }

    /// Begins an upload; nothing shows until it is committed. Several of one key are fine: the last commit stays.
    ///
    /// Throws what `validate` does, `metadataTooLarge`, and what making a file may (`noSpace`, `tooManyFiles` …).
    package func beginPut(
        bucket: String, key: [UInt8], metadata: ObjectMetadata
    ) throws(StoreError) -> PendingObject {
        let path = try ObjectPath(bucket: bucket, key: key)
        guard metadata.bytes <= ObjectTrailer.maximumMetadataBytes else {
            throw StoreError(.metadataTooLarge, "beginning an upload")
        }
        return try PendingObject(self, path: path, metadata: metadata)
    }

    /// The object without its data; nil if there is none.
    package func head(bucket: String, key: [UInt8]) throws(StoreError) -> StoredObject? {
        try open(bucket: bucket, key: key)?.object
    }

    /// Opens the object for reading; nil if there is none.
    package func open(bucket: String, key: [UInt8]) throws(StoreError) -> ObjectReader? {
        try open(try ObjectPath(bucket: bucket, key: key))
    }

    func open(_ path: ObjectPath) throws(StoreError) -> ObjectReader? {
        do {
            return try ObjectReader(try directory(path.directories).file(path.file))
        } catch  where error.errno == ENOENT {
            return nil
        }
    }

    /// Removes the object, and directories that became empty, but never the bucket; false if there is none.
    package func delete(bucket: String, key: [UInt8]) throws(StoreError) -> Bool {
        let path = try ObjectPath(bucket: bucket, key: key)
        do {
            let parent = try directory(path.directories)
            // Not between the look and the rename of an append.
            try parent.lock(shared: true)
            try parent.remove(path.file)
            try parent.unlock()
            try parent.sync()
        } catch  where error.errno == ENOENT {
            return false
        }
        prune(path.directories)
        return true
    }

    private func directory(_ names: [String]) throws(StoreError) -> Descriptor {
        var current = try root.directory(".")
        for name in names { current = try current.directory(name) }
        return current
    }

    /// Removes empty directories from the innermost outwards, not the bucket. Only tidiness: errors end it, and so does
    /// a limit, because each step walks from the root.
    private func prune(_ names: [String]) {
        var names = names
        for _ in 0..<Self.maximumPruned {
            guard names.count > 1, let name = names.popLast(), let parent = try? directory(names),
                (try? parent.remove(name, isDirectory: true)) != nil
            else { return }
        }
    }
}
