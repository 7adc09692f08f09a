// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The one read buffer of a loop: bytes pass through it, and only what could not be passed on is kept elsewhere.
///
/// Loop thread only; its content is valid until the next read on the same buffer.
@safe
package final class Scratch {
    private let memory: UnsafeMutableRawBufferPointer

    /// - Parameter size: in bytes; large enough that a read empties a socket's queue, small enough to stay in the cache.
    package init(size: Int = 128 * 1024) {
        unsafe memory = .allocate(byteCount: size, alignment: 64)
    }

    deinit { unsafe memory.deallocate() }

    package var count: Int { unsafe memory.count }

    /// Reads from `stream` into the buffer, at most `limit` bytes.
    package func read(from stream: ByteStream, limit: Int = .max) -> StreamResult {
        unsafe stream.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(limit, memory.count)]))
    }

    /// Takes what waits at a descriptor, at most `limit` bytes, with one system call.
    func receive(from descriptor: Int32, limit: Int) -> StreamResult {
        unsafe ByteStream.receive(
            from: descriptor, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(limit, memory.count)]))
    }

    /// Looks at what waits at a plain `stream`, without taking it; nil if that is more than the buffer holds.
    package func peek(at stream: ByteStream) -> Int? {
        let count = unsafe recv(stream.descriptor, memory.baseAddress, memory.count, Int32(MSG_PEEK | MSG_DONTWAIT))
        return unsafe count < memory.count ? max(0, count) : nil
    }

    /// Calls `body` with the first `count` bytes.
    package func withBytes<Result, Failure: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeBufferPointer(rebasing: memory.bindMemory(to: UInt8.self)[..<count])
        return try unsafe body(bytes.span)
    }
}

extension ByteStream {
    /// Writes as much of `bytes` as is taken, see ``write(_:)-(UnsafeRawBufferPointer)``.
    package func write(_ bytes: Span<UInt8>) -> StreamResult {
        unsafe bytes.withUnsafeBytes { unsafe write($0) }
    }

    /// Writes two spans in one call, the first one first.
    package func write(_ first: Span<UInt8>, _ second: Span<UInt8>) -> StreamResult {
        unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { unsafe write(first, $0) }
        }
    }
}
