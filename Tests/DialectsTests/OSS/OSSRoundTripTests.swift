// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

/// What the outbound side writes, the parser, the inbound side and the verifier read back.
@Suite struct OSSRoundTripTests {
    static let now: Int64 = 1_700_000_000
    static let keys = [
        "a", "dir/a b+c~中.txt", "目录/a b+c~(1)'*.txt", "a/../b", "./a", "a//b/", "100%", "%2F", "a?b#c&d=e",
        "[x]{y}|\\^`",
        "a\u{7F}b\tc", "~-._", "🚀 \"quoted\"", "a&callback=b",
    ]

    static func signer(_ version: OSSSignatureVersion, token: String? = nil) -> OSSSigner {
        OSSSigner(
            version: version, credentials: credentials(token), region: "cn-hangzhou")
    }

    static func credentials(_ token: String? = nil) -> AccessKey {
        AccessKey(
            id: "LTAI5tExampleKeyId000001", secret: Array("ExampleSecretKey0000000000001xyz".utf8), token: token)
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4], [Addressing.virtualHost, .path, .customDomain])
    func `reads back and verifies uploads of awkward keys`(version: OSSSignatureVersion, style: Addressing) throws {
        let authority =
            switch style {
            case .virtualHost: "oss.example.com"
            case .path: "127.0.0.1:9000"
            case .customDomain: "img.example.org"
            }
        let outbound = OSSOutbound(.example(style, authority, signature: version, token: "CAIS/token+=="))
        var request = StoreRequest()
        for key in Self.keys {
            let put = OSSOutbound.Put(
                clientFields: fields([("Content-Type", "text/plain; charset=utf-8"), ("x-oss-meta-a", "ä b")]),
                client: .sdk, routeFields: fields([("x-oss-storage-class", "IA")]),
                callback: StoreCallback(parameters: "e30=", variables: "e30="), framing: .length(5))
            outbound.write(.putObject, key: key, put, now: Self.now, into: &request)
            let operation = try Self.verify(request, bucket: style == .customDomain ? "examplebucket" : nil)
            #expect(operation.keyText == key)
            #expect(operation.bucket == "examplebucket")
            #expect(operation.addressing == style)
            #expect(operation.contentLength == 5)
            #expect(
                operation.callback == RawCallback(callback: Array("e30=".utf8), variables: Array("e30=".utf8)))
        }
    }

    @Test(arguments: [StoreOperation.getObject, .headObject, .deleteObject])
    func `reads back and verifies requests without a body`(kind: StoreOperation) throws {
        let outbound = OSSOutbound(.example(.path))
        var request = StoreRequest()
        let client = fields([("Range", "bytes=0-4"), ("If-Match", "\"x\""), ("Cookie", "secret"), ("Host", "evil")])
        outbound.write(kind, key: "a b", OSSOutbound.Put(clientFields: client), now: Self.now, into: &request)
        let operation = try Self.verify(request)
        #expect(operation.keyText == "a b")
        #expect(request.fields.contains("Range") == (kind != .deleteObject))
        #expect(request.fields.contains("If-Match") == (kind != .deleteObject))
        #expect(!request.fields.contains("Cookie"))
        #expect(request.fields.string("Host") == "127.0.0.1:9000")
        #expect(!request.fields.contains("Content-Length"))
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `reads back and verifies URLs`(version: OSSSignatureVersion) throws {
        let address = StoreAddress(bucket: "examplebucket", addressing: .path, authority: "127.0.0.1:9000")
        for key in Self.keys {
            var resource = OSSResource(bucket: "examplebucket", key: Array(key.utf8))
            resource.parameters = [(name: Array("callback".utf8), value: Array("a+b/c==".utf8))]
            resource.parameters += Self.signer(version).presign(
                method: "PUT", resource: resource, fields: HeaderFields(), now: Self.now, validSeconds: 60)
            var request = StoreRequest()
            address.appendTarget(key: key.utf8.span, parameters: resource.parameters, to: &request.target)
            request.fields = fields([("Host", address.host), ("Content-Length", "0")])
            let operation = try Self.verify(request)
            #expect(operation.keyText == key)
            #expect(operation.callback?.callback == Array("a+b/c==".utf8))
        }
    }

    @Test func `explains the signature that it sends`() {
        let outbound = OSSOutbound(.example(.path))
        var request = StoreRequest()
        outbound.write(.putObject, key: "k", OSSOutbound.Put(framing: .chunked), now: Self.now, into: &request)
        let explained = outbound.signedText(
            .putObject, bucket: "examplebucket", key: Array("k".utf8), request: request, callback: nil, now: Self.now)
        let expected = [
            "PUT", "/examplebucket/k", "", "content-type:application/octet-stream",
            "x-oss-content-sha256:UNSIGNED-PAYLOAD", "x-oss-date:20231114T221320Z", "", "", "UNSIGNED-PAYLOAD",
        ]
        #expect(text(explained.canonicalRequest ?? []) == expected.joined(separator: "\n"))
        #expect(text(explained.stringToSign).hasPrefix("OSS4-HMAC-SHA256\n20231114T221320Z\n20231114/cn-hangzhou/oss/"))
    }

    /// Encodes, parses, reads and verifies.
    static func verify(_ request: StoreRequest, bucket: String? = nil) throws -> ClientRequest {
        var bytes: [UInt8] = []
        HTTPEncoder.appendRequest(
            method: request.method, target: request.target.span, fields: request.fields, to: &bytes)
        var parser = RequestParser()
        var head = RequestHead()
        try #require(try parser.parse(bytes.span, into: &head) == bytes.count)
        let dialect = OSSDialect()
        let operation = try dialect.read(head, at: ListenerPlace(baseHost: "oss.example.com", bucket: bucket))
        let token = head.fields.string("x-oss-security-token")
        let id = try dialect.makeVerifier().verify(operation, head, now: now) { _ in credentials(token) }
        #expect(id == "LTAI5tExampleKeyId000001")
        return operation
    }
}
