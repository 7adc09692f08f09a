// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets

/// Heads as they come and go.
func wireLeaves(_ bench: inout Bench) {
    let request = Array(requestText.utf8)
    var requestParser = RequestParser()
    var head = RequestHead()
    bench.measure("request head, 10 fields") {
        guard (try? requestParser.parse(request.span, into: &head)) == request.count else {
            preconditionFailure("the head is whole and right")
        }
    }

    let answer = Array(answerText.utf8)
    var answerParser = ResponseParser(requestMethod: .put)
    var answerHead = ResponseHead()
    bench.measure("response head, 8 fields") {
        guard (try? answerParser.parse(answer.span, into: &answerHead)) == answer.count else {
            preconditionFailure("the head is whole and right")
        }
    }

    let target = Array("/media/photos/2026/11/25/holiday%20in%20the%20hills.jpg".utf8)
    var made = HeaderFields()
    for (name, value) in requestFields { made.append(name: name, value) }
    var buffer: [UInt8] = []
    bench.measure("encoder, 10 fields") {
        buffer.removeAll(keepingCapacity: true)
        HTTPEncoder.appendRequest(method: .put, target: target.span, fields: made, to: &buffer)
    }
    keep(buffer)
}

private let requestFields = [
    ("Host", "upload.example.com"),
    ("User-Agent", "camera/4.2 (firmware 1.0.17; model X-100)"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Content-Type", "image/jpeg"),
    ("Content-Length", "1024"),
    ("Authorization", "Bearer 0123456789abcdef0123456789abcdef"),
    ("X-Tenant", "acme"),
    ("X-Device-Id", "device-0123456789"),
    ("X-Trace", "4bf92f3577b34da6a3ce929d0e0e4736"),
]

private let requestText =
    "PUT /photos/2026/11/25/holiday%20in%20the%20hills.jpg?album=summer HTTP/1.1\r\n"
    + requestFields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"

private let answerText = """
    HTTP/1.1 200 OK
    Server: AliyunOSS
    Date: Tue, 14 Nov 2023 22:13:20 GMT
    Content-Length: 0
    Connection: keep-alive
    x-oss-request-id: 655403B0C4D5E6F708192A3B
    ETag: "0F343B0931126A20F133D67C2B018A3B"
    x-oss-hash-crc64ecma: 3231342946509354535
    x-oss-server-time: 12


    """.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
