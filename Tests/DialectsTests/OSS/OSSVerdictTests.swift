// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

/// Checksums of `hello world` as OSS gives them.
private let helloCRC64: UInt64 = 5_981_764_153_023_615_706
private let helloMD5: [UInt8] = [
    0x5E, 0xB6, 0x3B, 0xBB, 0xE0, 0x1E, 0xEE, 0xD0, 0x93, 0xCB, 0x22, 0xBB, 0x8F, 0x5A, 0xCD, 0xC3,
]
private let stored = [
    ("ETag", "\"5EB63BBBE01EEED093CB22BB8F5ACDC3\""), ("x-oss-hash-crc64ecma", "5981764153023615706"),
    ("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="), ("x-oss-request-id", "5C3D9175B6FC201293AD4890"),
]
private let callbackFailed = """
    <?xml version="1.0" encoding="UTF-8"?>
    <Error>
      <Code>CallbackFailed</Code>
      <Message>Error status : 502.</Message>
      <RequestId>5C3D9175B6FC201293AD4890</RequestId>
      <HostId>bucket.oss-cn-hangzhou.aliyuncs.com</HostId>
      <EC>0007-00000203</EC>
    </Error>

    """

@Suite struct OSSVerdictTests {
    static func judge(
        _ status: Int, _ list: [(String, String)], body: String = "", crc64: UInt64? = helloCRC64,
        md5: [UInt8]? = helloMD5, callbackAsked: Bool = true
    ) -> Verdict {
        OSSVerdict.judge(
            WireAnswer(status: status, fields: fields(list), body: Array(body.utf8)), to: .putObject,
            streamed: Checksums(crc64: crc64, md5: md5), callbackAsked: callbackAsked)
    }

    @Test func `sees what is stored and right`() {
        let expected = StoredFacts(
            etag: Array("5EB63BBBE01EEED093CB22BB8F5ACDC3".utf8)[...], crc64: helloCRC64,
            contentMD5: "XrY7u+Ae7tCTyyK7j1rNww==", isVerified: true)
        #expect(Self.judge(200, stored) == .stored(expected))
        #expect(Self.judge(200, stored, callbackAsked: false) == .stored(expected))
        #expect(Self.judge(200, stored, md5: nil) == .stored(expected))
        #expect(Self.judge(200, stored, crc64: nil) == .stored(expected))
    }

    @Test func `does not claim to have compared what it could not`() {
        for (list, crc64, md5) in [
            (stored, nil, nil), ([], helloCRC64, helloMD5), ([stored[0]], helloCRC64, nil),
        ] as [([(String, String)], UInt64?, [UInt8]?)] {
            guard case .stored(let object) = Self.judge(200, list, crc64: crc64, md5: md5) else {
                Issue.record("not stored")
                continue
            }
            #expect(!object.isVerified)
        }
    }

    @Test func `sees a failed callback behind a stored object`() {
        for callbackAsked in [true, false] {
            let verdict = Self.judge(203, stored, body: callbackFailed, callbackAsked: callbackAsked)
            guard case .callbackFailed(let object, let document) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(object.isVerified)
            #expect(
                document
                    == ErrorDocument(
                        code: "CallbackFailed", message: "Error status : 502.", ec: "0007-00000203",
                        requestID: "5C3D9175B6FC201293AD4890"))
        }
        // The document may be missing; that a callback failed is clear all the same.
        guard case .callbackFailed(_, let document) = Self.judge(203, stored) else {
            Issue.record("not failed")
            return
        }
        #expect(document.code == "")
        #expect(Self.judge(203, stored, callbackAsked: false) == .unclear(status: 203))
    }

    @Test(arguments: [200, 203])
    func `sees that something else is stored`(status: Int) {
        for (index, value, kind) in [
            (0, "\"5EB63BBBE01EEED093CB22BB8F5ACDC4\"", ChecksumMismatch.Kind.etag), (1, "5981764153023615707", .crc64),
            (1, "garbage", .crc64), (2, "XrY7u+Ae7tCTyyK7j1rNwx==", .contentMD5),
        ] {
            var list = stored
            list[index].1 = value
            guard case .mismatch(_, let mismatch) = Self.judge(status, list, body: callbackFailed) else {
                Issue.record("\(kind) \(value)")
                continue
            }
            #expect(mismatch.kind == kind)
            #expect(mismatch.streamed != mismatch.stored)
        }
    }

    @Test func `does not expect an MD5 where the ETag is none`() {
        let encrypted = [
            ("ETag", "\"00000000000000000000000000000000\""), ("x-oss-server-side-encryption", "KMS"),
            ("x-oss-hash-crc64ecma", "5981764153023615706"),
        ]
        guard case .stored = Self.judge(200, encrypted) else {
            Issue.record("not stored")
            return
        }
        guard case .stored = Self.judge(200, [("ETag", "\"5EB63BBBE01EEED093CB22BB8F5ACDC3-4\"")]) else {
            Issue.record("not stored")
            return
        }
    }

    @Test(arguments: [
        (400, "InvalidArgument"), (403, "SignatureDoesNotMatch"), (404, "NoSuchBucket"), (409, "FileAlreadyExists"),
        (411, "MissingContentLength"), (500, "InternalError"), (503, "ServiceUnavailable"), (301, ""), (413, ""),
    ])
    func `sees that nothing is stored`(status: Int, code: String) {
        let body = code.isEmpty ? "" : "<Error><Code>\(code)</Code><Message>m &amp; n</Message></Error>"
        let verdict = Self.judge(status, [("x-oss-request-id", "ID"), ("x-oss-ec", "0001")], body: body)
        guard case .notStored(status, let document) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(document.code == code)
        #expect(document.message == (code.isEmpty ? "" : "m & n"))
        #expect(document.ec == "0001")
        #expect(document.requestID == "ID")
    }

    @Test(arguments: [100, 201, 204, 206, 299, 500, 502, 504, 599])
    func `does not guess from answers that OSS never gives`(status: Int) {
        #expect(Self.judge(status, stored, body: "<html>Bad Gateway</html>") == .unclear(status: status))
    }
}

@Suite struct OSSErrorDocumentTests {
    @Test func `reads the errors of real answers`() {
        let document = ErrorDocument(ossFields: HeaderFields(), body: callbackFailed.utf8.span)
        #expect(document.requestID == "5C3D9175B6FC201293AD4890")
        let namespaced = """
            <Error xmlns='http://doc.oss-cn-hangzhou.aliyuncs.com'><RequestId>R</RequestId>\
            <CodeX>no</CodeX><Code >
             NoSuchKey </Code><Message lang="en"><![CDATA[a <b> & c]]></Message></Error>
            """
        let loose = ErrorDocument(ossFields: HeaderFields(), body: namespaced.utf8.span)
        #expect(loose == ErrorDocument(code: "NoSuchKey", message: "a <b> & c", requestID: "R"))
    }

    @Test func `reads the errors of answers to HEAD`() {
        let xml = "<Error><Code>NoSuchKey</Code><Message>m</Message><EC>0026-00000001</EC></Error>"
        let head = fields([("x-oss-err", Base64.encode(xml.utf8.span)), ("x-oss-request-id", "R")])
        let document = ErrorDocument(ossFields: head, body: [UInt8]().span)
        #expect(document == ErrorDocument(code: "NoSuchKey", message: "m", ec: "0026-00000001", requestID: "R"))
    }

    @Test(arguments: [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"), ("&#65;&#x42;&#34;", "AB\""),
        ("&unknown; & &#xD800; &#x110000;", "&unknown; & &#xD800; &#x110000;"),
        ("a&amp;lt;b", "a&lt;b"), ("", ""), ("中", "中"),
    ])
    func `resolves entities once`(raw: String, expected: String) {
        let xml = "<Message>\(raw)</Message>"
        #expect(XMLScanner(xml.utf8.span).text("Message") == expected)
    }

    @Test(arguments: [
        "", "<", "<Code", "<Code>", "<Code>a", "<Code>a</Cod", "<Codes>a</Codes>", "Code", "<code>a</code>", "<Code/",
        "{\"Code\":\"x\"}",
    ])
    func `finds nothing where there is nothing`(xml: String) {
        #expect(XMLScanner(xml.utf8.span).text("Code") == nil)
    }

    @Test func `survives every cut of a document`() {
        let bytes = Array(callbackFailed.utf8)
        for end in bytes.indices {
            let cut = Array(bytes[..<end])
            let code = ErrorDocument(ossFields: HeaderFields(), body: cut.span).code
            #expect(code == "" || code == "CallbackFailed")
        }
    }

    @Test func `takes an empty element for empty text`() {
        #expect(XMLScanner("<Code/><Message />".utf8.span).text("Message") == "")
    }
}
