// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// Objects as files below a directory. Any thread may call it; every call blocks on the disk.
///
/// `ROOT/BUCKET/…` holds the objects (`ObjectPath` tells how keys become names, `ObjectTrailer` what is in a file) and
/// `ROOT/.tmp` what is not finished (`Workspace`). All names are opened step by step from the root, without following
/// links, so nothing outside is ever read or written. Meant for local file systems; several processes may share one.
package final class DirectoryStore: Sendable {
    /// Longest key in bytes, as OSS has it.
    package static let maximumKeyBytes = ObjectPath.maximumKeyBytes

    private static let attempts = 100
    private static let maximumPruned = 16

    private let root: Descriptor
    let workspace: Workspace

    /// Opens the store, makes the root directory unless it is there (not those above it), and sweeps what uploads of
    /// dead processes left. Throws `permission`, `foreignEntry`, `system` …
    package init(root path: String) throws(StoreError) {
        if unsafe mkdir(path, 0o750) != 0, errno != EEXIST { throw StoreError("making the root", errno: errno) }
        root = try Descriptor.directory(atPath: path)
        workspace = try Workspace(root: root)
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
        let path = try ObjectPath(bucket: bucket, key: key)
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
            try parent.remove(path.file)
            try parent.sync()
        } catch  where error.errno == ENOENT {
            return false
        }
        prune(path.directories)
        return true
    }

    /// Moves a finished file to its place and syncs its directory; `moved` is called in between.
    ///
    /// A deletion may remove an empty directory just as it is about to be used; then it is made again.
    func publish(_ name: String, at path: ObjectPath, moved: () -> Void) throws(StoreError) {
        for attempt in 1... {
            do {
                let parent = try makeDirectory(path.directories)
                try workspace.publish(name, to: parent, path.file)
                moved()
                return try parent.sync()
            } catch  where error.errno == ENOENT && attempt < Self.attempts {
                continue
            }
        }
    }

    private func directory(_ names: [String]) throws(StoreError) -> Descriptor {
        var current = try root.directory(".")
        for name in names { current = try current.directory(name) }
        return current
    }

    /// Opens a directory and makes what is missing on the way, each lasting before it is used.
    private func makeDirectory(_ names: [String]) throws(StoreError) -> Descriptor {
        var current = try root.directory(".")
        for name in names {
            if try current.makeDirectory(name) { try current.sync() }
            current = try current.directory(name)
        }
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
