// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct RequestParserRefusalTests {
    @Test(arguments: Refusal.all)
    func `refuses with the code and status of the fault`(_ refusal: Refusal) {
        let error = WireError(refusal.code)
        #expect(parseRequest(refusal.request) == .refused(error))
        #expect(error.status == refusal.status)
    }

    @Test(arguments: Refusal.all)
    func `refuses the same however the bytes are cut`(_ refusal: Refusal) {
        let bytes = Array(refusal.request.utf8)
        let whole = parseRequest(bytes)
        for cut in stride(from: 0, through: bytes.count, by: bytes.count > 2000 ? 97 : 1) {
            #expect(parseRequest(bytes, cuts: [cut]) == whole)
        }
        #expect(parseRequest(bytes, cuts: Array(0...bytes.count)) == whole)
    }

    @Test func `throws the same error again until it is reset`() throws {
        var parser = RequestParser()
        var head = RequestHead()
        let bad = Array("GET /a\r\n".utf8)
        for _ in 0..<2 {
            #expect(throws: WireError(.missingVersion)) { try parser.parse(bad.span, into: &head) }
        }
        parser.reset()
        let good = Array(put().utf8)
        #expect(try parser.parse(good.span, into: &head) == good.count)
    }

    @Test(arguments: [
        ("GET /a\r", WireError.Code.missingVersion), ("GET /a HTTP/2", .badVersion), ("GET /%0g", .badPercentEncoding),
        ("GET /a HTTP/1.1\r\nA ", .spaceBeforeColon), ("GET /a HTTP/1.1\r\nA: \u{01}", .controlCharacter),
        ("GET /a HTTP/1.1\r\nHost: a,b\r\n", .badHost), ("GET /a HTTP/1.1\r\nContent-Length: x\r\n", .badContentLength),
        ("\u{16}", .badMethod), ("TRACE ", .methodNotAllowed),
    ])
    func `refuses before the head is complete`(_ start: String, _ code: WireError.Code) {
        #expect(parseRequest(start) == .refused(WireError(code)))
        #expect(parseRequest(String(start.dropLast())) == .needsMore)
    }

    @Test func `counts the head limit in an incomplete head`() {
        let head = "PUT /a HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "a", count: 200)
        let size = head.utf8.count
        #expect(parseRequest(head, limits: WireLimits(headBytes: size + 1)) == .needsMore)
        #expect(parseRequest(head, limits: WireLimits(headBytes: size)) == .refused(WireError(.headTooLarge)))
    }

    @Test func `counts the target limit in an incomplete head`() {
        let limits = WireLimits(targetBytes: 10)
        #expect(parseRequest("GET /123456789", limits: limits) == .needsMore)
        #expect(parseRequest("GET /123456789 ", limits: limits) == .needsMore)
        #expect(parseRequest("GET /1234567890", limits: limits) == .refused(WireError(.targetTooLong)))
        #expect(parseRequest("GET /1234567%41", limits: limits) == .refused(WireError(.targetTooLong)))
    }

    @Test func `accepts heads and targets of exactly the limit`() {
        let request = put(target: "/123456789")
        let limits = WireLimits(headBytes: request.utf8.count, targetBytes: 10, fieldCount: 1)
        guard case .head(_, let consumed) = parseRequest(request, limits: limits) else {
            Issue.record("refused")
            return
        }
        #expect(consumed == request.utf8.count)
    }
}
