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

    private var state = State.start
    private var start = 0
    private var skippedEmptyLine = false
    private var firstHexDigit: UInt8 = 0
    private(set) var method = HTTPMethod.get
    private(set) var isHTTP10 = false
    private var targetStart = 0
    private var targetEnd = 0
    private(set) var form = TargetForm.origin(0..<0)

    var isComplete: Bool { state == .complete }

    /// Reads on from `position` up to `end`; moves `position` to the next unread byte.
    mutating func advance(
        _ bytes: Span<UInt8>, position: inout Int, end: Int, targetLimit: Int
    ) throws(WireError.Code) {
        while position < end, state != .complete {
            switch state {
            case .start:
                try readStart(bytes[position], position: &position)
            case .emptyLineFeed:
                guard bytes[position] == Byte.lineFeed else { throw .bareCarriageReturn }
                position &+= 1
                start = position
                state = .start
            case .method:
                try readMethod(bytes, position: &position, end: end)
            case .targetStart:
                targetStart = position
                state = .target
                guard bytes[position] != Byte.space else { throw .badTarget }
            case .target, .firstHexDigit, .secondHexDigit:
                try readTarget(bytes, position: &position, end: end, limit: targetLimit)
            case .version, .lineEnd, .lineFeed:
                try readVersion(bytes[position], at: position)
                position &+= 1
            case .complete: break
            }
        }
    }

    private mutating func readStart(_ byte: UInt8, position: inout Int) throws(WireError.Code) {
        if byte == Byte.carriageReturn, !skippedEmptyLine {
            skippedEmptyLine = true
            state = .emptyLineFeed
            position &+= 1
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
        while position < bound {
            let byte = bytes[position]
            if state == .target {
                if byte == Byte.percent {
                    state = .firstHexDigit
                } else if !ByteClass.target.contains(byte) {
                    break
                }
            } else {
                guard let digit = byte.hexDigitValue else { throw .badPercentEncoding }
                if state == .firstHexDigit {
                    firstHexDigit = digit
                    state = .secondHexDigit
                } else {
                    guard digit | firstHexDigit != 0 else { throw .encodedNUL }
                    state = .target
                }
            }
            position &+= 1
        }
        guard position < end else { return }
        guard position < bound || bytes[position] == Byte.space else { throw .targetTooLong }
        guard state == .target else { throw .badPercentEncoding }
        try endTarget(bytes, at: position)
        position &+= 1
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

    /// `HTTP/1.0` or `HTTP/1.1`, to the letter, and CRLF.
    private mutating func readVersion(_ byte: UInt8, at position: Int) throws(WireError.Code) {
        switch state {
        case .version:
            let index = position &- targetEnd &- 1
            if index < 7 {
                // "HTTP/1.", the first letter in the lowest byte.
                guard byte == UInt8(truncatingIfNeeded: 0x2E_312F_5054_5448 as UInt64 &>> UInt64(index &* 8)) else {
                    throw index == 0 && byte == Byte.carriageReturn ? .missingVersion : .badVersion
                }
            } else {
                guard byte == Byte.zero || byte == Byte.one else { throw .badVersion }
                isHTTP10 = byte == Byte.zero
                state = .lineEnd
            }
        case .lineEnd:
            guard byte == Byte.carriageReturn else { throw byte == Byte.lineFeed ? .bareLineFeed : .badVersion }
            state = .lineFeed
        default:
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            state = .complete
        }
    }
}
