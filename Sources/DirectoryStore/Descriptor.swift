// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open file or directory, closed with the value. Names are single steps: a path never leaves where it started,
/// and symbolic links are not followed.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    private init(_ number: Int32) {
        self.number = number
    }

    deinit { close(number) }

    /// Opens the directory at a path of the operator, who may use links.
    static func directory(atPath path: String) throws(StoreError) -> Descriptor {
        Descriptor(try check("opening the root") { unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// Opens a directory in this one.
    func directory(_ name: String) throws(StoreError) -> Descriptor {
        Descriptor(
            try check("opening a directory") {
                unsafe openat(number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            })
    }

    /// Opens a file in this directory for reading. `O_NONBLOCK` keeps a pipe that someone put there from blocking.
    func file(_ name: String) throws(StoreError) -> Descriptor {
        Descriptor(
            try check("opening an object") {
                unsafe openat(number, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            })
    }

    /// Makes a file in this directory that was not there.
    func newFile(_ name: String) throws(StoreError) -> Descriptor {
        Descriptor(
            try check("making a file") {
                unsafe openat(number, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o640)
            })
    }

    /// Makes a directory in this one; false if there was an entry of that name.
    func makeDirectory(_ name: String) throws(StoreError) -> Bool {
        do {
            _ = try check("making a directory") { unsafe mkdirat(number, name, 0o750) }
            return true
        } catch  where error.errno == EEXIST {
            return false
        }
    }

    /// Removes a file, or an empty directory, from this directory.
    func remove(_ name: String, isDirectory: Bool = false) throws(StoreError) {
        _ = try check("removing a file") { unsafe unlinkat(number, name, isDirectory ? AT_REMOVEDIR : 0) }
    }

    /// Moves an entry from this directory to another one of the same file system, in place of what was there.
    func rename(_ name: String, to directory: borrowing Descriptor, _ newName: String) throws(StoreError) {
        let target = directory.number
        _ = try check("publishing an object") { unsafe renameat(number, name, target, newName) }
    }

    /// Gives a file of this directory a second name in another one; false if there is an entry of that name.
    func link(_ name: String, to directory: borrowing Descriptor, _ newName: String) throws(StoreError) -> Bool {
        let target = directory.number
        do {
            _ = try check("publishing an object") { unsafe linkat(number, name, target, newName, 0) }
            return true
        } catch  where error.errno == EEXIST {
            return false
        }
    }

    /// Waits until data and size, or the entries of a directory, are on the device.
    func sync() throws(StoreError) {
        _ = try check("syncing") { fsync(number) }
    }

    /// Takes the lock of flock(2), which the system gives back when the process ends in whatever way; false if it is
    /// held through another descriptor.
    func tryLock() throws(StoreError) -> Bool {
        do {
            _ = try check("locking") { flock(number, LOCK_EX | LOCK_NB) }
            return true
        } catch  where error.errno == EWOULDBLOCK {
            return false
        }
    }

    /// Takes the same lock, alone or together with others that share it, and waits for it: its holders do a piece of
    /// work and never wait for anything but the disk.
    func lock(shared: Bool) throws(StoreError) {
        _ = try check("locking") { flock(number, shared ? LOCK_SH : LOCK_EX) }
    }

    /// Gives the lock back; closing does so too.
    func unlock() throws(StoreError) {
        _ = try check("unlocking") { flock(number, LOCK_UN) }
    }

    /// Whether a name in this directory still stands for a file or directory that was opened.
    func holds(_ name: String, _ opened: borrowing Descriptor) throws(StoreError) -> Bool {
        let expected = try opened.status()
        var status = stat()
        do {
            _ = try check("looking for a name") { unsafe fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) }
        } catch  where error.errno == ENOENT {
            return false
        }
        return status.st_dev == expected.st_dev && status.st_ino == expected.st_ino
    }

    func status() throws(StoreError) -> stat {
        var status = stat()
        _ = try check("asking for a file's status") { unsafe fstat(number, &status) }
        return status
    }

    /// Writes all bytes at the end of what was written before.
    func write(_ bytes: Span<UInt8>) throws(StoreError) {
        var written = 0
        while written < bytes.count {
            let rest = bytes.extracting(written...)
            written += try check("writing") {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            }
        }
    }

    /// Reads so many bytes at an offset into the start of a span; returns how many there were before the file ended.
    func read(at offset: UInt64, count: Int, into bytes: inout MutableSpan<UInt8>) throws(StoreError) -> Int {
        var filled = 0
        while filled < count {
            let step = try check("reading") {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<count])
                    return unsafe pread(number, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
                }
            }
            guard step > 0 else { break }
            filled += step
        }
        return filled
    }
}

/// An entry that is open, and its name in the directory it was opened from.
struct NamedDescriptor: ~Copyable, Sendable {
    let name: String
    let descriptor: Descriptor
}

/// Calls the system again while a signal interrupts it; throws its errno.
func check<Result: SignedInteger>(_ operation: String, _ call: () -> Result) throws(StoreError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        guard errno == EINTR else { throw StoreError(operation, errno: errno) }
    }
}
