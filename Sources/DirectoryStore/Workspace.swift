// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests
import Glibc
import Synchronization

/// The directory for unfinished files of one open store: `.tmp/NAME` below the root, so that a rename can publish them.
///
/// It is locked with flock(2) as long as the store is open. The lock ends with the process however that ends, works
/// across containers that share a volume (process numbers do not), and a number used again cannot mislead it. Opening
/// a store removes the directories that nobody has locked: those of processes that died.
final class Workspace: Sendable {
    private static let parentName = ".tmp"

    private let parent: Descriptor
    private let own: NamedDescriptor
    private let counter = Atomic<UInt64>(0)

    /// Makes the directory and sweeps the leftovers of others.
    init(root: borrowing Descriptor) throws(StoreError) {
        _ = try root.makeDirectory(Self.parentName)
        parent = try root.directory(Self.parentName)
        own = try Self.makeLocked(in: parent)
        try Self.sweep(parent)
    }

    deinit {
        // Unfinished files keep it alive, so it is empty now; if not, the next start sweeps it.
        try? parent.remove(own.name, isDirectory: true)
    }

    /// A new file, open for reading and writing.
    func makeFile() throws(StoreError) -> NamedDescriptor {
        let name = nextName()
        return NamedDescriptor(name: name, descriptor: try own.descriptor.newFile(name))
    }

    /// A new directory for files that are published together.
    func makeDirectory() throws(StoreError) -> NamedDescriptor {
        let name = nextName()
        // Names are not used twice.
        _ = try own.descriptor.makeDirectory(name)
        return NamedDescriptor(name: name, descriptor: try own.descriptor.directory(name))
    }

    func remove(_ name: String) throws(StoreError) {
        try own.descriptor.remove(name)
    }

    /// Removes a directory and the files in it; what cannot be removed now is swept at a later start.
    func removeDirectory(_ name: String) {
        Self.removeDirectory(name, from: own.descriptor)
    }

    /// Moves a file or directory to its place, instead of what was there.
    func publish(_ name: String, to target: borrowing Descriptor, _ newName: String) throws(StoreError) {
        try own.descriptor.rename(name, to: target, newName)
    }

    /// Moves a file to its place; false if there is an entry of that name, which stays, and so does the file.
    func publishNew(_ name: String, to target: borrowing Descriptor, _ newName: String) throws(StoreError) -> Bool {
        guard try own.descriptor.link(name, to: target, newName) else { return false }
        // A second name that cannot be removed now is swept at the next start.
        try? own.descriptor.remove(name)
        return true
    }

    /// Takes a directory back, from a place of which it is gone at once; returns its name here.
    func takeBack(_ name: String, from source: borrowing Descriptor) throws(StoreError) -> String {
        let newName = nextName()
        try source.rename(name, to: own.descriptor, newName)
        return newName
    }

    private func nextName() -> String {
        String(counter.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// A sweeper may come between making and locking: then either the lock or the directory is gone, and another name
    /// is tried.
    static func makeLocked(in parent: borrowing Descriptor) throws(StoreError) -> NamedDescriptor {
        while true {
            let name = RandomBytes.uuid()
            guard try parent.makeDirectory(name) else { continue }
            do {
                let directory = try parent.directory(name)
                guard try directory.tryLock(), try directory.status().st_nlink > 0 else { continue }
                return NamedDescriptor(name: name, descriptor: directory)
            } catch  where error.errno == ENOENT {
                continue
            }
        }
    }

    private static func sweep(_ parent: borrowing Descriptor) throws(StoreError) {
        for name in try parent.entries() {
            guard let leftover = try? parent.directory(name), try leftover.tryLock() else { continue }
            // Another store may sweep at the same time; what neither can remove does no harm.
            for entry in try leftover.entries() where (try? leftover.remove(entry)) == nil {
                removeDirectory(entry, from: leftover)
            }
            try? parent.remove(name, isDirectory: true)
        }
    }

    private static func removeDirectory(_ name: String, from parent: borrowing Descriptor) {
        guard let directory = try? parent.directory(name), let entries = try? directory.entries() else { return }
        for entry in entries { try? directory.remove(entry) }
        try? parent.remove(name, isDirectory: true)
    }
}
