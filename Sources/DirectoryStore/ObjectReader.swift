// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An object that is open for reading. What it reads is one upload: a later one or a deletion does not show, because
/// both leave the file alone and only change its directory. Any thread, blocking.
package final class ObjectReader: Sendable {
    /// What was read from the end of the file.
    package let object: StoredObject
    private let descriptor: Descriptor

    /// Throws `foreignEntry` if this is no plain file and `damaged` if it is none of this store's.
    init(_ descriptor: consuming Descriptor) throws(StoreError) {
        let status = try descriptor.status()
        guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.foreignEntry, "opening an object") }
        object = try Self.object(in: descriptor, fileBytes: UInt64(status.st_size))
        self.descriptor = descriptor
    }

    /// Fills the span with data from an offset on and returns how many bytes that were: fewer only at the end.
    ///
    /// Throws `damaged` if the file has become shorter, and `inputOutput`.
    package func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(StoreError) -> Int {
        guard offset < object.size else { return 0 }
        let count = Int(min(UInt64(bytes.count), object.size - offset))
        let read = try descriptor.read(at: offset, count: count, into: &bytes)
        guard read == count else { throw StoreError(.damaged, "reading an object") }
        return count
    }

    /// So many bytes from an offset on, fewer only at the end; throws as `read` does.
    package func bytes(at offset: UInt64, count: Int) throws(StoreError) -> [UInt8] {
        guard offset < object.size, count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(min(UInt64(count), object.size - offset)))
        var span = bytes.mutableSpan
        _ = try read(at: offset, into: &span)
        return bytes
    }

    private static func object(
        in descriptor: borrowing Descriptor, fileBytes: UInt64
    ) throws(StoreError) -> StoredObject {
        let footerBytes = UInt64(ObjectTrailer.footerBytes)
        guard fileBytes >= footerBytes else { throw StoreError(.damaged, "opening an object") }
        let end = try piece(of: descriptor, at: fileBytes - footerBytes, count: ObjectTrailer.footerBytes)
        guard let footer = ObjectTrailer.footer(end, fileBytes: fileBytes) else {
            throw StoreError(.damaged, "opening an object")
        }
        let document = try piece(of: descriptor, at: footer.dataBytes, count: Int(footer.documentBytes))
        guard let object = ObjectTrailer.object(document, footer) else {
            throw StoreError(.damaged, "opening an object")
        }
        return object
    }

    private static func piece(
        of descriptor: borrowing Descriptor, at offset: UInt64, count: Int
    ) throws(StoreError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let read = try descriptor.read(at: offset, count: count, into: &span)
        guard read == count else { throw StoreError(.damaged, "opening an object") }
        return bytes
    }
}
