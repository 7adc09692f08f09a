// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// What a new object may take the place of.
enum Replacement: Sendable {
    case anything
    /// Only an empty place, else `objectExists`.
    case nothing
    /// Only this very file, or an empty place for nil, else `notAppendable` or `positionMismatch`.
    case exactly(ObjectReader?)
}

extension DirectoryStore {
    private static let attempts = 100
    private static let maximumETagBytes = 1024

    /// Writes the trailer, moves the file to its place and syncs its directory.
    ///
    /// A deletion may remove an empty directory just as it is about to be used; then it is made again.
    func publish(
        _ file: PendingFile, _ object: StoredObject, at path: ObjectPath, replacing replacement: Replacement
    ) throws(StoreError) {
        precondition(object.etag.utf8.count <= Self.maximumETagBytes, "an ETag is a short text")
        try file.finish(ObjectTrailer.encode(object))
        for attempt in 1... {
            do {
                let parent = try makeDirectory(path.directories)
                try move(file, to: parent, path.file, replacing: replacement)
                file.published()
                return try parent.sync()
            } catch  where error.errno == ENOENT && attempt < Self.attempts {
                continue
            }
        }
    }

    /// Moves the file under the lock of the directory: an append looks and moves without anybody in between, in
    /// whatever process; all others need no order among themselves and share it.
    private func move(
        _ file: PendingFile, to parent: borrowing Descriptor, _ name: String, replacing replacement: Replacement
    ) throws(StoreError) {
        switch replacement {
        case .anything:
            try parent.lock(shared: true)
            try workspace.publish(file.name, to: parent, name)
        case .nothing:
            try parent.lock(shared: true)
            guard try workspace.publishNew(file.name, to: parent, name) else {
                throw StoreError(.objectExists, "publishing an object")
            }
        case .exactly(let base):
            try parent.lock(shared: false)
            try requireUnchanged(base, in: parent, name)
            try workspace.publish(file.name, to: parent, name)
        }
        try parent.unlock()
    }

    private func requireUnchanged(
        _ base: ObjectReader?, in parent: borrowing Descriptor, _ name: String
    ) throws(StoreError) {
        if let base, try parent.holds(name, base.descriptor) { return }
        let current: ObjectReader?
        do {
            current = try ObjectReader(try parent.file(name))
        } catch  where error.errno == ENOENT {
            current = nil
        }
        if base == nil, current == nil { return }
        if let current, !current.object.isAppendable { throw StoreError(.notAppendable, "appending") }
        throw StoreError(.positionMismatch, "appending", currentLength: current?.object.size ?? 0)
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
}
