// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests
private import Glibc
private import Synchronization

/// Small notes, each a file, that outlive their process: `PATH/UUID/NUMBER`. Any thread; every call blocks on the disk.
///
/// The directory of a process is locked with flock(2) while it is open, as `Workspace` does it. Who opens the book takes
/// over the notes of the dead, so that none is lost and none is read by two.
package final class NoteBook: Sendable {
    private static let maximumBytes = 64 * 1024

    private let parent: Descriptor
    private let own: NamedDescriptor
    private let counter = Atomic<UInt64>(0)

    /// Opens the book and makes its directory unless it is there (not those above it). Throws `permission`, `system` …
    package init(path: String) throws(StoreError) {
        if unsafe mkdir(path, 0o750) != 0, errno != EEXIST {
            throw StoreError("making the directory of notes", errno: errno)
        }
        parent = try Descriptor.directory(atPath: path)
        own = try Workspace.makeLocked(in: parent)
    }

    deinit {
        // Fails while there are notes in it, and then it is there for the next start.
        try? parent.remove(own.name, isDirectory: true)
    }

    /// Writes a note of at most 64 KiB to the disk; returns its name.
    package func write(_ bytes: Span<UInt8>) throws(StoreError) -> String {
        precondition(bytes.count <= Self.maximumBytes, "a note is short")
        let name = nextName()
        let file = try own.descriptor.newFile(name)
        try file.write(bytes)
        try file.sync()
        try own.descriptor.sync()
        return name
    }

    /// Removes a note.
    package func remove(_ name: String) throws(StoreError) { try own.descriptor.remove(name) }

    /// Takes over the notes of processes that died; returns their names here, and their bytes.
    package func adopt() throws(StoreError) -> [(name: String, bytes: [UInt8])] {
        var adopted: [(name: String, bytes: [UInt8])] = []
        for name in try parent.entries() where name != own.name {
            guard let leftover = try? parent.directory(name), try leftover.tryLock() else { continue }
            for entry in try leftover.entries() {
                let bytes = try Self.read(entry, in: leftover)
                let newName = nextName()
                try leftover.rename(entry, to: own.descriptor, newName)
                adopted.append((newName, bytes))
            }
            try? parent.remove(name, isDirectory: true)
        }
        return adopted
    }

    private static func read(_ name: String, in directory: borrowing Descriptor) throws(StoreError) -> [UInt8] {
        let file = try directory.file(name)
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        var span = bytes.mutableSpan
        let count = try file.read(at: 0, count: maximumBytes, into: &span)
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private func nextName() -> String { String(counter.wrappingAdd(1, ordering: .relaxed).newValue) }
}
