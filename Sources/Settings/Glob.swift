// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A pattern for a whole value: `*` stands for any bytes, also none, `?` for exactly one, the rest for itself.
package struct Glob: Sendable, Equatable, CustomStringConvertible {
    /// The pattern as written.
    package let source: String
    let bytes: [UInt8]

    package init(_ source: String) {
        self.source = source
        bytes = [UInt8](source.utf8)
    }

    package var description: String { source }

    /// Whether all of `text` fits; `foldingCase` compares ASCII letters of a lower-case pattern in either case.
    package func matches(_ text: Span<UInt8>, foldingCase: Bool = false) -> Bool {
        var captures = PathCaptures()
        return Self.match(
            bytes.span, in: 0..<bytes.count, text, in: 0..<text.count, foldingCase: foldingCase, captures: &captures)
    }

    /// Matches part of a pattern with part of a text and records what each `*` stood for.
    ///
    /// Going back only to the latest `*` is enough, because an earlier one that takes more leaves less to the rest; it
    /// keeps the time at the product of the lengths, whatever the client sends.
    static func match(
        _ pattern: Span<UInt8>, in patternRange: Range<Int>, _ text: Span<UInt8>, in textRange: Range<Int>,
        foldingCase: Bool, captures: inout PathCaptures
    ) -> Bool {
        var patternIndex = patternRange.lowerBound
        var textIndex = textRange.lowerBound
        var resumePattern = -1
        var resumeText = 0
        while true {
            if patternIndex < patternRange.upperBound, pattern[patternIndex] == .star {
                patternIndex += 1
                captures.open(at: textIndex)
                if patternIndex == patternRange.upperBound {
                    captures.close(at: textRange.upperBound)
                    return true
                }
                resumePattern = patternIndex
                resumeText = textIndex
                continue
            }
            if textIndex < textRange.upperBound {
                if patternIndex < patternRange.upperBound,
                    accepts(pattern[patternIndex], text[textIndex], foldingCase: foldingCase)
                {
                    patternIndex += 1
                    textIndex += 1
                    continue
                }
            } else if patternIndex == patternRange.upperBound {
                return true
            }
            guard resumePattern >= 0, resumeText < textRange.upperBound else { return false }
            resumeText += 1
            captures.close(at: resumeText)
            patternIndex = resumePattern
            textIndex = resumeText
        }
    }

    @inline(always)
    private static func accepts(_ pattern: UInt8, _ byte: UInt8, foldingCase: Bool) -> Bool {
        pattern == .question || pattern == (foldingCase ? byte.lowercasedASCII : byte)
    }
}

extension UInt8 {
    static var star: UInt8 { UInt8(ascii: "*") }
    static var question: UInt8 { UInt8(ascii: "?") }
    static var slash: UInt8 { UInt8(ascii: "/") }
    static var dot: UInt8 { UInt8(ascii: ".") }

    @inline(always)
    var lowercasedASCII: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
