// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct ResponseParserTests {
    private func head(_ answer: String, to method: HTTPMethod = .put) throws -> ResponseHead {
        let outcome = parseResponse(Array(answer.utf8), to: method)
        guard case .head(let head, let consumed) = outcome else { throw Unexpected(outcome: outcome) }
        #expect(consumed == answer.utf8.count)
        return head
    }

    private struct Unexpected: Error { let outcome: ResponseOutcome }

    @Test func `reads a store's answer`() throws {
        let head = try head(
            "HTTP/1.1 200 OK\r\nServer: AliyunOSS\r\nContent-Length: 0\r\nETag: \"5B3C1A2E053D763E1B002CC607C5A0FE\"\r\n\r\n"
        )
        #expect(head.status == 200)
        #expect(text(head.reason) == "OK")
        #expect(head.fields.string("etag") == "\"5B3C1A2E053D763E1B002CC607C5A0FE\"")
        #expect(head.framing == .length(0))
        #expect(head.keepAlive && !head.isInterim)
    }

    @Test(arguments: [
        ("HTTP/1.1 200", ""), ("HTTP/1.1 200 ", ""), ("HTTP/1.1 200  two  blanks ", " two  blanks "),
        ("HTTP/1.1 200 caf\u{E9}\t", "caf\u{E9}\t"),
    ])
    func `does not need a reason`(_ line: String, _ reason: String) throws {
        #expect(text(try head(line + "\r\nContent-Length: 1\r\n\r\n").reason) == reason)
    }

    @Test(arguments: [
        // method, status, fields, framing, keep-alive: RFC 9112 §6.3 in its order
        (HTTPMethod.head, "200", "Content-Length: 5", BodyFraming.none, true),
        (.head, "200", "Transfer-Encoding: chunked", .none, true), (.put, "304", "Content-Length: 5", .none, true),
        (.put, "100", "X: y", .none, true), (.put, "204", "X: y", .none, true),
        (.put, "204", "Content-Length: 0", .none, true), (.put, "200", "Transfer-Encoding: chunked", .chunked, true),
        (.put, "200", "Content-Length: 5", .length(5), true), (.put, "599", "Content-Length: 5, 5", .length(5), true),
        (.put, "203", "Content-Length: 5\r\nContent-Length: 5", .length(5), true),
        (.put, "200", "X: y", .untilClose, false),
        (.put, "200", "Content-Length: 5\r\nConnection: close", .length(5), false),
        (.put, "205", "X: y", .untilClose, false),
    ])
    func `tells the framing of the body`(
        _ method: HTTPMethod, _ status: String, _ fields: String, _ framing: BodyFraming, _ keepAlive: Bool
    ) throws {
        let head = try head("HTTP/1.1 \(status) X\r\n\(fields)\r\n\r\n", to: method)
        #expect(head.framing == framing)
        #expect(head.keepAlive == keepAlive)
    }

    @Test(arguments: [
        ("X: y", BodyFraming.untilClose, false), ("Content-Length: 1", .length(1), false),
        ("Content-Length: 1\r\nConnection: keep-alive", .length(1), true),
    ])
    func `reads HTTP 1.0`(_ fields: String, _ framing: BodyFraming, _ keepAlive: Bool) throws {
        let head = try head("HTTP/1.0 200 OK\r\n\(fields)\r\n\r\n")
        #expect(head.minorVersion == 0)
        #expect(head.framing == framing)
        #expect(head.keepAlive == keepAlive)
    }

    @Test func `returns interim answers one by one`() throws {
        let bytes = Array("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
        var parser = ResponseParser(requestMethod: .put)
        var head = ResponseHead()
        let first = try #require(try parser.parse(bytes.span, into: &head))
        #expect(head.isInterim)
        #expect(try parser.parse(bytes.span.extracting(first...), into: &head) == bytes.count - first)
        #expect(head.status == 200)
    }

    static let refusals: [(String, WireError.Code)] = [
        ("HTTP/2 200 OK", .badStatusLine), ("HTTP/1.2 200 OK", .badVersion), ("HTTP/1.10 200 OK", .badStatusLine),
        ("http/1.1 200 OK", .badStatusLine), ("HTTP/1.1  200 OK", .badStatusLine), ("HTTP/1.1 20 OK", .badStatusLine),
        ("HTTP/1.1 2000 OK", .badStatusLine), ("HTTP/1.1 099 OK", .badStatusLine), ("HTTP/1.1 600 X", .badStatusLine),
        ("HTTP/1.1 2x0 OK", .badStatusLine), ("HTTP/1.1 200OK", .badStatusLine), ("ICY 200 OK", .badStatusLine),
        ("\r\nHTTP/1.1 200 OK", .badStatusLine), ("HTTP/1.1 200 a\0b", .controlCharacter),
        ("HTTP/1.1 200 OK\nX: y", .bareLineFeed), ("HTTP/1.1 200\nX: y", .bareLineFeed),
        ("HTTP/1.1 200 OK\rX", .bareCarriageReturn), ("HTTP/1.1 200\rX", .bareCarriageReturn),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x", .unexpectedUpgrade),
        ("HTTP/1.1 200 OK\r\nX: y\r\n z", .foldedLine), ("HTTP/1.1 200 OK\r\nX : y", .spaceBeforeColon),
        ("HTTP/1.1 200 OK\r\nX: y\nZ: z", .bareLineFeed), ("HTTP/1.1 200 OK\r\nX: \u{1B}", .controlCharacter),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6", .duplicateContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6", .duplicateContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5,", .badContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: ,5", .badContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length:", .badContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: +5", .badContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999", .badContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", .lengthAndTransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", .lengthAndTransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", .badTransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badTransferEncoding),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", .transferEncodingInHTTP10),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5", .bodyNotAllowed),
        ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked", .bodyNotAllowed),
        ("HTTP/1.1 100 Continue\r\nContent-Length: 5", .bodyNotAllowed),
        ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 64 * 1024), .headTooLarge),
        ("HTTP/1.1 200 OK" + String(repeating: "\r\nX: y", count: 101), .tooManyFields),
    ]

    @Test(arguments: refusals)
    func `refuses what leaves the end of the body in doubt`(_ start: String, _ code: WireError.Code) {
        let bytes = Array((start + "\r\n\r\n").utf8)
        let error = WireError(code, from: .store)
        #expect(error.status == 502)
        #expect(parseResponse(bytes) == .refused(error))
        for cut in stride(from: 0, through: bytes.count, by: bytes.count > 2000 ? 997 : 1) {
            #expect(parseResponse(bytes, cuts: [cut]) == .refused(error))
        }
        #expect(parseResponse(bytes, cuts: Array(0...bytes.count)) == .refused(error))
    }

    @Test func `gives the same head however the bytes are cut`() {
        let answer = "HTTP/1.1 200 All right\r\nTransfer-Encoding: chunked\r\nX:  y  \r\nEmpty:\r\n\r\n"
        let bytes = Array((answer + "5\r\n").utf8)
        let whole = parseResponse(bytes)
        for cut in 0...bytes.count { #expect(parseResponse(bytes, cuts: [cut]) == whole) }
        #expect(parseResponse(bytes, cuts: Array(0...bytes.count)) == whole)
        for missing in 0..<answer.utf8.count { #expect(parseResponse(Array(bytes[..<missing])) == .needsMore) }
    }
}
