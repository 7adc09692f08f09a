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
        let name = String(counter.wrappingAdd(1, ordering: .relaxed).newValue)
        return NamedDescriptor(name: name, descriptor: try own.descriptor.newFile(name))
    }

    func remove(_ name: String) throws(StoreError) {
        try own.descriptor.remove(name)
    }

    /// Moves a file to its place.
    func publish(_ name: String, to target: borrowing Descriptor, _ newName: String) throws(StoreError) {
        try own.descriptor.rename(name, to: target, newName)
    }

    /// A sweeper may come between making and locking: then either the lock or the directory is gone, and another name
    /// is tried.
    private static func makeLocked(in parent: borrowing Descriptor) throws(StoreError) -> NamedDescriptor {
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
            for file in try leftover.entries() { try? leftover.remove(file) }
            // Another store may sweep at the same time; what neither can remove does no harm.
            try? parent.remove(name, isDirectory: true)
        }
    }
}

extension Descriptor {
    /// The names in this directory, without `.` and `..`.
    fileprivate borrowing func entries() throws(StoreError) -> [String] {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw StoreError("listing a directory", errno: Glibc.errno) }
        // fdopendir(3) takes the copy over; closedir closes it.
        guard let stream = unsafe fdopendir(copy) else {
            let reason = Glibc.errno
            close(copy)
            throw StoreError("listing a directory", errno: reason)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // d_name ends with NUL (readdir(3)).
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
