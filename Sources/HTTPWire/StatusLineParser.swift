// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads a status line one byte after the other (RFC 9112 §4). The reason phrase may be missing, with or without the
/// space in front of it: several servers leave it out and nobody reads it.
struct StatusLineParser {
    private enum State {
        case version
        case status
        case afterStatus
        case reason
        case lineFeed
        case complete
    }

    private var state = State.version
    private var statusStart = 0
    private var reasonStart = 0
    private var reasonEnd = 0
    private(set) var status = 0
    private(set) var minorVersion = 1

    var isComplete: Bool { state == .complete }
    var reason: Range<Int> { reasonStart..<reasonEnd }

    /// Reads on from `position` up to `end`; moves `position` to the next unread byte.
    mutating func advance(_ bytes: Span<UInt8>, position: inout Int, end: Int) throws(WireError.Code) {
        // What nearly all answers begin with, at once; the rest byte by byte.
        if position == 0, end >= 9, bytes.word(at: 0) == RequestLineParser.version11, bytes[8] == Byte.space {
            position = 9
            statusStart = 9
            state = .status
        }
        while position < end, state != .complete {
            if state == .reason {
                position = bytes.endOfText(from: position, to: end)
                guard position < end else { return }
                guard bytes[position] == Byte.carriageReturn else {
                    throw bytes[position] == Byte.lineFeed ? .bareLineFeed : .controlCharacter
                }
                reasonEnd = position
                state = .lineFeed
            } else {
                try read(bytes[position], at: position)
            }
            position &+= 1
        }
    }

    private mutating func read(_ byte: UInt8, at position: Int) throws(WireError.Code) {
        switch state {
        case .version: try readVersion(byte, index: position)
        case .status: try readStatus(byte, index: position &- statusStart)
        case .afterStatus:
            reasonStart = position &+ 1
            reasonEnd = reasonStart
            switch byte {
            case Byte.space: state = .reason
            case Byte.carriageReturn: state = .lineFeed
            case Byte.lineFeed: throw .bareLineFeed
            default: throw .badStatusLine
            }
        case .lineFeed:
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            state = .complete
        case .reason, .complete: preconditionFailure("the caller handles the reason and stops when complete")
        }
    }

    private mutating func readVersion(_ byte: UInt8, index: Int) throws(WireError.Code) {
        switch index {
        case 0..<7:
            guard byte == RequestLineParser.versionPrefix[index] else { throw .badStatusLine }
        case 7:
            guard byte == Byte.zero || byte == Byte.one else { throw .badVersion }
            minorVersion = Int(byte &- Byte.zero)
        default:
            guard byte == Byte.space else { throw .badStatusLine }
            statusStart = index &+ 1
            state = .status
        }
    }

    private mutating func readStatus(_ byte: UInt8, index: Int) throws(WireError.Code) {
        guard let digit = byte.decimalDigitValue, index > 0 || (1...5).contains(digit) else { throw .badStatusLine }
        status = status &* 10 &+ Int(digit)
        if index == 2 { state = .afterStatus }
    }
}
