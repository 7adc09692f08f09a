// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct US3InboundTests {
    @Test(arguments: [
        ("PUT /a/b", StoreOperation.putObject), ("POST /k?uploads", .createUpload),
        ("PUT /k?uploadId=u&partNumber=0", .putPart(uploadID: [0x75], number: 0)),
        ("PUT /k?partNumber=7&uploadId=u", .putPart(uploadID: [0x75], number: 7)),
        ("POST /k?uploadId=u", .completeUpload(uploadID: [0x75])),
        ("DELETE /k?uploadId=u", .abortUpload(uploadID: [0x75])), ("GET /k", .getObject), ("HEAD /k", .headObject),
        ("DELETE /k", .deleteObject),
    ])
    func `tells operations apart`(line: String, operation: StoreOperation) throws {
        let request = try US3RequestText.request(US3RequestText.lines(line, "Content-Length: 0"))
        #expect(request.operation == operation)
        #expect(request.bucket == "demobucket")
        #expect(request.addressing == .virtualHost)
    }

    @Test func `reads lists, whose markers are the first entries wanted`() throws {
        var options = ListOptions()
        options.limit = 3
        options.marker = Array("2".utf8)
        let parts = try US3RequestText.request(
            US3RequestText.lines("GET /?muploadpart&uploadId=u&max-parts=3&part-number-marker=3"))
        #expect(parts.operation == .listParts(uploadID: [0x75], options))
        #expect(parts.key.isEmpty)
        options.marker = []
        options.limit = 100
        for query in ["", "&max-parts=0&part-number-marker=0", "&max-parts=&part-number-marker="] {
            let all = try US3RequestText.request(US3RequestText.lines("GET /?muploadpart&uploadId=u" + query))
            #expect(all.operation == .listParts(uploadID: [0x75], options))
        }
        var uploads = ListOptions()
        uploads.limit = 20
        uploads.prefix = Array("a b".utf8)
        uploads.marker = Array("k".utf8)
        let list = try US3RequestText.request(US3RequestText.lines("GET /?muploadid&prefix=a+b&marker=k&limit=20"))
        #expect(list.operation == .listUploads(uploads))
    }

    /// Vectors, `wire_paths`: what the official SDKs send for one key, and what RFC 3986 would have.
    @Test(arguments: [
        ("demokey", ["/demokey"]),
        (
            "dir/sub dir/报告 a+b (1).txt",
            [
                "/dir/sub%20dir/%E6%8A%A5%E5%91%8A%20a%2Bb%20%281%29.txt",
                "/dir/sub%20dir/%E6%8A%A5%E5%91%8A%20a+b%20%281%29.txt",
                "/dir/sub%20dir/%E6%8A%A5%E5%91%8A%20a+b%20(1).txt",
                "/dir%2Fsub%20dir%2F%E6%8A%A5%E5%91%8A%20a+b%20(1).txt",
            ]
        ),
        (
            "100%_done?v=1#frag&x=y.txt",
            ["/100%25_done%3Fv%3D1%23frag%26x%3Dy.txt", "/100%25_done%3Fv=1%23frag&x=y.txt"]
        ),
        ("a/b//c", ["/a/b//c"]), ("a~b*c!'()", ["/a~b%2Ac%21%27%28%29", "/a~b*c!'()"]),
        ("t:@$,;=&+", ["/t%3A%40%24%2C%3B%3D%26%2B", "/t:@$,;=&+"]),
    ])
    func `reads keys in all spellings of the SDKs`(key: String, paths: [String]) throws {
        for path in paths {
            #expect(try US3RequestText.request(US3RequestText.lines("GET \(path)")).keyText == key)
        }
        var target: [UInt8] = []
        let address = StoreAddress(bucket: "b", addressing: .virtualHost, authority: "a")
        address.appendTarget(key: key.utf8.span, to: &target)
        #expect(text(target) == paths[0])
    }

    @Test func `sees another key where the Python SDK leaves a question mark`() throws {
        #expect(try US3RequestText.request(US3RequestText.lines("GET /100%25_done?v=1")).keyText == "100%_done")
    }

    @Test(arguments: ["//lead", "/%2Flead", "/%5Clead", "/%FF", "/" + String(repeating: "k", count: 1024)])
    func `refuses keys that US3 does not take`(path: String) throws {
        let error = try US3RequestText.error(US3RequestText.lines("PUT \(path)", "Content-Length: 0"))
        #expect(error?.status == 400)
        #expect(error?.code == "-148660")
    }

    @Test func `takes the bucket from the host, else from the listener`() throws {
        for host in ["127.0.0.1:8000", "[::1]:8000", "img.example.org", "localhost", "cn-bj.ufileos.com"] {
            let request = try US3RequestText.request(["GET /a/b HTTP/1.1", "Host: \(host)"])
            #expect(request.bucket == "listened")
            #expect(request.addressing == .customDomain)
            #expect(request.keyText == "a/b")
        }
        // As the Go SDK addresses a `file_host` with a port.
        let local = ListenerPlace(baseHost: "127.0.0.1", bucket: nil)
        let request = try US3RequestText.request(["GET /k HTTP/1.1", "Host: demobucket.127.0.0.1:8000"], at: local)
        #expect(request.bucket == "demobucket")
        let error = try US3RequestText.error(["GET /k HTTP/1.1", "Host: 127.0.0.1:8000"], at: local)
        #expect(error?.status == 400)
        #expect(error?.code == "-148653")
        #expect(error?.message == "bucket not exists")
    }

    @Test(arguments: [
        ("PUT /k?append&position=0", 501), ("POST /uploadhit?Hash=h&FileName=f&FileSize=1", 501), ("GET /?list", 501),
        ("GET /", 501), ("POST /k", 405), ("DELETE /", 405), ("PATCH /k", 405), ("PUT /?uploads", 405), ("POST /", 400),
        ("PUT /k?uploadId=u", 400), ("PUT /k?partNumber=1", 400), ("PUT /k?uploadId=&partNumber=1", 400),
        ("PUT /k?uploadId=u&partNumber=-1", 400), ("POST /k?uploadId=", 400), ("GET /?muploadpart", 400),
        ("GET /?muploadpart&uploadId=u&max-parts=x", 400), ("GET /?muploadpart&uploadId=u&part-number-marker=x", 400),

    ])
    func `refuses what it does not offer`(line: String, status: Int) throws {
        let error = try US3RequestText.error(US3RequestText.lines(line, "Content-Length: 0"))
        #expect(error?.status == status)
        #expect(error?.code == "-148660")
    }

    @Test func `refuses copies`() throws {
        let copy = US3RequestText.lines("PUT /k", "Content-Length: 0", "X-Ufile-Copy-Source: /b/k")
        #expect(try US3RequestText.error(copy)?.status == 501)
    }

    @Test func `reads lengths, and chunks as the Python SDK sends them`() throws {
        #expect(try US3RequestText.request(US3RequestText.lines("PUT /k", "Content-Length: 9")).contentLength == 9)
        let chunked = US3RequestText.lines("PUT /k", "Transfer-Encoding: chunked")
        #expect(try US3RequestText.request(chunked).contentLength == nil)
        #expect(try US3RequestText.error(US3RequestText.lines("PUT /k"))?.status == 411)
        let longest = US3RequestText.lines("PUT /k", "Content-Length: 536870912")
        #expect(try US3RequestText.request(longest).contentLength == 512 << 20)
        let error = try US3RequestText.error(US3RequestText.lines("PUT /k", "Content-Length: 536870913"))
        #expect(error?.message == "content length:536870913 larger than max size:536870912")
    }

    @Test func `reads an MD5 in hexadecimal digits and nothing else`() throws {
        func md5(_ value: String, _ line: String = "PUT /k") -> [String] {
            US3RequestText.lines(line, "Content-Length: 1", "Content-MD5: \(value)")
        }
        let digest = try US3RequestText.request(md5("6f5902ac237024bdd0c176cb93063dc4")).contentMD5
        #expect(digest?.count == 16)
        #expect(digest?.first == 0x6F)
        #expect(
            try US3RequestText.request(md5("6f5902ac237024bdd0c176cb93063dc4", "PUT /k?uploadId=u&partNumber=0"))
                .contentMD5 == digest)
        for value in ["b1kCrCNwJL3QwXbLkwY9xA==", "6f59", "6f5902ac237024bdd0c176cb93063dcg"] {
            let error = try US3RequestText.error(md5(value))
            #expect(error?.status == 400)
            #expect(error?.code == "-15036")
            #expect(error?.message == "check md5 failed")
        }
    }

    @Test func `finds the put policy where one may be`() throws {
        let authorization = "Authorization: UCloud id:sig:e30="
        for line in ["PUT /k", "POST /k?uploadId=u"] {
            let request = try US3RequestText.request(US3RequestText.lines(line, "Content-Length: 0", authorization))
            #expect(request.callback == RawCallback(callback: Array("e30=".utf8)))
        }
        for line in ["POST /k?uploads", "PUT /k?uploadId=u&partNumber=0", "GET /k", "DELETE /k"] {
            let error = try US3RequestText.error(US3RequestText.lines(line, "Content-Length: 0", authorization))
            #expect(error?.status == 400)
            #expect(error?.message == "invalid put policy")
        }
        let plain = US3RequestText.lines("PUT /k", "Content-Length: 0", "Authorization: UCloud id:sig")
        #expect(try US3RequestText.request(plain).callback == nil)
    }

    @Test func `refuses another key at the end of an upload`() throws {
        for same in ["", "&newKey=", "&newKey=k"] {
            let lines = US3RequestText.lines("POST /k?uploadId=u\(same)", "Content-Length: 0")
            #expect(try US3RequestText.request(lines).key == Array("k".utf8))
        }
        let error = try US3RequestText.error(
            US3RequestText.lines("POST /k?uploadId=u&newKey=other", "Content-Length: 0"))
        #expect(error?.status == 501)
        #expect(error?.message == "newKey, another key at the end of an upload, is not implemented")
    }

    @Test func `reads ranges`() throws {
        let request = try US3RequestText.request(US3RequestText.lines("GET /k", "Range: bytes=2-5"))
        #expect(request.read.range?.resolve(size: 10) == .part(2..<6))
        #expect(request.read.range?.resolve(size: 2) == .unsatisfiable)
    }
}

@Suite struct US3CompletionTests {
    static func parts(_ body: String) throws -> [Completion.Part] {
        let head = try RequestText.head(US3RequestText.lines("POST /k?uploadId=u"))
        return try US3Dialect().readCompletion(body.utf8.span, head).parts
    }

    /// Go and Java; Python, which leaves the quotes in; C and C++, which end with a comma; blanks.
    @Test(arguments: ["aa-_=,bb", "\"aa-_=\",\"bb\"", "aa-_=,bb,", " aa-_= , bb \r\n"])
    func `reads the lists of all SDKs`(body: String) throws {
        #expect(
            try Self.parts(body) == [Completion.Part(number: 0, etag: "aa-_="), Completion.Part(number: 1, etag: "bb")])
    }

    @Test func `reads the empty list of an empty object`() throws {
        #expect(try Self.parts("") == [])
        #expect(try Self.parts("\n") == [])
    }

    @Test(arguments: [",,", ",a", "a,,b", "\"\"", "a b", "a;b", "<a/>", "é"])
    func `refuses lists with holes and other texts`(body: String) {
        #expect(throws: VendorError.self) { try Self.parts(body) }
    }
}
