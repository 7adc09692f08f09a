// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

@Suite struct OSSFormAnswerTests {
    static func answer(
        _ report: CallbackReport = .none, status: Int? = nil, redirect: String? = nil
    ) -> WireAnswer {
        var request = ClientRequest(
            .postObject, bucket: "examplebucket", key: Array("a b&c".utf8), addressing: .virtualHost)
        request.formAnswer.status = status
        request.formAnswer.redirect = redirect
        return OSSDialect().answer(.stored(OSSAnswerTests.object, report), to: request, OSSAnswerTests.context)
    }

    @Test(arguments: [(nil, 204), (204, 204), (200, 200)] as [(Int?, Int)])
    func `answers without a body`(wanted: Int?, status: Int) {
        let answer = Self.answer(status: wanted)
        #expect(answer.status == status)
        #expect(answer.body.isEmpty)
        #expect(answer.fields.string("Content-Length") == (status == 204 ? nil : "0"))
        #expect(answer.fields.string("ETag") == "\"5EB63BBBE01EEED093CB22BB8F5ACDC3\"")
    }

    @Test func `answers with a document where the form asks for it`() {
        let answer = Self.answer(status: 201)
        #expect(answer.status == 201)
        #expect(answer.fields.string("Content-Length") == String(answer.body.count))
        #expect(
            text(answer.body) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <PostResponse>
                  <Bucket>examplebucket</Bucket>
                  <ETag>&quot;5EB63BBBE01EEED093CB22BB8F5ACDC3&quot;</ETag>
                  <Key>a b&amp;c</Key>
                  <Location>http://examplebucket.oss-cn-hangzhou.aliyuncs.com/a%20b%26c</Location>
                </PostResponse>

                """)
    }

    @Test(arguments: [("https://example.com/done", "?"), ("https://example.com/done?a=1", "&")])
    func `redirects where the form asks for it`(url: String, joint: String) {
        let answer = Self.answer(status: 201, redirect: url)
        #expect(answer.status == 303)
        #expect(answer.body.isEmpty)
        #expect(
            answer.fields.string("Location")
                == "\(url)\(joint)bucket=examplebucket&key=a%20b%26c&etag=%225EB63BBBE01EEED093CB22BB8F5ACDC3%22")
    }

    @Test func `answers with the app's answer, whatever status the form asks for`() {
        let body = Array("{}".utf8)
        let callback = CallbackReport.succeeded(status: 200, body: body, contentType: "application/json")
        let answer = Self.answer(callback, status: 204, redirect: "https://example.com/")
        #expect(answer.status == 200)
        #expect(answer.body == body)
        let failed = Self.answer(.failed(message: "Error status : 502.", ec: nil, code: nil), status: 201)
        #expect(failed.status == 203)
        #expect(text(failed.body).contains("<Code>CallbackFailed</Code>"))
    }
}
