// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct OSSAnswerTests {
    static let context = AnswerContext(
        requestID: "5C3D9175B6FC201293AD4890", host: "examplebucket.oss-cn-hangzhou.aliyuncs.com",
        now: 1_700_000_000, elapsedMilliseconds: 7, keepAlive: true)

    static let object = ObjectFacts(
        size: 11, etag: "5EB63BBBE01EEED093CB22BB8F5ACDC3",
        contentMD5: Hex.decode("5eb63bbbe01eeed093cb22bb8f5acdc3".utf8.span), crc64: 5_981_764_153_023_615_706,
        lastModified: 1_699_999_999, contentType: "text/plain",
        kept: fields([("Cache-Control", "no-cache"), ("x-oss-meta-a", "1")]))

    static func wire(_ answer: WireAnswer) -> String {
        var bytes: [UInt8] = []
        HTTPEncoder.appendResponseHead(status: answer.status, fields: answer.fields, to: &bytes)
        return text(bytes + answer.body).replacing("\r\n", with: "\n")
    }

    @Test func `answers an upload as OSS does`() {
        #expect(
            Self.wire(OSSAnswer.put(Self.object, Self.context)) == """
                HTTP/1.1 200 OK
                Server: AliyunOSS
                Date: Tue, 14 Nov 2023 22:13:20 GMT
                Content-Length: 0
                Connection: keep-alive
                x-oss-request-id: 5C3D9175B6FC201293AD4890
                ETag: "5EB63BBBE01EEED093CB22BB8F5ACDC3"
                x-oss-hash-crc64ecma: 5981764153023615706
                Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==
                x-oss-server-time: 7


                """)
    }

    @Test func `hands the app's answer on byte for byte`() {
        let body = Array("{\"Status\":\"OK\"}\u{0}\r\n".utf8) + [0xFF]
        let answer = OSSAnswer.put(Self.object, callbackBody: body, Self.context)
        #expect(answer.status == 200)
        #expect(answer.body == body)
        #expect(answer.fields.string("Content-Type") == "application/json")
        #expect(answer.fields.string("Content-Length") == String(body.count))
        #expect(answer.fields.string("ETag") == "\"5EB63BBBE01EEED093CB22BB8F5ACDC3\"")
        #expect(answer.fields.string("x-oss-hash-crc64ecma") == "5981764153023615706")
    }

    @Test func `answers a failed callback as OSS does`() {
        let answer = OSSAnswer.callbackFailed(
            Self.object, message: "Error status : 502.", ec: "0007-00000203", Self.context)
        #expect(
            Self.wire(answer) == """
                HTTP/1.1 203 Non-Authoritative Information
                Server: AliyunOSS
                Date: Tue, 14 Nov 2023 22:13:20 GMT
                Content-Type: application/xml
                Content-Length: 347
                Connection: keep-alive
                x-oss-request-id: 5C3D9175B6FC201293AD4890
                ETag: "5EB63BBBE01EEED093CB22BB8F5ACDC3"
                x-oss-hash-crc64ecma: 5981764153023615706
                Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==
                x-oss-ec: 0007-00000203
                x-oss-server-time: 7

                <?xml version="1.0" encoding="UTF-8"?>
                <Error>
                  <Code>CallbackFailed</Code>
                  <Message>Error status : 502.</Message>
                  <RequestId>5C3D9175B6FC201293AD4890</RequestId>
                  <HostId>examplebucket.oss-cn-hangzhou.aliyuncs.com</HostId>
                  <EC>0007-00000203</EC>
                  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0007-00000203</RecommendDoc>
                </Error>

                """)
    }

    @Test func `is judged by the other side as it is meant`() {
        for (answer, isFailure) in [
            (OSSAnswer.put(Self.object, Self.context), false),
            (OSSAnswer.callbackFailed(Self.object, message: "Error status : 301.", ec: nil, Self.context), true),
        ] {
            let verdict = OSSVerdict.judge(
                answer, to: .putObject, streamed: Checksums(crc64: Self.object.crc64, md5: Self.object.contentMD5),
                callbackAsked: true)
            switch verdict {
            case .stored(let stored): #expect(stored.isVerified && !isFailure)
            case .callbackFailed(let stored, let document):
                #expect(stored.isVerified && isFailure)
                #expect(document.message == "Error status : 301.")
            default: Issue.record("\(verdict)")
            }
        }
    }

    @Test func `writes errors with what belongs to them`() {
        var context = Self.context
        context.keepAlive = false
        let error = VendorError(.noSuchKey, details: [("Key", "a<b>&\"c\"")])
        let answer = OSSAnswer.error(error, context)
        #expect(answer.status == 404)
        #expect(answer.fields.string("Connection") == "close")
        #expect(answer.fields.string("x-oss-ec") == "0026-00000001")
        #expect(
            text(answer.body) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <Error>
                  <Code>NoSuchKey</Code>
                  <Message>The specified key does not exist.</Message>
                  <RequestId>5C3D9175B6FC201293AD4890</RequestId>
                  <HostId>examplebucket.oss-cn-hangzhou.aliyuncs.com</HostId>
                  <Key>a&lt;b&gt;&amp;&quot;c&quot;</Key>
                  <EC>0026-00000001</EC>
                  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0026-00000001</RecommendDoc>
                </Error>

                """)
    }

    @Test func `puts errors for HEAD into a header`() {
        let error = VendorError(.noSuchKey)
        let answer = OSSAnswer.error(error, toHead: true, Self.context)
        #expect(answer.body.isEmpty)
        #expect(!answer.fields.contains("Content-Length"))
        #expect(!answer.fields.contains("Content-Type"))
        let document = Base64.decode((answer.fields.string("x-oss-err") ?? "").utf8.span)
        #expect(document == OSSAnswer.document(error, Self.context))
        #expect(ErrorDocument(ossFields: answer.fields, body: [UInt8]().span).code == "NoSuchKey")
    }

    @Test func `says why a signature is wrong`() throws {
        let answer = OSSVerifier(region: nil).verify(
            method: "PUT", resource: OSSResource(bucket: "examplebucket", key: Array("key".utf8)),
            fields: fields([("Authorization", "OSS id:c2ln"), ("Date", "Tue, 14 Nov 2023 22:13:20 GMT")]),
            now: 1_700_000_000
        ) { AccessKey(id: $0, secret: [1]) }
        guard case .refused(let failure) = answer else {
            Issue.record("accepted")
            return
        }
        let document = text(OSSAnswer.error(VendorError(failure), Self.context).body)
        for part in [
            "<Code>SignatureDoesNotMatch</Code>", "<OSSAccessKeyId>id</OSSAccessKeyId>",
            "<SignatureProvided>c2ln</SignatureProvided>",
            "<StringToSign>PUT\n\n\nTue, 14 Nov 2023 22:13:20 GMT\n/examplebucket/key</StringToSign>",
            "<StringToSignBytes>50 55 54 0A 0A 0A 54 ", "<EC>0002-00000040</EC>",
        ] {
            #expect(document.contains(part), "\(part)")
        }
    }

    @Test func `answers a deletion without a body`() {
        let answer = OSSAnswer.deleted(Self.context)
        #expect(answer.status == 204)
        #expect(!answer.fields.contains("Content-Length"))
        #expect(answer.body.isEmpty)
    }

    @Test(arguments: OSSErrorCode.allCases)
    func `has a status and a message for each code`(code: OSSErrorCode) {
        #expect((400...503).contains(code.status) || code == .callbackFailed)
        #expect(!code.message.isEmpty)
        #expect(code.ec.map { $0.utf8.count == 13 } ?? true)
        // A more special message is another cause, which the sub-code of the usual one would belie.
        #expect(VendorError(code, "special").ec == nil)
        #expect(VendorError(code).ec == code.ec)
    }
}

@Suite struct OSSObjectAnswerTests {
    private static func answer(
        _ range: String?, standard: Bool = false, isHead: Bool = false, overrides: [(name: String, value: [UInt8])] = []
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        let parsed = range.flatMap { ByteRange($0.utf8.span, isStandard: standard) }
        return OSSAnswer.object(
            OSSAnswerTests.object, options: ReadOptions(range: parsed, overrides: overrides), isHead: isHead,
            OSSAnswerTests.context)
    }

    @Test func `describes a whole object`() {
        let (answer, bytes) = Self.answer(nil)
        #expect(bytes == 0..<11)
        #expect(
            OSSAnswerTests.wire(answer) == """
                HTTP/1.1 200 OK
                Server: AliyunOSS
                Date: Tue, 14 Nov 2023 22:13:20 GMT
                Content-Type: text/plain
                Content-Length: 11
                Connection: keep-alive
                x-oss-request-id: 5C3D9175B6FC201293AD4890
                Accept-Ranges: bytes
                ETag: "5EB63BBBE01EEED093CB22BB8F5ACDC3"
                x-oss-hash-crc64ecma: 5981764153023615706
                Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==
                Last-Modified: Tue, 14 Nov 2023 22:13:19 GMT
                x-oss-object-type: Normal
                x-oss-storage-class: Standard
                Cache-Control: no-cache
                x-oss-meta-a: 1
                x-oss-server-time: 7


                """)
    }

    @Test func `describes a part`() {
        let (answer, bytes) = Self.answer("bytes=2-4")
        #expect(answer.status == 206)
        #expect(bytes == 2..<5)
        #expect(answer.fields.string("Content-Range") == "bytes 2-4/11")
        #expect(answer.fields.string("Content-Length") == "3")
    }

    @Test func `refuses what no part satisfies only where the client wants that`() {
        #expect(Self.answer("bytes=11-").answer.status == 200)
        let (answer, bytes) = Self.answer("bytes=11-", standard: true)
        #expect(answer.status == 416)
        #expect(bytes.isEmpty)
        #expect(answer.fields.string("Content-Range") == "bytes */11")
        #expect(text(answer.body).contains("<Code>InvalidRange</Code>"))
    }

    @Test func `answers HEAD with the length and no bytes`() {
        let (answer, bytes) = Self.answer("bytes=2-4", isHead: true)
        #expect(answer.status == 200)
        #expect(answer.fields.string("Content-Length") == "11")
        #expect(bytes.isEmpty)
    }

    @Test func `gives fields the values that the client wants`() {
        let (answer, _) = Self.answer(
            nil, overrides: [("Content-Type", Array("text/html".utf8)), ("Expires", Array("0".utf8))])
        #expect(answer.fields.string("Content-Type") == "text/html")
        #expect(answer.fields.count(of: "Content-Type") == 1)
        #expect(answer.fields.string("Expires") == "0")
    }
}

/// "Use HTTP Range requests to get OSS resources in segments" of the OSS help, for an object of 1000 bytes.
@Suite struct OSSByteRangeTests {
    @Test(arguments: [
        ("bytes=0-499", ByteRange.Resolution.part(0..<500), ByteRange.Resolution.part(0..<500)),
        ("bytes=500-999", .part(500..<1000), .part(500..<1000)),
        ("bytes=999-999", .part(999..<1000), .part(999..<1000)),
        ("bytes=-500", .part(500..<1000), .part(500..<1000)),
        ("bytes=500-", .part(500..<1000), .part(500..<1000)),
        ("bytes=0-", .part(0..<1000), .part(0..<1000)),
        ("bytes=0-99,200-299", .part(0..<100), .part(0..<100)),
        ("bytes=0-1000", .whole, .part(0..<1000)),
        ("bytes=500-18446744073709551615", .whole, .part(500..<1000)),
        ("bytes=1000-2000", .whole, .unsatisfiable),
        ("bytes=1000-", .whole, .unsatisfiable),
        ("bytes=-2000", .whole, .part(0..<1000)),
        ("bytes=-0", .whole, .unsatisfiable),
    ])
    func `is resolved in OSS's way and in the standard one`(
        value: String, own: ByteRange.Resolution, standard: ByteRange.Resolution
    ) {
        #expect(ByteRange(value.utf8.span, isStandard: false)?.resolve(size: 1000) == own)
        #expect(ByteRange(value.utf8.span, isStandard: true)?.resolve(size: 1000) == standard)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "byte=0-499", "Bytes=0-1", "bytes=5-4", "bytes=a-b", "bytes=1", "bytes=+1-2",
        "bytes= 0-1", "bytes=0-1-2", "bytes=0 - 1", "bytes=18446744073709551616-", "bytes=0-18446744073709551616",
    ])
    func `is none where it is malformed`(value: String) {
        #expect(ByteRange(value.utf8.span, isStandard: true) == nil)
    }

    @Test func `of an empty object is nothing`() {
        for value in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            #expect(ByteRange(value.utf8.span, isStandard: true)?.resolve(size: 0) == .unsatisfiable)
            #expect(ByteRange(value.utf8.span, isStandard: false)?.resolve(size: 0) == .whole)
        }
    }
}
