// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// An object that is open for reading. What it reads is one upload: a later one or a deletion does not show, because
/// both leave the file alone and only change its directory. Any thread, blocking.
package final class ObjectReader: Sendable {
    /// What was read from the end of the file.
    package let object: StoredObject
    let descriptor: Descriptor

    /// Throws `foreignEntry` if this is no plain file and `damaged` if it is none of this store's.
    init(_ descriptor: consuming Descriptor) throws(StoreError) {
        object = try ObjectTrailer.object(try Trailer.read(descriptor))
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
}
