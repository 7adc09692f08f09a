// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

/// Every byte at every place of a head, against the tables of the RFCs written out.
@Suite struct CharacterTests {
    private static let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    /// Bytes that, put between `before` and `after`, leave a head that is accepted.
    private func accepted(_ before: String, _ after: String) -> Set<UInt8> {
        Set(
            (UInt8.min...UInt8.max).filter { byte in
                if case .head = parseRequest(Array(before.utf8) + [byte] + Array(after.utf8)) { return true }
                return false
            })
    }

    @Test func `names are tokens`() {
        // RFC 9110 §5.6.2
        let token = Set((Self.alphanumeric + "!#$%&'*+-.^_`|~").utf8)
        let found = accepted("PUT /a HTTP/1.1\r\nHost: h\r\nX", "Y: z\r\n\r\n")
        // A colon ends the name and starts a good value.
        #expect(found == token.union([UInt8(ascii: ":")]))
        for byte in UInt8.min...UInt8.max { #expect(HeaderFields.isToken([byte].span) == token.contains(byte)) }
        #expect(HeaderFields.isToken("".utf8.span) == false)
        #expect(accepted("P", "T /a HTTP/1.1\r\nHost: h\r\n\r\n") == token)
    }

    @Test(arguments: 0...17)
    func `values hold text, at every place of a word`(_ offset: Int) {
        // RFC 9110 §5.5: VCHAR, obs-text, SP, HTAB
        let text = Set((UInt8.min...UInt8.max).filter { $0 == 9 || ($0 >= 32 && $0 != 127) })
        let before = "PUT /a HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "v", count: offset)
        #expect(accepted(before, "vvvvvvvvv\r\n\r\n") == text)
        for byte in UInt8.min...UInt8.max {
            let value = [UInt8](repeating: 0xFF, count: offset) + [byte, 0x80, 0x20]
            #expect(HeaderFields.isValidValue(value.span) == text.contains(byte))
        }
    }

    @Test func `targets hold visible ASCII`() {
        let visible = Set((UInt8(33)...126).filter { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "%") })
        #expect(accepted("PUT /a", "b HTTP/1.1\r\nHost: h\r\n\r\n") == visible)
        #expect(accepted("PUT /?a", "b HTTP/1.1\r\nHost: h\r\n\r\n") == visible)
    }

    @Test func `percent signs need hexadecimal digits`() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        #expect(accepted("PUT /%", "1 HTTP/1.1\r\nHost: h\r\n\r\n") == digits)
        #expect(accepted("PUT /%1", " HTTP/1.1\r\nHost: h\r\n\r\n") == digits)
        #expect(accepted("PUT /%0", " HTTP/1.1\r\nHost: h\r\n\r\n") == digits.subtracting([UInt8(ascii: "0")]))
    }

    @Test func `host names hold what names in the DNS hold`() {
        let name = Set((Self.alphanumeric + "-._~").utf8)
        #expect(accepted("PUT /a HTTP/1.1\r\nHost: a", "b\r\n\r\n") == name)
        let address = Set("0123456789abcdefABCDEF:".utf8)
        #expect(accepted("PUT /a HTTP/1.1\r\nHost: [1::2", "3]\r\n\r\n") == address)
        // A digit, or an empty port in front of a blank that is trimmed.
        let port = Set("0123456789 \t".utf8)
        #expect(accepted("PUT /a HTTP/1.1\r\nHost: a:8", "\r\n\r\n") == port)
    }
}
