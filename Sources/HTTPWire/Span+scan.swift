// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

// The one file of this module with unsafe code.

extension Span<UInt8> {
    /// Where the first byte stands that may not be inside a line: a control character other than tab, or `end`.
    ///
    /// Looks at eight bytes at a time. In `word - 0x20…` a byte borrows from its upper neighbours only if it is itself
    /// below 0x20, so the lowest flagged byte is always a true one.
    func endOfText(from start: Int, to end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        precondition(start >= 0 && end <= count, "a scan stays inside its bytes")
        // A view of bytes as bytes; `Span` calls it unsafe for element types with padding only.
        let raw = unsafe self.bytes
        while position &+ 8 <= end {
            // In bounds: position + 8 <= end <= count.
            let loaded = unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            let control = (word &- ones &* 0x20) & ~word
            let flipped = word ^ (ones &* 0x7F)
            let delete = (flipped &- ones) & ~flipped
            let hits = (control | delete) & (ones &* 0x80)
            if hits == 0 {
                position &+= 8
                continue
            }
            position &+= hits.trailingZeroBitCount &>> 3
            guard self[position] == Byte.tab else { return position }
            position &+= 1
        }
        while position < end, self[position].isText { position &+= 1 }
        return position
    }
}
