// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct OSSOutboundTests {
    static func put(
        _ put: OSSOutbound.Put, key: String = "dir/key", addressing: Addressing = .virtualHost
    ) -> StoreRequest {
        let outbound = OSSOutbound(.example(addressing, "oss-cn-hangzhou.aliyuncs.com"))
        var request = StoreRequest()
        outbound.write(.putObject, key: key, put, now: OSSRoundTripTests.now, into: &request)
        return request
    }

    static func lines(_ request: StoreRequest) -> [String] {
        request.fields.indices.map { "\(text(request.fields.name(at: $0))): \(text(request.fields.value(at: $0)))" }
    }

    @Test func `writes an upload with all that it says`() {
        let request = Self.put(
            OSSOutbound.Put(
                bucket: "media",
                clientFields: fields([
                    ("Host", "edge.example.com"), ("Content-Type", "image/png"), ("Content-Length", "9"),
                    ("Authorization", "Bearer x"), ("Cache-Control", "no-cache"), ("X-Device-Id", "7"),
                ]),
                routeFields: fields([("x-oss-storage-class", "IA"), ("cache-control", "max-age=60")]),
                callback: StoreCallback(parameters: "Q0I=", variables: "VkFS"), framing: .length(9)))
        #expect(request.method == .put)
        #expect(text(request.target) == "/dir/key")
        let lines = Self.lines(request)
        #expect(
            lines.dropLast() == [
                "Host: media.oss-cn-hangzhou.aliyuncs.com", "Content-Type: image/png", "Cache-Control: max-age=60",
                "x-oss-storage-class: IA", "x-oss-callback: Q0I=", "x-oss-callback-var: VkFS", "Content-Length: 9",
                "x-oss-date: 20231114T221320Z", "x-oss-content-sha256: UNSIGNED-PAYLOAD",
            ])
        #expect(lines.last?.hasPrefix("Authorization: OSS4-HMAC-SHA256 Credential=LTAI5tExampleKeyId000001/") == true)
    }

    @Test func `writes chunked uploads and a type for those without`() {
        let request = Self.put(OSSOutbound.Put(bucket: "media", framing: .chunked))
        #expect(request.fields.string("Transfer-Encoding") == "chunked")
        #expect(!request.fields.contains("Content-Length"))
        #expect(request.fields.string("Content-Type") == "application/octet-stream")
        #expect(!request.fields.contains("x-oss-callback"))
    }

    @Test(arguments: [
        (Addressing.virtualHost, "media.oss-cn-hangzhou.aliyuncs.com", "/dir/a%20b%2Bc~%E4%B8%AD.txt"),
        (.path, "oss-cn-hangzhou.aliyuncs.com", "/media/dir/a%20b%2Bc~%E4%B8%AD.txt"),
        (.customDomain, "oss-cn-hangzhou.aliyuncs.com", "/dir/a%20b%2Bc~%E4%B8%AD.txt"),
    ])
    func `addresses buckets in each style`(style: Addressing, host: String, target: String) {
        let request = Self.put(
            OSSOutbound.Put(bucket: "media", framing: .length(0)), key: "dir/a b+c~中.txt", addressing: style)
        #expect(request.fields.string("Host") == host)
        #expect(text(request.target) == target)
    }

    @Test func `writes again into the same request`() {
        let outbound = OSSOutbound(.example(.path))
        var request = StoreRequest()
        var first: StoreRequest?
        for _ in 0..<3 {
            outbound.write(
                .putObject, key: "key", OSSOutbound.Put(framing: .length(1)), now: OSSRoundTripTests.now, into: &request
            )
            #expect(first == nil || first == request)
            first = request
        }
        outbound.write(.deleteObject, key: "key", now: OSSRoundTripTests.now, into: &request)
        #expect(request.method == .delete)
        #expect(!request.fields.contains("Content-Length"))
    }
}

@Suite struct OSSFieldPolicyTests {
    static let steering = [
        "Authorization", "Date", "x-oss-date", "x-oss-security-token", "security-token", "x-oss-content-sha256",
        "x-oss-callback", "x-oss-callback-var", "x-oss-copy-source", "x-oss-symlink-target", "x-oss-process",
        "x-oss-unheard-of", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Cookie", "X-Forwarded-For",
        "x-tos-acl", "x-amz-acl", "X-UCloud-Token", "Expect", "Range", "If-Match", "User-Agent", "Accept", "x-oss-meta",
    ]

    @Test(arguments: steering, [FieldSource.plain, .sdk])
    func `keeps back what would steer the store`(name: String, client: FieldSource) {
        #expect(!OSSFieldPolicy.crosses(0, of: fields([(name, "x")]), from: client))
    }

    @Test(arguments: [
        "Content-Type", "content-encoding", "CONTENT-DISPOSITION", "Content-Language", "Cache-Control", "Expires",
        "Content-MD5",
    ])
    func `lets fields about content cross`(name: String) {
        #expect(OSSFieldPolicy.crosses(0, of: fields([(name, "x")]), from: .plain))
        #expect(OSSFieldPolicy.crosses(0, of: fields([(name, "x")]), from: .sdk))
        let twice = fields([(name, "x"), (name.lowercased(), "y")])
        var copied = HeaderFields()
        OSSFieldPolicy.copy(twice, from: .plain, to: &copied)
        #expect(copied == fields([(name, "x")]))
    }

    @Test(arguments: [
        "x-oss-meta-a", "X-OSS-META-b", "x-oss-object-acl", "x-oss-storage-class", "x-oss-tagging",
        "x-oss-forbid-overwrite", "x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id",
        "x-oss-server-side-data-encryption", "x-oss-traffic-limit", "x-oss-hash-crc64ecma",
    ])
    func `lets fields about objects cross from clients of OSS only`(name: String) {
        #expect(OSSFieldPolicy.crosses(0, of: fields([(name, "x")]), from: .sdk))
        #expect(!OSSFieldPolicy.crosses(0, of: fields([(name, "x")]), from: .plain))
    }

    @Test func `keeps metadata with the object`() {
        let kept = OSSFieldPolicy.kept(
            fields([
                ("Content-Type", "a/b"), ("Cache-Control", "no-cache"), ("x-oss-meta-a", "1"), ("X-Oss-Meta-A", "2"),
                ("Authorization", "x"), ("x-oss-storage-class", "IA"), ("x-oss-callback", "x"), ("cache-control", "x"),
                ("Content-MD5", "x"), ("x-oss-traffic-limit", "1"),
            ]))
        #expect(
            kept
                == fields([
                    ("Cache-Control", "no-cache"), ("x-oss-meta-a", "1"), ("X-Oss-Meta-A", "2"),
                    ("x-oss-storage-class", "IA"),
                ]))
    }
}
