// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// What Content-Length, Transfer-Encoding and Connection of one head say together.
struct FramingFields {
    private(set) var length: UInt64?
    private(set) var isChunked = false
    private(set) var closes = false
    private(set) var keepsAlive = false

    /// Takes Content-Length of a request: one field, one number (RFC 9112 §6.3 would let equal ones pass; we do not).
    mutating func takeLength(_ bytes: Span<UInt8>, value: Range<Int>) throws(WireError.Code) {
        guard length == nil else { throw .duplicateContentLength }
        length = try Self.number(bytes, at: value)
    }

    /// Takes Content-Length of an answer: repeated ones must be equal (RFC 9112 §6.3 rule 5).
    mutating func takeRepeatableLength(_ bytes: Span<UInt8>, value: Range<Int>) throws(WireError.Code) {
        var position = value.lowerBound
        repeat {
            let (element, next) = bytes.listElement(from: position, to: value.upperBound)
            let number = try Self.number(bytes, at: element)
            guard length == nil || length == number else { throw .duplicateContentLength }
            length = number
            position = next
        } while position <= value.upperBound
    }

    /// Takes Transfer-Encoding: `chunked` alone, once. `line` is the value with the blanks around it: a tab there is
    /// legal but sent by nobody except to be read differently by two servers.
    mutating func takeTransferEncoding(
        _ bytes: Span<UInt8>, value: Range<Int>, line: Range<Int>
    ) throws(WireError.Code) {
        guard !isChunked, bytes.holdsIgnoringCase("chunked", at: value) else { throw .badTransferEncoding }
        for position in line where bytes[position] == Byte.tab { throw .badTransferEncoding }
        isChunked = true
    }

    /// Takes Connection (RFC 9110 §7.6.1); options other than `close` and `keep-alive` do not matter here.
    mutating func takeConnection(_ bytes: Span<UInt8>, value: Range<Int>) {
        var position = value.lowerBound
        while position < value.upperBound {
            let (element, next) = bytes.listElement(from: position, to: value.upperBound)
            if bytes.holdsIgnoringCase("close", at: element) { closes = true }
            if bytes.holdsIgnoringCase("keep-alive", at: element) { keepsAlive = true }
            position = next
        }
    }

    /// The framing of a request: without a length it has no body (RFC 9112 §6.3 rule 7).
    var ofRequest: BodyFraming {
        if isChunked { return .chunked }
        return length.map { .length($0) } ?? .none
    }

    /// Whether the connection persists (RFC 9112 §9.3).
    func persists(minorVersion: Int) -> Bool {
        !closes && (minorVersion == 1 || keepsAlive)
    }

    /// `1*DIGIT` up to `Int64.max`, so that a length always fits a file offset.
    private static func number(_ bytes: Span<UInt8>, at range: Range<Int>) throws(WireError.Code) -> UInt64 {
        guard let value = UInt64(decimal: bytes.extracting(range)), value <= Int64.max else {
            for position in range where bytes[position] == Byte.comma { throw .duplicateContentLength }
            throw .badContentLength
        }
        return value
    }
}
