// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Why a pattern of a path or host cannot be used, as a clause.
package struct PatternError: Error, Sendable, Equatable {
    package let message: String
}

/// A pattern of a path or host, compared segment by segment.
///
/// A segment is a literal, `*` (one segment that is not empty), a mixture of text with `*` and `?` that stay inside
/// their segment, or `**` (any number of segments, also none). `**` takes as few segments as it can, the last one all
/// that is left to it. Hosts are compared without regard to case.
package struct SegmentPattern: Sendable, Equatable, CustomStringConvertible {
    enum Kind: Sendable { case literal, any, glob, rest }

    struct Segment: Sendable, Equatable {
        let kind: Kind
        /// Where its text lies in ``bytes``.
        let range: Range<Int>
    }

    /// The pattern as written.
    package let source: String
    /// How many values it captures.
    package let wildcards: Int
    let bytes: [UInt8]
    let segments: [Segment]
    let separator: UInt8
    var foldsCase: Bool { separator == .dot }

    package var description: String { source }

    /// A pattern of a decoded path, written with its leading slash.
    package init(path source: String) throws(PatternError) {
        guard source.utf8.first == .slash else { throw PatternError(message: "a path begins with \"/\"") }
        try self.init(source, bytes: [UInt8](source.utf8.dropFirst()), separator: .slash)
    }

    /// A pattern of a host, without port.
    package init(host source: String) throws(PatternError) {
        let bytes = source.utf8.map(\.lowercasedASCII)
        if source.isEmpty { throw PatternError(message: "a host is not empty") }
        let allowed = bytes.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || "-_.*?[]:".utf8.contains(byte)
        }
        if !allowed { throw PatternError(message: "a host holds letters, digits, \"-\", \".\", \"*\" and \"?\" only") }
        if bytes.contains(UInt8(ascii: ":")), bytes.first != UInt8(ascii: "[") || bytes.last != UInt8(ascii: "]") {
            throw PatternError(message: "ports do not take part in matching; leave the port out")
        }
        try self.init(source, bytes: bytes, separator: .dot)
    }

    private init(_ source: String, bytes: [UInt8], separator: UInt8) throws(PatternError) {
        var segments: [Segment] = []
        var wildcards = 0
        var start = 0
        while true {
            let end = bytes[start...].firstIndex(of: separator) ?? bytes.count
            let segment = Segment(kind: try Self.kind(of: bytes[start..<end]), range: start..<end)
            wildcards += segment.kind == .rest ? 1 : bytes[start..<end].count { $0 == .star }
            segments.append(segment)
            if end == bytes.count { break }
            start = end + 1
        }
        if wildcards > PathCaptures.capacity {
            throw PatternError(message: "it has \(wildcards) wildcards; \(PathCaptures.capacity) are the most")
        }
        self.source = source
        self.bytes = bytes
        self.segments = segments
        self.separator = separator
        self.wildcards = wildcards
    }

    private static func kind(of text: ArraySlice<UInt8>) throws(PatternError) -> Kind {
        if text.elementsEqual([.star]) { return .any }
        if text.elementsEqual([.star, .star]) { return .rest }
        if zip(text, text.dropFirst()).contains(where: { $0 == .star && $1 == .star }) {
            throw PatternError(message: "\"**\" stands for whole segments; write it between separators")
        }
        return text.contains(where: { $0 == .star || $0 == .question }) ? .glob : .literal
    }

    /// Whether all of `text` fits; `captures` are valid only if it does.
    package func matches(_ text: Span<UInt8>, captures: inout PathCaptures) -> Bool {
        captures.keep(0)
        var index = 0
        // Where the next segment begins; one past the end when none is left.
        var position = 0
        var resumeIndex = -1
        var resumePosition = 0
        var resumeCaptures = 0
        while true {
            if index < segments.count, segments[index].kind == .rest {
                captures.open(at: min(position, text.count))
                index += 1
                if index == segments.count {
                    captures.close(at: text.count)
                    return true
                }
                (resumeIndex, resumePosition, resumeCaptures) = (index, position, captures.count)
                continue
            }
            if index == segments.count {
                if position > text.count { return true }
            } else if position <= text.count {
                let end = endOfSegment(at: position, in: text)
                if fits(segments[index], text, position..<end, captures: &captures) {
                    index += 1
                    position = end + 1
                    continue
                }
            }
            // As with bytes, going back to the latest `**` is enough.
            guard resumeIndex >= 0, resumePosition <= text.count else { return false }
            resumePosition = endOfSegment(at: resumePosition, in: text) + 1
            captures.keep(resumeCaptures)
            captures.close(at: resumePosition - 1)
            (index, position) = (resumeIndex, resumePosition)
        }
    }

    private func endOfSegment(at start: Int, in text: Span<UInt8>) -> Int {
        var end = start
        while end < text.count, text[end] != separator { end += 1 }
        return end
    }

    private func fits(
        _ segment: Segment, _ text: Span<UInt8>, _ range: Range<Int>, captures: inout PathCaptures
    ) -> Bool {
        switch segment.kind {
        case .literal:
            guard segment.range.count == range.count else { return false }
            var distance = 0
            while distance < range.count {
                let byte = text[range.lowerBound + distance]
                guard bytes[segment.range.lowerBound + distance] == (foldsCase ? byte.lowercasedASCII : byte) else {
                    return false
                }
                distance += 1
            }
            return true
        case .any:
            guard !range.isEmpty else { return false }
            captures.open(at: range.lowerBound)
            captures.close(at: range.upperBound)
            return true
        case .glob:
            return Glob.match(
                bytes.span, in: segment.range, text, in: range, foldingCase: foldsCase, captures: &captures)
        case .rest:
            preconditionFailure("\"**\" is handled before single segments are")
        }
    }
}
