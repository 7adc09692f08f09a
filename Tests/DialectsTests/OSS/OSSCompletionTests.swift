// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

@Suite struct OSSCompletionTests {
    static func read(_ body: String, _ fields: [String] = []) throws -> Completion {
        let head = try RequestText.head(
            ["POST /examplebucket/k?uploadId=U HTTP/1.1", "Host: 127.0.0.1", "Content-Length: \(body.utf8.count)"]
                + fields)
        return try OSSDialect().readCompletion(body.utf8.span, head)
    }

    static func error(_ body: String, _ fields: [String] = []) -> VendorError? {
        do {
            _ = try read(body, fields)
            return nil
        } catch {
            return error as? VendorError
        }
    }

    static let expected = Completion(parts: [
        Completion.Part(number: 1, etag: "5D41402ABC4B2A76B9719D911017C592"),
        Completion.Part(number: 2, etag: "5EB63BBBE01EEED093CB22BB8F5ACDC3"),
    ])

    /// Bodies as the SDKs write them, and others that say the same.
    @Test(arguments: [
        // oss2 2.19.1 and alibabacloud-oss-v2 1.4.1, captured.
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"5D41402ABC4B2A76B9719D911017C592\"</ETag></Part>"
            + "<Part><PartNumber>2</PartNumber><ETag>\"5EB63BBBE01EEED093CB22BB8F5ACDC3\"</ETag></Part>"
            + "</CompleteMultipartUpload>",
        // Go SDK v2 1.5.1: quotes are entities.
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&#34;5D41402ABC4B2A76B9719D911017C592&#34;</ETag>"
            + "</Part><Part><PartNumber>2</PartNumber><ETag>&#34;5EB63BBBE01EEED093CB22BB8F5ACDC3&#34;</ETag></Part>"
            + "</CompleteMultipartUpload>",
        // RUBY 0.8.0 (nokogiri): a declaration and lines.
        """
        <?xml version="1.0"?>
        <CompleteMultipartUpload>
          <Part>
            <PartNumber>1</PartNumber>
            <ETag>"5D41402ABC4B2A76B9719D911017C592"</ETag>
          </Part>
          <Part>
            <PartNumber>2</PartNumber>
            <ETag>"5EB63BBBE01EEED093CB22BB8F5ACDC3"</ETag>
          </Part>
        </CompleteMultipartUpload>

        """,
        """
        \u{FEFF}<?xml version="1.0" encoding="UTF-8" standalone='yes'?><!-- parts -->
        <o:CompleteMultipartUpload xmlns:o="http://doc.oss-cn-hangzhou.aliyuncs.com" a='>'>
        <o:Part id="1"><o:ETag><![CDATA[5D41402ABC4B2A76B9719D911017C592]]></o:ETag><Size>5</Size><o:PartNumber> 1
        </o:PartNumber></o:Part><Extra/><o:Part><o:PartNumber>2</o:PartNumber><o:ETag>&quot;5EB63BBBE01EEED093CB22BB8F5ACDC3\
        &quot;</o:ETag ></o:Part></o:CompleteMultipartUpload>
        """,
    ])
    func `reads the parts that SDKs name`(body: String) throws {
        #expect(try Self.read(body) == Self.expected)
        #expect(!Self.expected.takesAll)
    }

    @Test func `reads back what is written to stores`() throws {
        let parts = (1...10_000).map { Completion.Part(number: $0, etag: "5D41402ABC4B2A76B9719D911017C5&<\($0)") }
        let body = OSSOutbound(.example(.path)).completionBody(parts)
        #expect(try Self.read(text(body)) == Completion(parts: parts))
        #expect(body.count < OSSDialect().largestCompletionBytes)
        #expect(
            text(OSSOutbound(.example(.path)).completionBody([Completion.Part(number: 7, etag: "E")])) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <CompleteMultipartUpload><Part><PartNumber>7</PartNumber><ETag>&quot;E&quot;</ETag></Part>\
                </CompleteMultipartUpload>
                """)
    }

    static func list(_ numbers: [String]) -> String {
        let parts = numbers.map { "<Part><PartNumber>\($0)</PartNumber><ETag>E</ETag></Part>" }.joined()
        return "<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>"
    }

    @Test(arguments: [["2", "1"], ["1", "1"], ["1", "3", "2"], ["0"], ["10001"], ["1", "18446744073709551615"]])
    func `refuses numbers that do not ascend from 1 to 10000`(numbers: [String]) {
        let error = Self.error(Self.list(numbers))
        #expect(error?.status == 400)
        #expect(error?.code == "InvalidPartOrder")
    }

    @Test func `lets numbers be left out`() throws {
        #expect(try Self.read(Self.list(["3", "70", "10000"])).parts.map(\.number) == [3, 70, 10_000])
    }

    @Test(arguments: [
        "", " ", "{}", "<CompleteMultipartUpload/>", "<CompleteMultipartUpload></CompleteMultipartUpload>",
        "<Other><Part><PartNumber>1</PartNumber><ETag>E</ETag></Part></Other>", list([""]), list(["a"]), list(["-1"]),
        list(["1"]) + "x", list(["1"]) + list(["2"]), String(list(["1"]).dropLast()), "x" + list(["1"]),
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><ETag>E</ETag></Part></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&bad;</ETag></Part></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>E</Part></ETag></CompleteMultipartUpload>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]>" + list(["1"]), list((1...10_001).map(String.init)),
        "<CompleteMultipartUpload>" + String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)
            + "</CompleteMultipartUpload>",
    ])
    func `refuses a document that is none`(body: String) {
        let error = Self.error(body)
        #expect(error?.status == 400)
        #expect(error?.code == "MalformedXML")
        #expect(error?.ec == "0042-00000205")
    }

    @Test func `takes all parts where the header says so`() throws {
        #expect(try Self.read("", ["x-oss-complete-all: yes"]) == Completion(parts: [], takesAll: true))
        #expect(try Self.read("", ["X-Oss-Complete-All: YES"]).takesAll)
        let both = Self.error(Self.list(["1"]), ["x-oss-complete-all: yes"])
        #expect(both?.code == "InvalidArgument")
        #expect(both?.ec == "0042-00000216")
        #expect(both?.message == "Should not speficy both complete all header and http body.")
        #expect(Self.error("", ["x-oss-complete-all: no"])?.code == "InvalidArgument")
    }

    @Test func `refuses every cut of a document, and survives every changed byte`() {
        let body = Array(Self.list(["1", "2"]).utf8)
        for end in body.indices {
            #expect(Self.error(text(body[..<end]))?.code == "MalformedXML")
            for byte in [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "/"), 0] {
                var changed = body
                changed[end] = byte
                _ = Self.error(text(changed))
            }
        }
    }
}
