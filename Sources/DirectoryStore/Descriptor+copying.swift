// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLinux
import Glibc

extension Descriptor {
    /// How much the system is asked to copy at once, so that an interrupt is noticed.
    private static let maximumStepBytes: UInt64 = 1 << 30
    private static let bufferBytes = 256 << 10

    /// Writes the first bytes of another file at the end of what was written before, without having them in this
    /// process: the file system shares blocks where it can (Btrfs, XFS) and else copies in the kernel.
    ///
    /// Throws `damaged` if the other file is shorter.
    func append(_ source: borrowing Descriptor, bytes: UInt64) throws(StoreError) {
        var offset = off_t(0)
        while UInt64(offset) < bytes {
            let step = Int(min(bytes - UInt64(offset), Self.maximumStepBytes))
            let (from, to) = (source.number, number)
            do {
                guard try check("copying", { unsafe pb_copy_file_range(from, &offset, to, step) }) > 0 else { break }
            } catch  where [EXDEV, ENOSYS, EOPNOTSUPP, EINVAL, EPERM].contains(error.errno) {
                // copy_file_range(2): not between these files, or not by this kernel.
                break
            }
        }
        try append(source, from: UInt64(offset), to: bytes)
    }

    /// The same for a range, piece by piece.
    func append(_ source: borrowing Descriptor, from start: UInt64, to end: UInt64) throws(StoreError) {
        guard start < end else { return }
        var offset = start
        var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(Self.bufferBytes), end - start)))
        while offset < end {
            let count = Int(min(UInt64(buffer.count), end - offset))
            var span = buffer.mutableSpan
            guard try source.read(at: offset, count: count, into: &span) == count else {
                throw StoreError(.damaged, "copying")
            }
            try write(buffer.span.extracting(..<count))
            offset += UInt64(count)
        }
    }
}
