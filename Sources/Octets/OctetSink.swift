// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What bytes can be appended to: `OctetBuffer` on the data path, `[UInt8]` where a value is to be kept.
///
/// Numbers, encodings and dates are written once, in extensions of it. All of them can be specialised by other modules,
/// so that no call goes through a witness table.
@usableFromInline
package protocol OctetSink: ~Copyable {
    /// Appends one byte.
    mutating func append(_ byte: UInt8)

    /// Appends borrowed bytes; they may not be bytes of the sink itself.
    mutating func append(_ bytes: Span<UInt8>)

    /// Makes room for so many bytes more and lets `initializer` write them in place, all of them or fewer.
    mutating func append<E>(
        addingCapacity count: Int, initializingWith initializer: (inout OutputSpan<UInt8>) throws(E) -> Void
    ) throws(E)
}

extension [UInt8]: OctetSink {
    /// Appends borrowed bytes.
    @inlinable
    package mutating func append(_ bytes: Span<UInt8>) {
        // Adding nothing would write to the one empty array that all threads share.
        if bytes.isEmpty { return }
        append(addingCapacity: bytes.count) { output in
            unsafe output.withUnsafeMutableBufferPointer { room, filled in
                unsafe bytes.withUnsafeBufferPointer { source in
                    guard let from = source.baseAddress, let to = room.baseAddress else { return }
                    // In bounds: the room has as many bytes as the source.
                    unsafe to.initialize(from: from, count: source.count)
                    filled = source.count
                }
            }
        }
    }
}

extension StaticString {
    /// The UTF-8 bytes of a literal, which lie in the program for as long as it runs.
    @inlinable
    package var octets: Span<UInt8> {
        @_lifetime(immortal) @inline(__always)
        get {
            precondition(hasPointerRepresentation, "the compiler makes a pointer of every literal that is no scalar")
            return unsafe _overrideLifetime(
                UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount).span, copying: ())
        }
    }
}

extension OctetSink where Self: ~Copyable {
    /// Appends an ASCII or UTF-8 literal, whose bytes lie in the program: a copy of a length known to the compiler.
    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) {
        append(text.octets)
    }

    /// Appends the text as UTF-8; literals take the overload above.
    @inlinable @_disfavoredOverload
    package mutating func append(_ text: String) {
        append(text.utf8.span)
    }

    /// Appends the bytes of an array.
    @inlinable
    package mutating func append(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    /// Appends the bytes of a slice.
    @inlinable
    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        append(bytes.span)
    }

    /// Appends the bytes with A…Z turned into a…z.
    @inlinable
    package mutating func appendLowercased(_ bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        append(addingCapacity: bytes.count) { output in
            for index in bytes.indices { output.append(bytes[index].asciiLowercased) }
        }
    }

    /// Appends the number in decimal, without leading zeros.
    @inlinable
    package mutating func appendDecimal(_ value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value)) }
        let digits = value.decimalDigitCount
        append(addingCapacity: digits) { $0.appendDecimal(value, digits: digits) }
    }

    /// Appends the number in decimal, with a minus sign when it is negative.
    @inlinable
    package mutating func appendDecimal(_ value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(UInt64(value.magnitude))
    }

    /// Appends the number in decimal, filled with zeros on the left up to `width` digits.
    @inlinable
    package mutating func appendDecimal(_ value: Int, width: Int) {
        let magnitude = UInt64(value.magnitude)
        let digits = Swift.max(width, magnitude.decimalDigitCount)
        append(addingCapacity: digits) { $0.appendDecimal(magnitude, digits: digits) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends borrowed bytes; there must be room for them.
    @inlinable @inline(__always)
    package mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "there is room for the bytes")
        unsafe withUnsafeMutableBufferPointer { room, filled in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = room.baseAddress else { return }
                // In bounds: there is room for as many bytes as the source has.
                unsafe (to + filled).initialize(from: from, count: source.count)
                filled &+= source.count
            }
        }
    }

    /// Appends two runs of bytes, each with two bytes behind it, as lines of HTTP are; there must be room for all.
    @inlinable
    package mutating func append(
        _ first: Span<UInt8>, separator: (UInt8, UInt8), _ second: Span<UInt8>, end: (UInt8, UInt8)
    ) {
        precondition(first.count + second.count + 4 <= freeCapacity, "there is room for the bytes")
        unsafe withUnsafeMutableBufferPointer { room, filled in
            guard let base = room.baseAddress else { return }
            // In bounds: there is room for both runs and four bytes more behind what is filled.
            var place = unsafe base + filled
            unsafe first.withUnsafeBufferPointer { source in
                if let from = source.baseAddress { unsafe place.initialize(from: from, count: source.count) }
            }
            unsafe place += first.count
            unsafe (place[0], place[1]) = separator
            unsafe place += 2
            unsafe second.withUnsafeBufferPointer { source in
                if let from = source.baseAddress { unsafe place.initialize(from: from, count: source.count) }
            }
            unsafe place += second.count
            unsafe (place[0], place[1]) = end
            filled &+= first.count &+ second.count &+ 4
        }
    }

    /// Appends the number in decimal, without leading zeros; there must be room for its digits.
    @inlinable
    package mutating func appendDecimal(_ value: UInt64) {
        appendDecimal(value, digits: value.decimalDigitCount)
    }

    /// Appends exactly so many decimal digits of a number.
    @inlinable
    mutating func appendDecimal(_ value: UInt64, digits: Int) {
        unsafe withUnsafeMutableBufferPointer { room, filled in
            precondition(digits <= room.count - filled, "there is room for the digits")
            var rest = value
            var place = filled + digits
            while place > filled {
                place &-= 1
                let quotient = rest / 10
                // In bounds: filled <= place < filled + digits <= room.count.
                unsafe room[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
                rest = quotient
            }
            filled += digits
        }
    }
}

extension UInt64 {
    /// How many digits the number has in decimal; one for zero.
    @inlinable
    var decimalDigitCount: Int {
        var digits = 1
        var bound: UInt64 = 10
        while self >= bound {
            digits &+= 1
            guard digits < 20 else { return digits }
            bound &*= 10
        }
        return digits
    }
}
