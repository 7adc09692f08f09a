// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

extension Span<UInt8> {
    /// Whether the bytes at `range` are `text`, ASCII letters of either case being the same.
    @inline(__always)
    func holdsIgnoringCase(_ text: StaticString, at range: Range<Int>) -> Bool {
        let other = text.octets
        return range.count == other.count && matchesIgnoringCase(other, at: range.lowerBound)
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
