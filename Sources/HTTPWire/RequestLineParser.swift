// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads a request line one byte after the other, behind at most one empty line (RFC 9112 §2.2, §3).
struct RequestLineParser {
    private enum State {
        case start
        case emptyLineFeed
        case method
        case targetStart
        case target
        case firstHexDigit
        case secondHexDigit
        case version
        case lineEnd
        case lineFeed
        case complete
    }

    /// Longest method we read; the longest registered one has 17 bytes (UPDATEREDIRECTREF).
    private static let methodBytes = 32

    /// What every version we speak starts with, in requests and answers.
    static let versionPrefix: [7 of UInt8] = [0x48, 0x54, 0x54, 0x50, 0x2F, 0x31, 0x2E]
    /// `HTTP/1.1` as a word whose lowest byte is the first one.
    static let version11: UInt64 = 0x312E_312F_5054_5448

    private var state = State.start
    /// Where the method starts; not 0 behind an empty line.
    private var start = 0
    private var firstHexDigit: UInt8 = 0
    private(set) var method = HTTPMethod.get
    private(set) var isHTTP10 = false
    private var targetStart = 0
    private var targetEnd = 0
    private(set) var form = TargetForm.origin(0..<0)

    var isComplete: Bool { state == .complete }

    /// Reads on from `position` up to `end`; moves `position` to the next unread byte.
    ///
    /// The states are asked in the order of the line, as in `FieldLineParser`.
    mutating func advance(
        _ bytes: Span<UInt8>, position: inout Int, end: Int, targetLimit: Int
    ) throws(WireError.Code) {
        while state == .start || state == .emptyLineFeed {
            guard position < end else { return }
            try readStart(bytes[position], position: &position)
        }
        if state == .method {
            try readMethod(bytes, position: &position, end: end)
        }
        if state == .targetStart {
            guard position < end else { return }
            guard bytes[position] != Byte.space else { throw .badTarget }
            targetStart = position
            state = .target
        }
        if state == .target || state == .firstHexDigit || state == .secondHexDigit {
            try readTarget(bytes, position: &position, end: end, limit: targetLimit)
        }
        if state == .version {
            try readVersion(bytes, position: &position, end: end)
        }
        while position < end, state != .complete {
            try readLineEnd(bytes[position])
            position &+= 1
        }
    }

    private mutating func readStart(_ byte: UInt8, position: inout Int) throws(WireError.Code) {
        if state == .emptyLineFeed {
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            position &+= 1
            start = position
            state = .start
        } else if byte == Byte.carriageReturn, start == 0 {
            position &+= 1
            state = .emptyLineFeed
        } else if byte == Byte.lineFeed {
            throw .bareLineFeed
        } else {
            state = .method
        }
    }

    private mutating func readMethod(
        _ bytes: Span<UInt8>, position: inout Int, end: Int
    ) throws(WireError.Code) {
        while position < end, ByteClass.token.contains(bytes[position]) { position &+= 1 }
        guard position &- start <= Self.methodBytes else { throw .badMethod }
        guard position < end else { return }
        guard bytes[position] == Byte.space, position > start else { throw .badMethod }
        method = HTTPMethod(bytes.extracting(start..<position))
        guard method != .connect, method != .trace else { throw .methodNotAllowed }
        position &+= 1
        state = .targetStart
    }

    private mutating func readTarget(
        _ bytes: Span<UInt8>, position: inout Int, end: Int, limit: Int
    ) throws(WireError.Code) {
        let bound = min(end, targetStart &+ limit)
        var cursor = position
        while cursor < bound {
            if state == .target {
                while cursor < bound, ByteClass.target.contains(bytes[cursor]) { cursor &+= 1 }
                guard cursor < bound, bytes[cursor] == Byte.percent else { break }
                state = .firstHexDigit
            } else {
                try readHexDigit(bytes[cursor])
            }
            cursor &+= 1
        }
        position = cursor
        guard position < end else { return }
        guard position < bound || bytes[position] == Byte.space else { throw .targetTooLong }
        guard state == .target else { throw .badPercentEncoding }
        try endTarget(bytes, at: position)
        position &+= 1
    }

    private mutating func readHexDigit(_ byte: UInt8) throws(WireError.Code) {
        guard let digit = byte.hexDigitValue else { throw .badPercentEncoding }
        if state == .firstHexDigit {
            firstHexDigit = digit
            state = .secondHexDigit
        } else {
            guard digit | firstHexDigit != 0 else { throw .encodedNUL }
            state = .target
        }
    }

    private mutating func endTarget(_ bytes: Span<UInt8>, at end: Int) throws(WireError.Code) {
        switch bytes[end] {
        case Byte.space: break
        case Byte.carriageReturn: throw .missingVersion
        case Byte.lineFeed: throw .bareLineFeed
        default: throw .badTarget
        }
        targetEnd = end
        form = try TargetForm(bytes, at: targetStart..<end, isOptions: method == .options)
        state = .version
    }

    /// `HTTP/1.0` or `HTTP/1.1`, to the letter.
    private mutating func readVersion(
        _ bytes: Span<UInt8>, position: inout Int, end: Int
    ) throws(WireError.Code) {
        let versionStart = targetEnd &+ 1
        // What nearly all requests say, at once; the rest byte by byte.
        if position == versionStart, position &+ 8 <= end, bytes.word(at: position) == Self.version11 {
            position &+= 8
            state = .lineEnd
            return
        }
        while position < end, position < versionStart &+ Self.versionPrefix.count {
            guard bytes[position] == Self.versionPrefix[position &- versionStart] else {
                throw position == versionStart && bytes[position] == Byte.carriageReturn ? .missingVersion : .badVersion
            }
            position &+= 1
        }
        guard position < end else { return }
        guard bytes[position] == Byte.zero || bytes[position] == Byte.one else { throw .badVersion }
        isHTTP10 = bytes[position] == Byte.zero
        position &+= 1
        state = .lineEnd
    }

    private mutating func readLineEnd(_ byte: UInt8) throws(WireError.Code) {
        if state == .lineEnd {
            guard byte == Byte.carriageReturn else { throw byte == Byte.lineFeed ? .bareLineFeed : .badVersion }
            state = .lineFeed
        } else {
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            state = .complete
        }
    }
}
