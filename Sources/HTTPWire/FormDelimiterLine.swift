// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What follows the boundary in its line: `transport-padding CRLF`, or two hyphens before (RFC 2046 §5.1.1).
struct FormDelimiterLine {
    private enum State {
        /// Behind the boundary. → hyphen, padding, lineFeed
        case start
        /// → padding
        case hyphen
        /// → lineFeed
        case padding
        case lineFeed
    }

    private var state = State.start
    /// Whether the hyphens of the last delimiter were read; its line needs no end where the body ends.
    private(set) var isLast = false

    /// Takes one byte; true if it ends the line.
    ///
    /// - Throws: ``FormError/badDelimiter``.
    mutating func read(_ byte: UInt8) throws(FormError) -> Bool {
        switch (state, byte) {
        case (.start, UInt8(ascii: "-")):
            state = .hyphen
        case (.hyphen, UInt8(ascii: "-")):
            isLast = true
            state = .padding
        case (.start, Byte.space), (.start, Byte.tab), (.padding, Byte.space), (.padding, Byte.tab):
            state = .padding
        case (.start, Byte.carriageReturn), (.padding, Byte.carriageReturn):
            state = .lineFeed
        case (.lineFeed, Byte.lineFeed):
            return true
        default:
            throw .badDelimiter
        }
        return false
    }
}
