// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

// Whether everything that one pattern accepts is accepted by another. The narrower pattern is read as a text whose own
// wildcards are symbols that only wildcards as wide can take in. Yes is always right; a few overlaps are answered no.

extension Glob {
    /// Whether this accepts all that `other` accepts.
    package func covers(_ other: Glob) -> Bool { Self.covers(bytes[...], other.bytes[...]) }

    static func covers(_ wide: ArraySlice<UInt8>, _ narrow: ArraySlice<UInt8>) -> Bool {
        let wide = normalized(wide)
        let narrow = normalized(narrow)
        // row[j]: whether the rest of `wide` covers narrow[j...]; filled from the end of `wide`.
        var row = [Bool](repeating: false, count: narrow.count + 1)
        row[narrow.count] = true
        for symbol in wide.reversed() {
            var next = [Bool](repeating: false, count: narrow.count + 1)
            for index in stride(from: narrow.count, through: 0, by: -1) {
                if symbol == .star {
                    next[index] = row[index] || (index < narrow.count && next[index + 1])
                } else if index < narrow.count, narrow[index] != .star,
                    symbol == .question || symbol == narrow[index]
                {
                    next[index] = row[index + 1]
                }
            }
            row = next
        }
        return row[0]
    }

    /// The same pattern with every run of wildcards written as its `?` and then at most one `*`.
    private static func normalized(_ pattern: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var starIsPending = false
        for byte in pattern {
            if byte == .star {
                starIsPending = true
            } else {
                if byte != .question, starIsPending {
                    result.append(.star)
                    starIsPending = false
                }
                result.append(byte)
            }
        }
        if starIsPending { result.append(.star) }
        return result
    }
}

extension SegmentPattern {
    /// Whether this accepts all that `other` accepts.
    package func covers(_ other: SegmentPattern) -> Bool {
        let narrow = other.segments
        // Most pairs of routes differ in a literal at the beginning, which needs no table.
        for (wide, narrow) in zip(segments, narrow) {
            guard wide.kind == .literal, narrow.kind == .literal else { break }
            if bytes[wide.range] != other.bytes[narrow.range] { return false }
        }
        var row = [Bool](repeating: false, count: narrow.count + 1)
        row[narrow.count] = true
        for segment in segments.reversed() {
            var next = [Bool](repeating: false, count: narrow.count + 1)
            for index in stride(from: narrow.count, through: 0, by: -1) {
                if segment.kind == .rest {
                    next[index] = row[index] || (index < narrow.count && next[index + 1])
                } else if index < narrow.count, row[index + 1] {
                    next[index] = covers(segment, other, narrow[index])
                }
            }
            row = next
        }
        return row[0]
    }

    private func covers(_ wide: Segment, _ other: SegmentPattern, _ narrow: Segment) -> Bool {
        let wideText = bytes[wide.range]
        let narrowText = other.bytes[narrow.range]
        return switch (wide.kind, narrow.kind) {
        case (_, .rest): false
        case (.any, .literal): !narrowText.isEmpty
        // Outside `*` itself, a segment with wildcards has some byte that is not a `*`, so it is never empty.
        case (.any, .any), (.any, .glob): true
        case (.literal, .literal): wideText == narrowText
        case (.glob, .any): Glob.covers(wideText, [.question, .star])
        case (.glob, .literal), (.glob, .glob): Glob.covers(wideText, narrowText)
        case (.literal, .any), (.literal, .glob), (.rest, _): false
        }
    }
}
