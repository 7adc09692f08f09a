// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

@Suite struct OSSRenamingTests {
    static func renamed(
        _ status: Int, _ body: String, callback: Bool = false, encoded: Bool = false,
        fields list: [(String, String)] = [], bucket: Bool = false
    ) -> WireAnswer {
        var request = ClientRequest(
            .completeUpload(uploadID: [1]), bucket: "uploads", key: bucket ? [] : Array("a b<1>".utf8),
            addressing: .path)
        if callback { request.callback = RawCallback(callback: [1]) }
        if encoded { request.parameters = [(name: Array("encoding-type".utf8), value: Array("url".utf8))] }
        let answer = WireAnswer(
            status: status, fields: fields(list + [("Content-Length", String(body.utf8.count))]),
            body: Array(body.utf8))
        return OSSDialect().renamed(answer, for: request, OSSAnswerTests.context)
    }

    /// With the namespace of older answers of OSS.
    static let completed = """
        <?xml version="1.0" encoding="UTF-8"?>
        <CompleteMultipartUploadResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
          <Location>http://media.oss-cn-hangzhou.aliyuncs.com/x/1</Location>
          <Bucket>media</Bucket>
          <Key>x/1</Key>
          <ETag>"E-1"</ETag>
        </CompleteMultipartUploadResult>
        """

    @Test func `puts the client's names into the store's document`() {
        let answer = Self.renamed(200, Self.completed)
        #expect(
            text(answer.body) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <CompleteMultipartUploadResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
                  <Location>http://examplebucket.oss-cn-hangzhou.aliyuncs.com/uploads/a%20b%3C1%3E</Location>
                  <Bucket>uploads</Bucket>
                  <Key>a b&lt;1&gt;</Key>
                  <ETag>"E-1"</ETag>
                </CompleteMultipartUploadResult>
                """)
        #expect(answer.fields.string("Content-Length") == String(answer.body.count))
    }

    @Test func `encodes them where the client wants that`() {
        let text = text(Self.renamed(200, Self.completed, encoded: true).body)
        #expect(text.contains("<EncodingType>url</EncodingType>\n  <Key>a%20b%3C1%3E</Key>"))
        let already = Self.completed.replacing("<Key>", with: "<EncodingType>url</EncodingType><Key>")
        let once = Self.renamed(200, already, encoded: true).body
        #expect(String(decoding: once, as: UTF8.self).split(separator: "<EncodingType>").count == 2)
    }

    @Test func `leaves the app's answer alone`() {
        #expect(Self.renamed(200, Self.completed, callback: true).body == Array(Self.completed.utf8))
        for body in ["{\"Bucket\":\"media\"}", "<answer><Bucket>media</Bucket></answer>", "", "<Bucket>"] {
            #expect(Self.renamed(200, body).body == Array(body.utf8))
        }
    }

    @Test func `renames errors, in the body and in the header`() {
        let body = "<Error><Code>NoSuchKey</Code><BucketName>media</BucketName><Key>x/1</Key></Error>"
        let expected =
            "<Error><Code>NoSuchKey</Code><BucketName>uploads</BucketName><Key>a b&lt;1&gt;</Key></Error>"
        #expect(text(Self.renamed(404, body, callback: true).body) == expected)
        #expect(text(Self.renamed(404, body, encoded: true).body) == expected)
        let head = Self.renamed(404, "", fields: [("x-oss-err", Base64.encode(body.utf8.span))])
        #expect(head.fields.string("x-oss-err") == Base64.encode(expected.utf8.span))
        #expect(head.fields.string("Content-Length") == "0")
    }

    @Test func `renames the bucket of lists only`() {
        let body =
            "<ListMultipartUploadsResult><Bucket>media</Bucket><Upload><Key>x</Key></Upload></ListMultipartUploadsResult>"
        #expect(text(Self.renamed(200, body, bucket: true).body) == body.replacing("media", with: "uploads"))
    }

    /// A list whose keys have entities, sections and blanks, as they are or percent-encoded.
    @Test(arguments: [
        ("", "in &amp; out/", "<![CDATA[in & out/a<]]>", "in &amp; out/ b "),
        ("<EncodingType>url</EncodingType>", "in%20%26%20out%2F", "in%20%26%20out%2Fa%3C", "in%20%26%20out%2F%20b%20"),
    ])
    func `takes what keys have in front off a list`(encoding: String, lead: String, key: String, other: String) {
        let list = """
            <ListMultipartUploadsResult>\(encoding)<Bucket>media</Bucket><KeyMarker/><NextKeyMarker>\(key)</NextKeyMarker>\
            <Prefix>\(lead)</Prefix><Upload><Key>\(key)</Key></Upload><Upload><Key>\(other)</Key></Upload>\
            <CommonPrefixes><Prefix>\(lead)p/</Prefix></CommonPrefixes></ListMultipartUploadsResult>
            """
        let own = encoding.isEmpty ? ["a&lt;", " b ", "p/"] : ["a%3C", "%20b%20", "p%2F"]
        let expected = """
            <ListMultipartUploadsResult>\(encoding)<Bucket>uploads</Bucket><KeyMarker/><NextKeyMarker>\(own[0])</NextKeyMarker>\
            <Prefix></Prefix><Upload><Key>\(own[0])</Key></Upload><Upload><Key>\(own[1])</Key></Upload>\
            <CommonPrefixes><Prefix>\(own[2])</Prefix></CommonPrefixes></ListMultipartUploadsResult>
            """
        let request = ClientRequest(
            .listUploads(ListOptions()), bucket: "uploads", key: [], addressing: .virtualHost)
        let answer = WireAnswer(status: 200, fields: HeaderFields(), body: Array(list.utf8))
        func told(_ lead: String) -> WireAnswer? {
            OSSDialect().renamed(answer, for: request, lead: Array(lead.utf8), OSSAnswerTests.context)
        }
        #expect(told("in & out/").map { text($0.body) } == expected)
        #expect(told("in &amp; out/") == nil && told("elsewhere/") == nil)
    }
}
