// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Whether the bytes at `range` are exactly `text`.
    @inline(__always)
    func holds(_ text: String, at range: Range<Int>) -> Bool {
        let other = text.utf8.span
        guard range.count == other.count else { return false }
        for index in 0..<other.count where self[range.lowerBound &+ index] != other[index] { return false }
        return true
    }

    /// Whether the bytes at `range` are `text`, ASCII letters of either case being the same.
    @inline(__always)
    func holdsIgnoringCase(_ text: String, at range: Range<Int>) -> Bool {
        let other = text.utf8.span
        return range.count == other.count && matchesIgnoringCase(other, at: range.lowerBound)
    }

    /// Whether `other` stands at `start`, ASCII letters of either case being the same. The bytes must be there.
    @inline(__always)
    func matchesIgnoringCase(_ other: Span<UInt8>, at start: Int) -> Bool {
        for index in 0..<other.count {
            let mine = self[start &+ index]
            let difference = mine ^ other[index]
            guard difference == 0 || (difference == 0x20 && mine.isLetter) else { return false }
        }
        return true
    }

    /// `range` without blanks at either end.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower].isBlank { lower &+= 1 }
        while lower < upper, self[upper &- 1].isBlank { upper &-= 1 }
        return lower..<upper
    }

    /// The element of a comma-separated list that starts at `start`, trimmed, and where the next one starts.
    /// Walk with `start` from the lower bound of the value until it passes `end`.
    func listElement(from start: Int, to end: Int) -> (element: Range<Int>, next: Int) {
        var comma = start
        while comma < end, self[comma] != Byte.comma { comma &+= 1 }
        return (trimmed(start..<comma), comma &+ 1)
    }
}
