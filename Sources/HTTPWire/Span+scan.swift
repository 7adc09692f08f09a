// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

// The one file of this module with unsafe code.

private import Glibc

extension Span<UInt8> {
    /// Where the first byte stands that may not be inside a line: a control character other than tab, or `end`.
    ///
    /// Looks at eight bytes at a time.
    func endOfText(from start: Int, to end: Int) -> Int {
        var position = start
        precondition(start >= 0 && end <= count, "a scan stays inside its bytes")
        // A view of bytes as bytes; `Span` calls it unsafe for element types with padding only.
        let raw = unsafe self.bytes
        while position &+ 8 <= end {
            // In bounds: position + 8 <= end <= count.
            let loaded = unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            let hits = SWAR.controls(word)
            if hits == 0 {
                position &+= 8
                continue
            }
            position &+= hits.trailingZeroBitCount &>> 3
            guard self[position] == Byte.tab else { return position }
            position &+= 1
        }
        // What is left is shorter than a word: the last word overlaps what was seen to be text, if there was a whole one.
        if position < end, end &- start >= 8 {
            let loaded = unsafe raw.unsafeLoadUnaligned(fromByteOffset: end &- 8, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            if SWAR.controls(word) == 0 { return end }
        }
        while position < end, self[position].isText { position &+= 1 }
        return position
    }

    /// The eight bytes at `position`, the first one lowest.
    @inline(__always)
    func word(at position: Int) -> UInt64 {
        precondition(position >= 0 && position &+ 8 <= count, "a word lies inside its bytes")
        // In bounds, as was asked.
        return UInt64(littleEndian: unsafe self.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// Where `wanted` first stands at or after `start`, or the count of the bytes: memchr(3), which knows the widest registers of
    /// the processor.
    func firstIndex(of wanted: UInt8, from start: Int) -> Int {
        precondition(start >= 0 && start <= count, "a scan stays inside its bytes")
        return unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count else { return bytes.count }
            let found = unsafe memchr(base + start, Int32(wanted), bytes.count &- start)
            return if let found = unsafe found { unsafe UnsafeRawPointer(found) - base } else { bytes.count }
        }
    }

    /// Whether all bytes are above the space and none is DEL: what a request target may hold.
    var isVisible: Bool {
        let raw = unsafe self.bytes
        var position = 0
        while position &+ 8 <= count {
            // In bounds: position + 8 <= count. A byte borrows only from one that is flagged itself.
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            let flipped = word ^ SWAR.ones &* 0x7F
            let hits = (word &- SWAR.ones &* 0x21) & ~word | (flipped &- SWAR.ones) & ~flipped
            guard hits & SWAR.highBits == 0 else { return false }
            position &+= 8
        }
        while position < count {
            guard self[position] > Byte.space, self[position] != Byte.delete else { return false }
            position &+= 1
        }
        return true
    }

    /// Where the first byte stands that may not be inside a token (RFC 9110 §5.6.2), or `end`.
    ///
    /// Letters, digits and hyphens, of which names consist, are told eight at a time; whatever else stands there is
    /// looked at alone.
    func endOfToken(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count, "a scan stays inside its bytes")
        var position = start
        let raw = unsafe self.bytes
        while position &+ 8 <= end {
            // In bounds: position + 8 <= end <= count.
            let loaded = unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            let others = ~SWAR.lettersDigitsHyphens(UInt64(littleEndian: loaded)) & SWAR.highBits
            if others == 0 {
                position &+= 8
                continue
            }
            position &+= others.trailingZeroBitCount &>> 3
            guard ByteClass.token.contains(self[position]) else { return position }
            position &+= 1
        }
        while position < end, ByteClass.token.contains(self[position]) { position &+= 1 }
        return position
    }

    /// Whether `other` stands at `start`, ASCII letters of either case being the same. The bytes must be there.
    func matchesIgnoringCase(_ other: Span<UInt8>, at start: Int) -> Bool {
        let length = other.count
        precondition(start >= 0 && start &+ length <= count, "a comparison stays inside its bytes")
        // In bounds below: each load ends at `length`, at most.
        let (mine, theirs) = unsafe (self.bytes, other.bytes)
        guard length >= 8 else {
            if length >= 4 {
                let last = length &- 4
                return unsafe SWAR.isSameIgnoringCase(
                    UInt64(mine.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
                        | UInt64(mine.unsafeLoadUnaligned(fromByteOffset: start &+ last, as: UInt32.self)) &<< 32,
                    UInt64(theirs.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self))
                        | UInt64(theirs.unsafeLoadUnaligned(fromByteOffset: last, as: UInt32.self)) &<< 32)
            }
            for index in 0..<length where !SWAR.isSameIgnoringCase(UInt64(self[start &+ index]), UInt64(other[index])) {
                return false
            }
            return true
        }
        var index = 0
        while true {
            let isSame = unsafe SWAR.isSameIgnoringCase(
                mine.unsafeLoadUnaligned(fromByteOffset: start &+ index, as: UInt64.self),
                theirs.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            guard isSame else { return false }
            index &+= 8
            if index >= length { return true }
            // The last eight bytes may have been looked at in part before.
            index = Swift.min(index, length &- 8)
        }
    }
}

/// Eight bytes at a time in one word (SIMD within a register); each result is told by the highest bit of its byte.
enum SWAR {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Flags control characters and DEL; the lowest flag is always a true one: in `word - 0x20…` a byte borrows from its
    /// upper neighbours only if it is itself below 0x20, and no sum leaves its byte.
    @inline(__always)
    static func controls(_ word: UInt64) -> UInt64 {
        ((word &- ones &* 0x20) | ((word & ~highBits) &+ ones)) & ~word & highBits
    }

    /// Flags the ASCII letters. Sums stay inside their bytes, because the highest bits were taken away before.
    @inline(__always)
    static func letters(_ word: UInt64) -> UInt64 {
        let lower = word & ~highBits | ones &* 0x20
        return (lower &+ ones &* (0x80 - 0x61)) & ~(lower &+ ones &* (0x80 - 0x7B)) & ~word & highBits
    }

    /// Flags ASCII letters, digits and hyphens.
    @inline(__always)
    static func lettersDigitsHyphens(_ word: UInt64) -> UInt64 {
        let low = word & ~highBits
        let digits = (low &+ ones &* (0x80 - 0x30)) & ~(low &+ ones &* (0x80 - 0x3A))
        let hyphens = ~((low ^ ones &* 0x2D) &+ ones &* 0x7F)
        return letters(word) | (digits | hyphens) & ~word & highBits
    }

    /// Whether the bytes are the same but for the case of ASCII letters.
    @inline(__always)
    static func isSameIgnoringCase(_ one: UInt64, _ other: UInt64) -> Bool {
        let difference = one ^ other
        return difference == 0 || difference & ~(letters(one) &>> 2) == 0
    }
}
