// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Reads header or trailer lines one byte after the other; can stop after any byte and go on where it stopped.
///
/// Looks only at bytes from its position onwards, never back, so callers may throw away what was read if they do not
/// need the ranges. Grammar: RFC 9112 §5, without obs-fold.
struct FieldLineParser {
    enum Step {
        /// All bytes were read and the line is not complete.
        case needsMore
        /// A line is complete: `name` and `value` tell where.
        case field
        /// The empty line was read.
        case end
    }

    private enum State {
        case lineStart
        case name
        case valueStart
        case value
        case lineFeed
        case lastLineFeed
    }

    private var state = State.lineStart
    private var nameStart = 0
    private var nameEnd = 0
    private var valueStart = 0
    private var valueEnd = 0

    /// Where the name of the line just completed stands.
    var name: Range<Int> { nameStart..<nameEnd }
    /// Where its value stands, with blanks that may trail it.
    var value: Range<Int> { valueStart..<valueEnd }
    /// All that stands between the colon and the line end.
    var line: Range<Int> { nameEnd &+ 1..<valueEnd }

    /// Reads on from `position` up to `end`, at most to the end of one line; moves `position` to the next unread byte.
    ///
    /// The states are asked in the order of a line rather than dispatched on: a line that is there as a whole runs
    /// straight through, which the branch predictor rewards (a third of the time of a typical head).
    mutating func advance(
        _ bytes: Span<UInt8>, position: inout Int, end: Int
    ) throws(WireError.Code) -> Step {
        if state == .lineStart {
            if readWholeLine(bytes, position: &position, end: end) { return .field }
            guard position < end else { return .needsMore }
            try startLine(bytes[position], position: &position)
        }
        if state == .name {
            try readName(bytes, position: &position, end: end)
        }
        if state == .valueStart {
            while position < end, bytes[position].isBlank { position &+= 1 }
            valueStart = position
            if position < end { state = .value }
        }
        if state == .value {
            try readValue(bytes, position: &position, end: end)
        }
        guard position < end else { return .needsMore }
        // Only the two line feeds are left: every other state reads until there are no bytes.
        guard bytes[position] == Byte.lineFeed else { throw .bareCarriageReturn }
        position &+= 1
        let step = state == .lineFeed ? Step.field : .end
        state = .lineStart
        return step
    }

    /// Reads a line that is there as a whole and has nothing wrong; changes nothing otherwise, and then the states find
    /// out what is missing or wrong.
    @inline(__always)
    private mutating func readWholeLine(_ bytes: Span<UInt8>, position: inout Int, end: Int) -> Bool {
        let start = position
        let colon = bytes.endOfToken(from: start, to: end)
        guard colon > start, colon < end, bytes[colon] == Byte.colon else { return false }
        var first = colon &+ 1
        while first < end, bytes[first].isBlank { first &+= 1 }
        let last = bytes.endOfText(from: first, to: end)
        guard last &+ 1 < end, bytes[last] == Byte.carriageReturn, bytes[last &+ 1] == Byte.lineFeed else {
            return false
        }
        nameStart = start
        nameEnd = colon
        valueStart = first
        valueEnd = last
        position = last &+ 2
        return true
    }

    @inline(__always)
    private mutating func startLine(_ byte: UInt8, position: inout Int) throws(WireError.Code) {
        switch byte {
        case Byte.carriageReturn:
            state = .lastLineFeed
            position &+= 1
        case Byte.lineFeed: throw .bareLineFeed
        case Byte.space, Byte.tab: throw .foldedLine
        case Byte.colon: throw .emptyFieldName
        default:
            state = .name
            nameStart = position
        }
    }

    @inline(__always)
    private mutating func readName(
        _ bytes: Span<UInt8>, position: inout Int, end: Int
    ) throws(WireError.Code) {
        let cursor = bytes.endOfToken(from: position, to: end)
        position = cursor
        guard cursor < end else { return }
        let byte = bytes[cursor]
        guard byte == Byte.colon else { throw byte.isBlank ? .spaceBeforeColon : .badFieldName }
        nameEnd = cursor
        position = cursor &+ 1
        state = .valueStart
    }

    @inline(__always)
    private mutating func readValue(
        _ bytes: Span<UInt8>, position: inout Int, end: Int
    ) throws(WireError.Code) {
        position = bytes.endOfText(from: position, to: end)
        guard position < end else { return }
        switch bytes[position] {
        case Byte.carriageReturn:
            valueEnd = position
            position &+= 1
            state = .lineFeed
        case Byte.lineFeed: throw .bareLineFeed
        default: throw .controlCharacter
        }
    }
}
