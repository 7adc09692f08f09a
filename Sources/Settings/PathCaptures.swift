// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What the wildcards of a path pattern stood for: ranges of the request's path, in the order of the pattern.
///
/// Kept inline, so that matching allocates nothing.
package struct PathCaptures: Sendable {
    /// Most wildcards that one pattern may have.
    package static var capacity: Int { 8 }

    private var starts = [8 of UInt32](repeating: 0)
    private var ends = [8 of UInt32](repeating: 0)
    package private(set) var count = 0

    package init() {}

    /// What wildcard `index`, from zero, stood for.
    package subscript(index: Int) -> Range<Int> {
        precondition(index < count, "a capture is asked for that the pattern does not have")
        return Int(starts[index])..<Int(ends[index])
    }

    /// Begins the next capture as an empty one. Patterns outside paths may have more wildcards; those are not kept.
    mutating func open(at position: Int) {
        if count < Self.capacity {
            starts[count] = UInt32(truncatingIfNeeded: position)
            ends[count] = UInt32(truncatingIfNeeded: position)
        }
        count += 1
    }

    /// Ends the latest capture; an end before its start leaves it empty.
    mutating func close(at position: Int) {
        guard count <= Self.capacity else { return }
        ends[count - 1] = Swift.max(starts[count - 1], UInt32(truncatingIfNeeded: position))
    }

    /// Forgets all captures but the first `count`.
    mutating func keep(_ count: Int) { self.count = count }
}
