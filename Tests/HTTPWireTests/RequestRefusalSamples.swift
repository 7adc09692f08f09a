// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

/// A request that must be refused, and how.
struct Refusal: CustomTestStringConvertible, Sendable {
    let what: String
    let request: String
    let code: WireError.Code
    let status: Int

    var testDescription: String { what }
}

extension Refusal {
    static let all = lengths + codings + lines + fields + hosts + requestLines + targets + others

    static let lengths: [Refusal] = [
        .init("two lengths", put("Content-Length: 5", "Content-Length: 6"), .duplicateContentLength),
        .init("two equal lengths", put("Content-Length: 5", "Content-Length: 5"), .duplicateContentLength),
        .init("two equal lengths in one field", put("Content-Length: 5, 5"), .duplicateContentLength),
        .init("length with plus", put("Content-Length: +5"), .badContentLength),
        .init("length with minus", put("Content-Length: -5"), .badContentLength),
        .init("length with inner space", put("Content-Length: 5 0"), .badContentLength),
        .init("length with space before the colon", put("Content-Length : 5"), .spaceBeforeColon),
        .init("hexadecimal length", put("Content-Length: 0x5"), .badContentLength),
        .init("hexadecimal digit in length", put("Content-Length: 1F"), .badContentLength),
        .init("length over 64 bits", put("Content-Length: 18446744073709551621"), .badContentLength),
        .init("length over 63 bits", put("Content-Length: 9223372036854775808"), .badContentLength),
        .init("length of many digits", put("Content-Length: " + String(repeating: "9", count: 40)), .badContentLength),
        .init("empty length", put("Content-Length:"), .badContentLength),
        .init("blank length", put("Content-Length:  "), .badContentLength),
        .init("length with decimal point", put("Content-Length: 5.0"), .badContentLength),
        .init("length in other digits", put("Content-Length: ٥"), .badContentLength),
        .init(
            "length and coding", put("Content-Length: 5", "Transfer-Encoding: chunked"), .lengthAndTransferEncoding),
        .init(
            "coding and length", put("Transfer-Encoding: chunked", "Content-Length: 5"), .lengthAndTransferEncoding),
    ]

    static let codings: [Refusal] = [
        .init("coding with space before the colon", put("Transfer-Encoding : chunked"), .spaceBeforeColon),
        .init("coding with tab before the colon", put("Transfer-Encoding\t: chunked"), .spaceBeforeColon),
        .init("coding with tab behind the colon", put("Transfer-Encoding:\tchunked"), .badTransferEncoding),
        .init("coding with tab at the end", put("Transfer-Encoding: chunked\t"), .badTransferEncoding),
        .init("coding with vertical tab", put("Transfer-Encoding: \u{0B}chunked"), .controlCharacter),
        .init("folded coding", put("Transfer-Encoding:\r\n chunked"), .badTransferEncoding),
        .init("coding folded behind another field", put("X: y\r\n Transfer-Encoding: chunked"), .foldedLine),
        .init("xchunked", put("Transfer-Encoding: xchunked"), .badTransferEncoding),
        .init("chunked, identity", put("Transfer-Encoding: chunked, identity"), .badTransferEncoding),
        .init("identity", put("Transfer-Encoding: identity"), .badTransferEncoding),
        .init("gzip, chunked", put("Transfer-Encoding: gzip, chunked"), .badTransferEncoding),
        .init("chunked twice in one field", put("Transfer-Encoding: chunked, chunked"), .badTransferEncoding),
        .init(
            "chunked in two fields", put("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            .badTransferEncoding),
        .init(
            "chunked and identity in two fields", put("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
            .badTransferEncoding),
        .init("chunked with a comma", put("Transfer-Encoding: chunked,"), .badTransferEncoding),
        .init("chunked in quotes", put("Transfer-Encoding: \"chunked\""), .badTransferEncoding),
        .init("empty coding", put("Transfer-Encoding:"), .badTransferEncoding),
        .init(
            "coding in HTTP/1.0", put("Transfer-Encoding: chunked", version: "HTTP/1.0"), .transferEncodingInHTTP10),
    ]

    static let lines: [Refusal] = [
        .init("bare LF behind the request line", "PUT /a HTTP/1.1\nHost: h\r\n\r\n", .bareLineFeed),
        .init("bare LF behind a field", "PUT /a HTTP/1.1\r\nHost: h\n\r\n", .bareLineFeed),
        .init("bare LF as the empty line", "PUT /a HTTP/1.1\r\nHost: h\r\n\n", .bareLineFeed),
        .init("bare LF in front", "\nPUT /a HTTP/1.1\r\nHost: h\r\n\r\n", .bareLineFeed),
        .init("bare CR behind the request line", "PUT /a HTTP/1.1\rHost: h\r\n\r\n", .bareCarriageReturn),
        .init("bare CR behind a field", "PUT /a HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", .bareCarriageReturn),
        .init("bare CR as the empty line", "PUT /a HTTP/1.1\r\nHost: h\r\n\rX", .bareCarriageReturn),
        .init("two CR", "PUT /a HTTP/1.1\r\nHost: h\r\r\n\r\n", .bareCarriageReturn),
        .init("bare CR in front", "\rPUT /a HTTP/1.1\r\nHost: h\r\n\r\n", .bareCarriageReturn),
        .init("two empty lines in front", "\r\n\r\nPUT /a HTTP/1.1\r\nHost: h\r\n\r\n", .badMethod),
        .init("obs-fold with space", put("X: y\r\n z"), .foldedLine),
        .init("obs-fold with tab", put("X: y\r\n\tz"), .foldedLine),
        .init("blank in front of the first field", "PUT /a HTTP/1.1\r\n Host: h\r\n\r\n", .foldedLine),
    ]

    static let fields: [Refusal] =
        [
            .init("NUL in a value", put("X: a\0b"), .controlCharacter),
            .init("CR in a value", put("X: a\rb"), .bareCarriageReturn),
            .init("LF in a value", put("X: a\nb"), .bareLineFeed),
            .init("BEL in a value", put("X: \u{07}"), .controlCharacter),
            .init("DEL in a value", put("X: a long enough value\u{7F} and more of it"), .controlCharacter),
            .init("unit separator in a value", put("X: 01234567\u{1F}89"), .controlCharacter),
            .init("empty name", put(": x"), .emptyFieldName),
            .init("space in a name", put("X Y: z"), .spaceBeforeColon),
            .init("line without colon", put("nonsense"), .badFieldName),
            .init("NUL in a name", put("X\0: y"), .badFieldName),
            .init("control character in a name", put("X\u{01}: y"), .badFieldName),
            .init("DEL in a name", put("X\u{7F}: y"), .badFieldName),
            .init("letter beyond ASCII in a name", put("Ж: y"), .badFieldName),
        ]
        + "\"(),/;<=>?@[\\]{}".map { .init("\($0) in a name", put("X\($0)Y: z"), .badFieldName) }

    static let hosts: [Refusal] =
        [
            .init("no Host", "PUT /a HTTP/1.1\r\nX: y\r\n\r\n", .missingHost),
            .init("no field at all", "PUT /a HTTP/1.1\r\n\r\n", .missingHost),
            .init("absolute form without Host", "PUT http://h/a HTTP/1.1\r\nX: y\r\n\r\n", .missingHost),
            .init("two Hosts", put("Host: other"), .duplicateHost),
            .init("two equal Hosts", put("host: h"), .duplicateHost),
        ]
        + [
            "", "a b", "a,b", "a/b", "a@b", "user:pass@h", "a:b", "a:1:2", "a:65536", "a:-1", "a:99999999999999999999",
            ":80", "[::1", "::1", "[::1]x", "[]", "[1.2.3.4]", "[::g]", "[1:2]", "[:1::2]", "[1::2:]", "[1::2::3]",
            "[:::]", "[::12345]", "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7::8]", "[::1.2.3]", "[::1.2.3.]", "[::1.2.3.256]", "[::1.2.3.4.5]",
            "[::1..2.3]",
            "[::1.2.3.0004]", "[::1.2.3.4:5]", "[1.2.3.4::]", "[fe80::1%25eth0]", "a%00", "a?b", "a#b", "a\\b",
            "h\u{E9}", "a;b",
        ].map { .init("Host \($0)", "PUT /a HTTP/1.1\r\nHost: \($0)\r\n\r\n", .badHost) }

    static let requestLines: [Refusal] =
        [
            .init("no version", "GET /a\r\nHost: h\r\n\r\n", .missingVersion),
            .init("no version behind a space", "GET /a \r\nHost: h\r\n\r\n", .missingVersion),
            .init("two spaces in front of the version", put(version: " HTTP/1.1"), .badVersion),
            .init("space behind the version", put(version: "HTTP/1.1 "), .badVersion),
            .init("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .badTarget),
            .init("TLS handshake", "\u{16}\u{03}\u{01}\u{02}", .badMethod),
            .init("no method", " /a HTTP/1.1\r\nHost: h\r\n\r\n", .badMethod),
            .init("tab behind the method", "GET\t/a HTTP/1.1\r\nHost: h\r\n\r\n", .badMethod),
            .init("no token as method", "G@T /a HTTP/1.1\r\nHost: h\r\n\r\n", .badMethod),
            .init("method of 33 bytes", String(repeating: "A", count: 33), .badMethod),
            .init("method alone", "GET\r\n\r\n", .badMethod),
            .init("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", .methodNotAllowed, status: 405),
            .init("TRACE", "TRACE /a HTTP/1.1\r\nHost: h\r\n\r\n", .methodNotAllowed, status: 405),
        ]
        + [
            "HTTP/2.0", "HTTP/1.10", "http/1.1", "HTTP/1.2", "HTTP/0.9", "HTTP/1", "HTTP/1.", "HTTP/11", "HTTP/01.1",
            "HTTP/1.1x", "HTTPS/1.1", "ICY/1.1", "HTTP/-1.1", "HTTP/1,1", "HTTP /1.1",
        ].map { .init("version \($0)", put(version: $0), .badVersion) }

    static let targets: [Refusal] = [
        .init("space in the target", put(target: "/a b"), .badVersion),
        .init("two spaces in front of the target", put(target: " /a"), .badTarget),
        .init("tab in the target", put(target: "/a\tb"), .badTarget),
        .init("NUL in the target", put(target: "/a\0b"), .badTarget),
        .init("control character in the target", put(target: "/a\u{1F}b"), .badTarget),
        .init("DEL in the target", put(target: "/a\u{7F}b"), .badTarget),
        .init("bytes beyond ASCII in the target", put(target: "/\u{E9}"), .badTarget),
        .init("fragment", put(target: "/a#b"), .badTarget),
        .init("bare LF in the target", put(target: "/a\nb"), .bareLineFeed),
        .init("percent at the end", put(target: "/a%"), .badPercentEncoding),
        .init("percent with one digit", put(target: "/a%4"), .badPercentEncoding),
        .init("percent with other letters", put(target: "/a%GG"), .badPercentEncoding),
        .init("percent with one digit and a letter", put(target: "/a%4G"), .badPercentEncoding),
        .init("percent in the query", put(target: "/a?b=%zz"), .badPercentEncoding),
        .init("encoded NUL in the path", put(target: "/a%00b"), .encodedNUL),
        .init("encoded NUL in the query", put(target: "/a?b=%00"), .encodedNUL),
        .init("relative target", put(target: "a"), .badTarget),
        .init("asterisk of PUT", put(target: "*"), .badTarget),
        .init("authority form", put(target: "h:80"), .badTarget),
        .init("other scheme", put(target: "ftp://h/a"), .badTarget),
        .init("scheme alone", put(target: "http://"), .badTarget),
        .init("absolute form without host", put(target: "http:///a"), .badTarget),
        .init("absolute form with user", put(target: "http://u@h/a"), .badTarget),
        .init("absolute form with bad port", put(target: "http://h:x/a"), .badTarget),
        .init("target over 8 KiB", put(target: "/" + String(repeating: "a", count: 8192)), .targetTooLong, status: 414),
    ]

    static let others: [Refusal] = [
        .init("other expectation", put("Expect: 200-ok"), .expectationFailed, status: 417),
        .init("empty expectation", put("Expect:"), .expectationFailed, status: 417),
        .init("two expectations", put("Expect: 100-continue, x"), .expectationFailed, status: 417),
        .init(
            "one good and one bad expectation", put("Expect: 100-continue", "Expect: x"), .expectationFailed,
            status: 417),
        .init(
            "head over 16 KiB", put("X: " + String(repeating: "a", count: 16 * 1024)), .headTooLarge, status: 431),
        .init(
            "too many fields", put(String(repeating: "X: y\r\n", count: 100) + "X: y"), .tooManyFields, status: 431),
    ]

    init(_ what: String, _ request: String, _ code: WireError.Code, status: Int = 400) {
        self.what = what
        self.request = request
        self.code = code
        self.status = status
    }
}
