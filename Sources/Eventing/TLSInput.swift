// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
internal import Glibc

/// What a TLS session reads from: a source `BIO` over the socket that takes many records with one system call.
///
/// The bytes pass through a buffer that all sessions of the loop share; OpenSSL takes record by record out of it. So a
/// connection itself holds no more than the record that is not complete yet, and what its reader had no room for.
@safe
final class TLSInput {
    /// The most that a record has on the wire: head, text, and what TLS 1.2 may add (RFC 5246 §6.2.3).
    static let recordBytes = 5 + 16 * 1024 + 2048

    let descriptor: Int32
    private let shared: Scratch
    /// Of the shared buffer, what the operation that is going on did not take yet.
    private var fresh = 0..<0
    /// What an earlier operation left, from `keptStart` on.
    private var kept: [UInt8] = []
    private var keptStart = 0
    /// How much the operation may still take off the socket; one system call takes it all.
    private var room = 0
    private var isAtEnd = false

    /// - Parameter shared: the loop's buffer for raw input; nothing in it outlives an operation.
    init(descriptor: Int32, shared: Scratch) {
        self.descriptor = descriptor
        self.shared = shared
    }

    /// Bytes that were taken off the socket and that OpenSSL has not seen.
    var count: Int { fresh.count + kept.count - keptStart }

    /// Allows one system call for up to `room` bytes, or a record, until ``end()``.
    func begin(room: Int) {
        self.room = max(room, Self.recordBytes)
    }

    /// The operation is over, and with it the claim on the shared buffer.
    func end() {
        room = 0
        guard !fresh.isEmpty else { return }
        // Nothing is kept by now: that is taken first.
        kept = shared.withBytes(fresh.upperBound) { bytes in
            unsafe bytes.extracting(fresh.lowerBound...).withUnsafeBytes { unsafe Array($0) }
        }
        keptStart = 0
        fresh = 0..<0
    }

    /// A source for `SSL_set0_rbio`, which owns it from then on; this object must outlive it.
    @unsafe func makeBIO() -> OpaquePointer? {
        guard let method = unsafe Self.method.raw, let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    private enum Taken {
        case bytes(Int)
        case nothingNow
        case end
        case failed
    }

    private func take(_ place: UnsafeMutableRawBufferPointer) -> Taken {
        if keptStart < kept.count {
            let count = min(place.count, kept.count - keptStart)
            unsafe kept.withUnsafeBytes { bytes in
                unsafe place.copyMemory(from: .init(rebasing: bytes[keptStart..<keptStart + count]))
            }
            keptStart += count
            if keptStart == kept.count {
                kept = []
                keptStart = 0
            }
            return .bytes(count)
        }
        if fresh.isEmpty {
            let read = receive()
            guard case .bytes(let count) = read else { return read }
            fresh = 0..<count
        }
        let count = min(place.count, fresh.count)
        shared.withBytes(fresh.lowerBound + count) { bytes in
            unsafe bytes.extracting(fresh.lowerBound...).withUnsafeBytes { unsafe place.copyMemory(from: $0) }
        }
        fresh = fresh.lowerBound + count..<fresh.upperBound
        return .bytes(count)
    }

    /// One system call for an operation: what is there beyond it, the loop tells of again.
    private func receive() -> Taken {
        if isAtEnd { return .end }
        guard room > 0 else { return .nothingNow }
        switch shared.receive(from: descriptor, limit: room) {
        case .bytes(let count):
            room = 0
            return .bytes(count)
        case .wouldBlock: return .nothingNow
        case .end:
            isAtEnd = true
            return .end
        case .failed: return .failed
        }
    }

    // MARK: - As a BIO

    /// `BIO_METHOD`s are never changed once made, so all threads share one.
    @safe
    private struct Method: @unchecked Sendable {
        let raw: OpaquePointer?
    }

    private static let method: Method = {
        let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TLS input")
        guard let method = unsafe method else { return unsafe Method(raw: nil) }
        unsafe BIO_meth_set_read_ex(method) { bio, place, count, taken in
            unsafe TLSInput.read(bio, place, count, taken)
        }
        unsafe BIO_meth_set_ctrl(method) { bio, command, _, _ in unsafe TLSInput.control(bio, command) }
        return unsafe Method(raw: method)
    }()

    private static func read(
        _ bio: OpaquePointer?, _ place: UnsafeMutablePointer<CChar>?, _ count: Int, _ taken: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        guard let bio = unsafe bio, let place = unsafe place, let taken = unsafe taken else { return 0 }
        unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        switch unsafe from(bio).take(UnsafeMutableRawBufferPointer(start: place, count: count)) {
        case .bytes(let count):
            unsafe taken.pointee = count
            return 1
        case .nothingNow:
            unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return 0
        // OpenSSL asks for the end, and looks at errno, by itself.
        case .end, .failed: return 0
        }
    }

    private static func control(_ bio: OpaquePointer?, _ command: Int32) -> Int {
        guard let bio = unsafe bio else { return 0 }
        switch command {
        case BIO_CTRL_EOF: return unsafe from(bio).isAtEnd ? 1 : 0
        case BIO_CTRL_FLUSH: return 1
        default: return 0
        }
    }

    private static func from(_ bio: OpaquePointer) -> TLSInput {
        unsafe Unmanaged<TLSInput>.fromOpaque(BIO_get_data(bio).unsafelyUnwrapped).takeUnretainedValue()
    }
}
