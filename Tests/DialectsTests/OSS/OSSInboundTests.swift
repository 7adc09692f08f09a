// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct OSSInboundAddressingTests {
    @Test(arguments: [
        ("examplebucket.oss.example.com", "/dir/a.txt", Addressing.virtualHost),
        ("ExampleBucket.OSS.example.com:8081", "/dir/a.txt", .virtualHost),
        ("oss.example.com", "/examplebucket/dir/a.txt", .path),
        ("127.0.0.1:8081", "/examplebucket/dir/a.txt", .path),
        ("localhost:8081", "/examplebucket/dir/a.txt", .path),
        ("[::1]:8081", "/examplebucket/dir/a.txt", .path),
        ("other.example.org", "/examplebucket/dir/a.txt", .path),
        ("notoss.example.com", "/examplebucket/dir/a.txt", .path),
    ])
    func `finds bucket and key in each style`(host: String, path: String, style: Addressing) throws {
        let operation = try RequestText.operation(["GET \(path) HTTP/1.1", "Host: \(host)"])
        #expect(operation.bucket == "examplebucket")
        #expect(operation.keyText == "dir/a.txt")
        #expect(operation.addressing == style)
    }

    @Test func `takes the listener's bucket for custom domains only`() throws {
        let custom = try RequestText.operation(
            ["GET /examplebucket/a HTTP/1.1", "Host: img.example.org"], bucket: "uploads")
        #expect(custom.bucket == "uploads")
        #expect(custom.keyText == "examplebucket/a")
        #expect(custom.addressing == .customDomain)
        for host in ["oss.example.com", "127.0.0.1", "localhost"] {
            let operation = try RequestText.operation(
                ["GET /examplebucket/a HTTP/1.1", "Host: \(host)"], bucket: "uploads")
            #expect(operation.bucket == "examplebucket")
        }
        let nameless = try RequestText.operation(["GET /examplebucket/a HTTP/1.0"], bucket: "uploads")
        #expect(nameless.bucket == "examplebucket")
    }

    /// Paths as RUBY 0.8.0, oss2 2.19.1, and alibabacloud-oss-v2 1.4.1 with the Go SDK v2 send the same key.
    @Test(arguments: [
        "/examplebucket/dir%2Fa+b%2Bc~%E4%B8%AD.txt",
        "/examplebucket/dir%2Fa%20b%2Bc~%E4%B8%AD.txt",
        "/examplebucket/dir/a%20b%2Bc~%E4%B8%AD.txt",
    ])
    func `reads one key from each SDK's encoding`(path: String) throws {
        let operation = try RequestText.operation(["GET \(path) HTTP/1.1", "Host: 127.0.0.1:8081"])
        #expect(operation.keyText == "dir/a b+c~中.txt")
    }

    @Test(arguments: [
        ("/examplebucket/a/../b", "a/../b"), ("/examplebucket/./a", "./a"), ("/examplebucket/a//b", "a//b"),
        ("/examplebucket/a%252Fb", "a%2Fb"), ("/examplebucket/dir/", "dir/"), ("/examplebucket/a%3Fb%23c", "a?b#c"),
    ])
    func `leaves dots, slashes and double encoding alone`(path: String, key: String) throws {
        #expect(try RequestText.operation(["GET \(path) HTTP/1.1", "Host: 127.0.0.1"]).keyText == key)
    }

    @Test(arguments: [
        "ab", "Examplebucket", "-bucket", "bucket-", "my_bucket", "my.bucket", String(repeating: "a", count: 64),
    ])
    func `refuses names that are no bucket`(name: String) throws {
        let error = try RequestText.error(["PUT /\(name)/key HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0"])
        #expect(error?.code == "InvalidBucketName")
        #expect(error?.status == 400)
        #expect(error?.details.first?.text == name)
    }

    @Test func `takes a bucket with an encoded slash for an invalid name`() throws {
        let error = try RequestText.error(["GET /examplebucket%2Fkey/other HTTP/1.1", "Host: 127.0.0.1"])
        #expect(error?.code == "InvalidBucketName")
    }

    @Test(arguments: ["%2Fabc", "%5Cabc", "%FF", "%C0%80", String(repeating: "k", count: 1024)])
    func `refuses keys that OSS refuses`(key: String) throws {
        let error = try RequestText.error(
            ["PUT /examplebucket/\(key) HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0"])
        #expect(error?.code == "InvalidObjectName")
        #expect(error?.status == 400)
    }

    @Test func `accepts keys up to 1023 bytes`() throws {
        let key = String(repeating: "k", count: 1023)
        #expect(try RequestText.operation(["GET /examplebucket/\(key) HTTP/1.1", "Host: 127.0.0.1"]).key.count == 1023)
        let empty = OSSNames.problem(withKey: [UInt8]().span)
        #expect(empty?.message == "The Object name can not be empty.")
    }
}

@Suite struct OSSInboundOperationTests {
    static let put = ["PUT /examplebucket/key HTTP/1.1", "Host: 127.0.0.1:8081"]

    @Test func `tells the operations by their methods`() throws {
        for (method, expected) in [
            ("PUT", StoreOperation.putObject), ("GET", .getObject), ("HEAD", .headObject), ("DELETE", .deleteObject),
        ] {
            let operation = try RequestText.operation(
                ["\(method) /examplebucket/key HTTP/1.1", "Host: 127.0.0.1"]
                    + (method == "PUT" ? ["Content-Length: 5"] : []))
            #expect(operation.operation == expected)
        }
    }

    /// Shapes captured from the SDKs against a local server.
    @Test(arguments: [
        // RUBY 0.8.0: chunked, form-encoded key, its own letter case.
        [
            "PUT /examplebucket/dir%2Fkey HTTP/1.1", "Host: 127.0.0.1:8081", "Accept: */*",
            "User-Agent: aliyun-sdk-ruby/0.8.0", "Accept-Encoding: identity", "X-Oss-Callback: e30=",
            "Content-Type: application/octet-stream", "Date: Tue, 14 Nov 2023 22:13:20 GMT",
            "Authorization: OSS id:c2ln", "Transfer-Encoding: chunked",
        ],
        // oss2 2.19.1: lower-case names, guessed type, length for bytes.
        [
            "PUT /examplebucket/dir%2Fkey HTTP/1.1", "Host: 127.0.0.1:8081", "Accept-Encoding: identity",
            "Accept: */*", "Connection: keep-alive", "x-oss-callback: e30=", "date: Tue, 14 Nov 2023 22:13:20 GMT",
            "authorization: OSS id:c2ln", "Content-Length: 5",
        ],
        // alibabacloud-oss-v2 1.4.1: V4 with Date.
        [
            "PUT /examplebucket/dir/key HTTP/1.1", "Host: 127.0.0.1:8081", "x-oss-callback: e30=",
            "Content-Type: application/octet-stream", "x-oss-date: 20231114T221320Z",
            "x-oss-content-sha256: UNSIGNED-PAYLOAD", "Date: Tue, 14 Nov 2023 22:13:20 GMT",
            "Authorization: OSS4-HMAC-SHA256 Credential=id/20231114/cn-hangzhou/oss/aliyun_v4_request,Signature=s",
            "Content-Length: 0",
        ],
        // Go SDK v2 1.5.1: io.Reader and nil bodies are chunked, gzip is always accepted.
        [
            "PUT /examplebucket/dir/key HTTP/1.1", "Host: 127.0.0.1:8081", "Transfer-Encoding: chunked",
            "Accept-Encoding: gzip", "X-Oss-Callback: e30=", "Content-Type: text/plain; charset=utf-8",
            "X-Oss-Content-Sha256: UNSIGNED-PAYLOAD", "X-Oss-Date: 20231114T221320Z",
        ],
        // A presigned V1 URL with the callback in the query.
        [
            "PUT /dir/key?callback=e30%3D&OSSAccessKeyId=id&Expires=1700003600&Signature=c2ln HTTP/1.1",
            "Host: examplebucket.oss.example.com", "Content-Length: 5",
        ],
    ])
    func `reads the uploads of the SDKs`(lines: [String]) throws {
        let operation = try RequestText.operation(lines)
        #expect(operation.bucket == "examplebucket")
        #expect(operation.keyText == "dir/key")
        let isChunked = lines.contains("Transfer-Encoding: chunked")
        #expect((operation.contentLength == nil) == isChunked)
        #expect(operation.callback == RawCallback(callback: Array("e30=".utf8), variables: nil))
    }

    @Test func `asks for a length or chunks`() throws {
        let error = try RequestText.error(Self.put)
        #expect(error?.code == "MissingContentLength")
        #expect(error?.status == 411)
    }

    @Test func `refuses more than five gigabytes`() throws {
        #expect(
            try RequestText.operation(Self.put + ["Content-Length: 5368709120"]).contentLength == 5_368_709_120)
        let error = try RequestText.error(Self.put + ["Content-Length: 5368709121"])
        #expect(error?.code == "EntityTooLarge")
        #expect(error?.details.map(\.text) == ["5368709120", "5368709121"])
    }

    @Test(arguments: ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"])
    func `refuses conditions on uploads and names them`(name: String) throws {
        let error = try RequestText.error(Self.put + ["Content-Length: 0", "\(name): *"])
        #expect(error?.code == "NotImplemented")
        #expect(error?.status == 400)
        #expect(error?.details.first.map { [$0.element, $0.text] } == ["Header", name])
    }

    @Test func `reads checksums and the overwrite rule`() throws {
        let operation = try RequestText.operation(
            Self.put + [
                "Content-Length: 11", "Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==",
                "x-oss-hash-crc64ecma: 5981764153023615706", "x-oss-forbid-overwrite: TRUE",
                "x-oss-traffic-limit: 819200",
            ])
        let digest = Hex.decode("5eb63bbbe01eeed093cb22bb8f5acdc3".utf8.span)
        #expect(operation.contentMD5 == digest)
        #expect(operation.crc64 == 5_981_764_153_023_615_706)
        #expect(operation.forbidsOverwrite == true)
        let plain = try RequestText.operation(Self.put + ["Content-Length: 0", "x-oss-forbid-overwrite: false"])
        #expect(plain.forbidsOverwrite == false)
        #expect(plain.contentMD5 == nil)
    }

    @Test(arguments: ["", "abc", "XrY7u+Ae7tCTyyK7j1rNww", "XrY7u+Ae7tCTyyK7j1rNww==,XrY7u+Ae7tCTyyK7j1rNww==", "YWJj"])
    func `refuses a Content-MD5 that is none`(value: String) throws {
        let error = try RequestText.error(Self.put + ["Content-Length: 0", "Content-MD5: \(value)"])
        #expect(error?.code == "InvalidDigest")
        #expect(error?.status == 400)
    }

    @Test(arguments: [
        "x-oss-hash-crc64ecma: abc", "x-oss-hash-crc64ecma: 18446744073709551616", "x-oss-hash-crc64ecma: -1",
        "x-oss-forbid-overwrite: yes", "x-oss-forbid-overwrite:",
    ])
    func `refuses values that it cannot obey`(line: String) throws {
        let error = try RequestText.error(Self.put + ["Content-Length: 0", line])
        #expect(error?.code == "InvalidArgument")
        #expect(error?.details.map(\.element) == ["ArgumentName", "ArgumentValue"])
    }

    @Test func `takes callback parameters from headers or from the query`() throws {
        let header = try RequestText.operation(
            Self.put + ["Content-Length: 0", "x-oss-callback: Q0I=", "X-Oss-Callback-Var: VkFS"])
        let query = try RequestText.operation(
            [
                "PUT /examplebucket/key?callback=Q0I%3D&callback-var=VkFS HTTP/1.1", "Host: 127.0.0.1",
                "Content-Length: 0",
            ])
        let expected = RawCallback(callback: Array("Q0I=".utf8), variables: Array("VkFS".utf8))
        #expect(header.callback == expected)
        #expect(query.callback == expected)
        let alone = try RequestText.operation(Self.put + ["Content-Length: 0", "x-oss-callback-var: VkFS"])
        #expect(alone.callback == nil)
    }

    @Test(arguments: [
        ("callback", "x-oss-callback", "0007-00000027"), ("callback-var", "x-oss-callback-var", nil),
        ("x-oss-traffic-limit", "x-oss-traffic-limit", nil),
    ])
    func `refuses a parameter in a header and in the query`(parameter: String, header: String, ec: String?) throws {
        let error = try RequestText.error([
            "PUT /examplebucket/key?\(parameter)=MQ HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0", "\(header): MQ",
        ])
        #expect(error?.code == "InvalidArgument")
        #expect(error?.ec == ec)
        #expect(
            error?.message
                == "Either the \(parameter) query string parameter or the \(header) header should be specified, not both."
        )
    }

    @Test func `refuses two callback headers`() throws {
        let error = try RequestText.error(Self.put + ["Content-Length: 0", "x-oss-callback: a", "x-oss-callback: b"])
        #expect(error?.code == "InvalidArgument")
    }

    @Test(arguments: [
        "PUT /examplebucket/key?acl", "PUT /examplebucket/key?tagging=", "PUT /examplebucket/key?symlink",
        "GET /examplebucket/key?acl", "GET /examplebucket/key?x-oss-process=image%2Fresize",
        "GET /examplebucket/?prefix=a", "GET /examplebucket", "PUT /examplebucket/", "DELETE /examplebucket", "GET /",
        "PUT /examplebucket/key?response-expires=x", "GET /examplebucket/key?versionId=V",
    ])
    func `says what it does not implement`(line: String) throws {
        let error = try RequestText.error(["\(line) HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0"])
        #expect(error?.code == "NotImplemented")
        #expect(error?.status == 501)
    }

    @Test func `does not take a copy for an upload`() throws {
        let error = try RequestText.error(Self.put + ["Content-Length: 0", "x-oss-copy-source: /b/k"])
        #expect(error?.status == 501)
    }

    @Test(arguments: [
        ("POST /examplebucket/key", "Object"), ("PATCH /examplebucket/key", "Object"),
        ("OPTIONS /examplebucket/", "Bucket"), ("PROPFIND /", "Service"),
    ])
    func `refuses other methods`(line: String, resource: String) throws {
        let error = try RequestText.error(["\(line) HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0"])
        #expect(error?.code == "MethodNotAllowed")
        #expect(error?.status == 405)
        #expect(error?.details.map(\.text) == [String(line.prefix { $0 != " " }), resource])
    }

    @Test func `ignores parameters that are nobody's`() throws {
        let operation = try RequestText.operation(
            ["GET /examplebucket/key?utm=1&encoding-type=url HTTP/1.1", "Host: 127.0.0.1"])
        #expect(operation.parameters.count == 2)
    }

    @Test func `reads ranges and wanted answer fields`() throws {
        let operation = try RequestText.operation([
            "GET /examplebucket/key?response-content-type=text%2Fhtml&response-cache-control=no-cache HTTP/1.1",
            "Host: 127.0.0.1", "Range: bytes=1-2", "x-oss-range-behavior: standard",
        ])
        #expect(operation.read.range == ByteRange(bounds: .from(1, through: 2), isStandard: true))
        #expect(operation.read.overrides.map(\.name) == ["Content-Type", "Cache-Control"])
        let error = try RequestText.error(
            ["GET /examplebucket/key?response-content-type=a%0D%0AX:b HTTP/1.1", "Host: 127.0.0.1"])
        #expect(error?.code == "InvalidArgument")
    }
}
