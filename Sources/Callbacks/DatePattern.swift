// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// A date format in the letters of Unicode (UTS #35, date field symbols), reduced to what names and folders need:
/// `yyyy MM dd HH mm ss SSS`. Other letters are errors unless they stand between apostrophes.
package struct DatePattern: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case year, month, day, hour, minute, second, millisecond
        case literal([UInt8])
    }

    /// The format as written.
    package let source: String
    private let parts: [Part]

    /// Parses `source`; `offset` is its place in the template, for errors.
    ///
    /// - Throws: ``TemplateError`` for an unknown letter, a wrong count of a letter, or an open apostrophe.
    package init(parsing source: String, at offset: Int = 0) throws(TemplateError) {
        let bytes = [UInt8](source.utf8)
        if bytes.isEmpty { throw TemplateError(offset: offset, message: "a date needs a format such as yyyy/MM/dd") }
        var parts: [Part] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "'") {
                let (literal, end) = try Self.quoted(bytes, from: index, at: offset)
                parts.append(.literal(literal))
                index = end
            } else if byte.isASCIILetter {
                let end = bytes[index...].firstIndex { $0 != byte } ?? bytes.count
                guard let part = Self.field(letter: byte, count: end - index) else {
                    let run = String(decoding: bytes[index..<end], as: UTF8.self)
                    throw TemplateError(
                        offset: offset + index,
                        message: "\"\(run)\" is not a date field; known are yyyy MM dd HH mm ss SSS")
                }
                parts.append(part)
                index = end
            } else {
                parts.append(.literal([byte]))
                index += 1
            }
        }
        self.source = source
        self.parts = parts
    }

    /// The UTC date of `unixMilliseconds` in this format.
    package func text(unixMilliseconds: Int64) -> [UInt8] {
        // Flooring division, so that times before 1970 have milliseconds from 0 to 999 too.
        let (quotient, remainder) = unixMilliseconds.quotientAndRemainder(dividingBy: 1000)
        let seconds = remainder < 0 ? quotient - 1 : quotient
        let time = CivilTime(unixSeconds: seconds)
        var text: [UInt8] = []
        for part in parts {
            switch part {
            case .year: text.appendPadded(time.year, width: 4)
            case .month: text.appendPadded(time.month, width: 2)
            case .day: text.appendPadded(time.day, width: 2)
            case .hour: text.appendPadded(time.hour, width: 2)
            case .minute: text.appendPadded(time.minute, width: 2)
            case .second: text.appendPadded(time.second, width: 2)
            case .millisecond: text.appendPadded(Int(unixMilliseconds - seconds * 1000), width: 3)
            case .literal(let bytes): text += bytes
            }
        }
        return text
    }

    private static func field(letter: UInt8, count: Int) -> Part? {
        switch (letter, count) {
        case (UInt8(ascii: "y"), 4): .year
        case (UInt8(ascii: "M"), 2): .month
        case (UInt8(ascii: "d"), 2): .day
        case (UInt8(ascii: "H"), 2): .hour
        case (UInt8(ascii: "m"), 2): .minute
        case (UInt8(ascii: "s"), 2): .second
        case (UInt8(ascii: "S"), 3): .millisecond
        default: nil
        }
    }

    /// Text between apostrophes; two of them are one, inside and outside (UTS #35).
    private static func quoted(
        _ bytes: [UInt8], from start: Int, at offset: Int
    ) throws(TemplateError) -> (literal: [UInt8], end: Int) {
        let apostrophe = UInt8(ascii: "'")
        if start + 1 < bytes.count, bytes[start + 1] == apostrophe { return ([apostrophe], start + 2) }
        var literal: [UInt8] = []
        var index = start + 1
        while index < bytes.count {
            if bytes[index] != apostrophe {
                literal.append(bytes[index])
                index += 1
            } else if index + 1 < bytes.count, bytes[index + 1] == apostrophe {
                literal.append(apostrophe)
                index += 2
            } else {
                return (literal, index + 1)
            }
        }
        throw TemplateError(offset: offset + start, message: "this apostrophe is not closed")
    }
}

extension [UInt8] {
    fileprivate mutating func appendPadded(_ number: Int, width: Int) {
        let digits = String(number)
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, width - digits.utf8.count)))
        append(contentsOf: digits.utf8)
    }
}
