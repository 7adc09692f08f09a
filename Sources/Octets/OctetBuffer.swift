// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// Bytes in memory of its own that are filled and emptied again and again: the storage of the data path.
///
/// Next to `[UInt8]` it has no reference count, no uniqueness check and no copy on write, so an append to memory that is
/// there already is a comparison and a store. It grows by doubling and keeps its memory until it goes away or
/// `removeAll(keepingAtMost:)` gives it back. Owned by whoever holds it; no thread rule of its own.
@usableFromInline
@safe package struct OctetBuffer: ~Copyable {
    /// nil as long as nothing was appended.
    @usableFromInline var base: UnsafeMutablePointer<UInt8>?
    /// Bytes in use; never above `capacity`.
    @usableFromInline var used = 0
    /// Bytes there is memory for.
    @usableFromInline var room = 0

    /// Nothing, without memory.
    @inlinable
    package init() {
        unsafe base = nil
    }

    /// Nothing, with room for so many bytes.
    package init(capacity: Int) {
        unsafe base = nil
        if capacity > 0 { unsafe allocate(capacity) }
    }

    deinit { unsafe free(base) }

    /// How many bytes it holds.
    @inlinable
    package var count: Int { used }

    @inlinable
    package var isEmpty: Bool { used == 0 }

    /// How many bytes it can hold before it takes new memory.
    @inlinable
    package var capacity: Int { room }

    /// All its bytes, borrowed: it cannot change while somebody looks at them.
    @inlinable
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // `base` holds `used` initialised bytes for as long as the buffer is borrowed.
            let span = unsafe UnsafeBufferPointer(start: base, count: used).span
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Calls `body` with all its bytes: for a buffer that is a property of an object, whose span cannot be held.
    @inlinable @inline(__always)
    package borrowing func withSpan<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(span)
    }

    /// The byte at `index`, which must be one in use.
    @inlinable
    package subscript(index: Int) -> UInt8 {
        get {
            precondition(index >= 0 && index < used, "the index lies inside the buffer")
            return unsafe base.unsafelyUnwrapped[index]
        }
        set {
            precondition(index >= 0 && index < used, "the index lies inside the buffer")
            unsafe base.unsafelyUnwrapped[index] = newValue
        }
    }

    /// Makes sure that so many bytes more can be appended without new memory.
    @inlinable @inline(__always)
    package mutating func reserve(_ additional: Int) {
        precondition(additional >= 0, "room is never negative")
        if additional > room &- used { grow(additional) }
    }

    /// Drops all bytes and keeps the memory.
    @inlinable @inline(__always)
    package mutating func removeAll() { used = 0 }

    /// Drops all bytes, and the memory too if it is more than `bound` bytes: what one large message needed is not to be
    /// held for all the small ones after it.
    package mutating func removeAll(keepingAtMost bound: Int) {
        used = 0
        guard room > bound else { return }
        unsafe free(base)
        unsafe base = nil
        room = 0
    }

    /// Drops all bytes from `count` on, which must not be above the count.
    @inlinable
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= used, "a buffer is cut inside its bytes")
        used = count
    }

    /// Drops so many bytes in front and moves the rest there.
    package mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= used, "a buffer is cut inside its bytes")
        guard count > 0, let base = unsafe base else { return }
        used &-= count
        unsafe memmove(base, base + count, used)
    }

    /// Out of line, so that what is inlined into callers stays small.
    @usableFromInline @inline(never)
    mutating func grow(_ additional: Int) {
        let (needed, tooMuch) = used.addingReportingOverflow(additional)
        precondition(!tooMuch && needed <= 1 << 62, "a buffer fits into memory")
        unsafe allocate(max(needed, room * 2, 64))
    }

    @unsafe private mutating func allocate(_ bytes: Int) {
        guard let memory = unsafe realloc(base, bytes) else { preconditionFailure("there is no memory left") }
        unsafe base = memory.assumingMemoryBound(to: UInt8.self)
        room = bytes
    }
}

extension OctetBuffer: OctetSink {
    @inlinable @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        // In bounds: there is room for one byte more.
        unsafe base.unsafelyUnwrapped[used] = byte
        used &+= 1
    }

    @inlinable @inline(__always)
    package mutating func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        reserve(count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let base = unsafe base else { return }
            // In bounds: there is room for `count` bytes more, and nobody else can have borrowed them.
            unsafe (base + used).initialize(from: from, count: count)
        }
        used &+= count
    }

    /// Appends bytes between two and two others, as JSON has them around names.
    @inlinable @inline(__always)
    package mutating func append(_ before: (UInt8, UInt8), _ bytes: Span<UInt8>, _ after: (UInt8, UInt8)) {
        let count = bytes.count
        reserve(count &+ 4)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let base = unsafe base else { return }
            // In bounds: there is room for `count` bytes and four more, and nobody else can have borrowed them.
            let place = unsafe base + used
            unsafe (place[0], place[1]) = before
            unsafe (place + 2).initialize(from: from, count: count)
            unsafe (place[count &+ 2], place[count &+ 3]) = after
        }
        used &+= count &+ 4
    }

    @inlinable @inline(__always)
    package mutating func append<E>(
        addingCapacity count: Int, initializingWith initializer: (inout OutputSpan<UInt8>) throws(E) -> Void
    ) throws(E) {
        reserve(count)
        // The `count` bytes behind those in use; nil only if `count` is 0.
        let free = unsafe UnsafeMutableBufferPointer(start: base.map { unsafe $0 + used }, count: count)
        var output = unsafe OutputSpan(buffer: free, initializedCount: 0)
        do throws(E) {
            try initializer(&output)
        } catch {
            used &+= unsafe output.finalize(for: free)
            throw error
        }
        used &+= unsafe output.finalize(for: free)
    }
}

extension [UInt8] {
    /// A copy of what a buffer holds.
    package init(_ buffer: borrowing OctetBuffer) {
        self = []
        append(buffer.span)
    }
}
