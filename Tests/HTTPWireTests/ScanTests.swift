// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HTTPWire

/// Scans that look at eight bytes at a time, beside loops over single ones.
@Suite struct ScanTests {
    /// Every byte at every place of texts around the size of one and of two words.
    static let lengths = [1, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24]

    @Test(arguments: lengths)
    func `finds the end of a token, of text and of what is visible`(length: Int) {
        for place in 0..<length {
            for byte in UInt8.min...UInt8.max {
                var bytes = [UInt8](repeating: UInt8(ascii: "k"), count: length)
                bytes[place] = byte
                let isToken = ByteClass.token.contains(byte)
                #expect(bytes.span.endOfToken(from: 0, to: length) == (isToken ? length : place))
                #expect(bytes.span.endOfText(from: 0, to: length) == (byte.isText ? length : place))
                #expect(bytes.span.isVisible == (byte > 0x20 && byte != 0x7F))
                #expect(HeaderFields.isToken(bytes.span) == isToken)
            }
        }
    }

    @Test func `stays between start and end`() {
        let bytes = Array("\rname: a value\r\n".utf8)
        #expect(bytes.span.endOfToken(from: 1, to: bytes.count) == 5)
        #expect(bytes.span.endOfToken(from: 1, to: 3) == 3)
        #expect(bytes.span.endOfText(from: 1, to: bytes.count) == bytes.count - 2)
        #expect(bytes.span.endOfText(from: 1, to: 9) == 9)
        #expect(bytes.span.endOfText(from: 4, to: 4) == 4)
    }

    @Test(arguments: lengths)
    func `compares letters without their case and everything else exactly`(length: Int) {
        for place in 0..<length {
            for byte in UInt8.min...UInt8.max {
                for other in [byte, byte ^ 0x20, byte ^ 0x80, byte &+ 1, 0x00] {
                    var mine = [UInt8](repeating: UInt8(ascii: "Q"), count: length + 1)
                    var theirs = [UInt8](repeating: UInt8(ascii: "q"), count: length)
                    mine[place + 1] = byte
                    theirs[place] = other
                    let isLetterPair = byte ^ other == 0x20 && byte.isLetter
                    #expect(
                        mine.span.matchesIgnoringCase(theirs.span, at: 1) == (byte == other || isLetterPair),
                        "\(byte) \(other) at \(place) of \(length)")
                }
            }
        }
    }

    @Test func `finds fields among many whatever came and went`() {
        let names = (0..<40).map { index in
            String(repeating: "n", count: index % 9) + "\(index)" + String(repeating: "x", count: index % 5)
        }
        var fields = HeaderFields()
        for (index, name) in names.enumerated() {
            #expect(!fields.contains(name))
            fields.append(name: name, "\(index)")
            #expect(fields.string(name.uppercased()) == "\(index)")
        }
        for name in names { #expect(fields.count(of: name) == 1) }
        fields.set(name: names[7], bytes: "new".utf8.span)
        #expect(fields.string(names[7]) == "new" && fields.count == names.count)
        fields.removeAll()
        for name in names { #expect(!fields.contains(name)) }
    }
}
