// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct HTTPEncoderTests {
    private func encoded(_ append: (inout [UInt8]) -> Void) -> String {
        var buffer = Array("before|".utf8)
        append(&buffer)
        return String(text(buffer).dropFirst(7))
    }

    private let fields: HeaderFields = {
        var fields = HeaderFields()
        fields.append("Host", "h")
        fields.append("X-Empty", "")
        return fields
    }()

    @Test func `writes requests behind what is there`() {
        let request = encoded {
            HTTPEncoder.appendRequest(method: .put, target: "/a?b".utf8.span, fields: fields, to: &$0)
        }
        #expect(request == "PUT /a?b HTTP/1.1\r\nHost: h\r\nX-Empty: \r\n\r\n")
    }

    @Test func `writes fields that were padded, changed, removed and added alike`() {
        let request = put("A:1", "B:  2 ", "C: 3", "D: 4", "E:", "F: 6", "G: 7")
        guard case .head(let head, _) = parseRequest(request) else {
            Issue.record("refused")
            return
        }
        var fields = head.fields
        fields.remove("D")
        fields.set("F", "six")
        fields.append("H", decimal: 8)
        fields.append("I") { $0 += "nine".utf8 }
        fields.append(fieldAt: 2, of: head.fields)
        fields.remove("H")
        let expected = ["Host: h", "A: 1", "B: 2", "C: 3", "E: ", "F: six", "G: 7", "I: nine", "B: 2"]
        #expect(encoded { HTTPEncoder.append(fields, to: &$0) } == expected.map { $0 + "\r\n" }.joined())
        let single = encoded { buffer in
            for index in fields.indices { HTTPEncoder.append(fieldAt: index, of: fields, to: &buffer) }
        }
        #expect(single == expected.map { $0 + "\r\n" }.joined())
    }

    @Test func `writes answers field by field`() {
        let answer = encoded {
            HTTPEncoder.appendStatusLine(200, to: &$0)
            HTTPEncoder.appendField("Content-Length", decimal: 1_000, to: &$0)
            HTTPEncoder.appendField("ETag", "\"x\"".utf8.span, to: &$0)
            HTTPEncoder.append(fieldAt: 0, of: fields, to: &$0)
            HTTPEncoder.appendEnd(to: &$0)
        }
        #expect(answer == "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"x\"\r\nHost: h\r\n\r\n")
    }

    @Test(arguments: [
        (203, "Non-Authoritative Information"), (404, "Not Found"), (413, "Content Too Large"), (599, ""),
    ])
    func `writes statuses with their reasons`(_ status: Int, _ reason: String) {
        let answer = encoded { HTTPEncoder.appendResponseHead(status: status, fields: HeaderFields(), to: &$0) }
        #expect(answer == "HTTP/1.1 \(status) \(reason)\r\n\r\n")
        guard case .head(let head, _) = parseResponse(Array(answer.utf8)) else {
            Issue.record("not readable")
            return
        }
        #expect(head.status == status)
    }

    @Test(arguments: [
        (1, "1"), (9, "9"), (10, "a"), (15, "f"), (16, "10"), (255, "ff"), (4096, "1000"), (.max, "7fffffffffffffff"),
    ])
    func `writes chunk sizes`(_ size: Int, _ digits: String) {
        #expect(encoded { HTTPEncoder.appendChunkHeader(size: size, to: &$0) } == digits + "\r\n")
    }

    @Test func `writes bodies that the decoder reads`() {
        let body = encoded { buffer in
            for size in [1, 15, 16, 17, 300] {
                HTTPEncoder.appendChunkHeader(size: size, to: &buffer)
                buffer += [UInt8](repeating: 97, count: size)
                HTTPEncoder.appendChunkTrailer(to: &buffer)
            }
            HTTPEncoder.appendLastChunk(to: &buffer)
        }
        let expected = BodyOutcome.complete(body: [UInt8](repeating: 97, count: 349), consumed: body.utf8.count)
        #expect(decodeChunks(Array(body.utf8)) == expected)
    }

    @Test func `stops rather than split a request`() async {
        await #expect(processExitsWith: .failure) {
            var buffer: [UInt8] = []
            HTTPEncoder.appendRequestLine(method: .get, target: "/a HTTP/1.1\r\n".utf8.span, to: &buffer)
        }
        await #expect(processExitsWith: .failure) {
            var buffer: [UInt8] = []
            HTTPEncoder.appendField("X", "a\nb".utf8.span, to: &buffer)
        }
        await #expect(processExitsWith: .failure) {
            var buffer: [UInt8] = []
            HTTPEncoder.appendChunkHeader(size: 0, to: &buffer)
        }
    }
}
