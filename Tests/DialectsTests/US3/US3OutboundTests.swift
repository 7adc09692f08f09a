// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct US3OutboundTests {
    static func request(
        _ operation: StoreOperation, key: String = "dir/key", client: [(String, String)] = [],
        from source: FieldSource = .sdk, route: [(String, String)] = [], callback: String? = nil,
        framing: BodyFraming = .none, store: StoreIdentity = us3Store()
    ) -> StoreRequest {
        var request = StoreRequest()
        US3Outbound(store).write(
            operation, bucket: "demobucket", key: Array(key.utf8), clientFields: fields(client), from: source,
            routeFields: fields(route), callback: callback.map { StoreCallback(parameters: $0) }, framing: framing,
            now: 1_700_000_000, into: &request)
        return request
    }

    static let upload = StoreOperation.completeUpload(uploadID: Array("u-1".utf8))

    /// Vectors p01 and p04, of the official SDKs.
    @Test func `writes put policies as the SDKs do`() {
        let p1 =
            "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6OTk5OS9jYiIsImNhbGxiYWNrQm9keSI6IntcIk5hbWVcIjpcIkFsaWNlXCIs"
            + "IFwiQWdlXCI6MjB9IiwiY2FsbGJhY2tCb2R5VHlwZSI6ICJhcHBsaWNhdGlvbi9qc29uIn0="
        let put = Self.request(
            .putObject, key: "demokey", client: [("Content-Type", "image/jpeg")], callback: p1, framing: .length(5))
        #expect(
            lines(put.fields) == [
                "Host: demobucket.cn-bj.ufileos.com", "Content-Type: image/jpeg", "Content-Length: 5",
                "Authorization: UCloud TOKEN_11111111-2222-3333-4444-555555555555:xoTvgFIFk/B40Cg3IK4uvbbEJ4I=:\(p1)",
            ])
        let finish = Self.request(Self.upload, key: "dir/sub dir/报告 a+b (1).txt", callback: p1, framing: .length(9))
        #expect(finish.method == .post)
        #expect(text(finish.target) == "/dir/sub%20dir/%E6%8A%A5%E5%91%8A%20a%2Bb%20%281%29.txt?uploadId=u-1")
        #expect(
            finish.fields.string("Authorization")?.hasSuffix(":gcfKrBBGq/Mu7sddRtYzFHMtHYs=:\(p1)") == true)
        #expect(finish.fields.string("Content-Type") == "application/octet-stream")
    }

    @Test func `sends a policy with nothing but what makes an object`() {
        let part = Self.request(.putPart(uploadID: [0x75], number: 0), callback: "e30=", framing: .length(1))
        let start = Self.request(.createUpload, callback: "e30=")
        for request in [part, start] { #expect(request.fields.string("Authorization")?.hasSuffix(":e30=") == false) }
    }

    /// Vectors m01, m04, m05, m08 and m09.
    @Test func `writes the requests of an upload in parts`() {
        let key = "dir/sub dir/报告 a+b (1).txt"
        let path = "/dir/sub%20dir/%E6%8A%A5%E5%91%8A%20a%2Bb%20%281%29.txt"
        let id = Array("u-1".utf8)
        let start = Self.request(.createUpload, key: key)
        #expect(text(start.target) == "\(path)?uploads")
        #expect(start.fields.string("Content-Length") == "0")
        #expect(start.fields.string("Authorization")?.hasSuffix(":Gyl6AlxX8Dj+EULcWtLJmZlNEjk=") == true)
        let part = Self.request(.putPart(uploadID: id, number: 0), key: key, framing: .length(4))
        #expect(text(part.target) == "\(path)?uploadId=u-1&partNumber=0")
        #expect(part.fields.string("Authorization")?.hasSuffix(":8iYD8wrCA+LqlL76Uf6cX+l14Yo=") == true)
        let checked = Self.request(
            .putPart(uploadID: id, number: 1), key: key,
            client: [("Content-MD5", "B5CFA9D6C8FEBD618F91AC2843D50A1C")], framing: .length(4))
        #expect(checked.fields.string("Content-MD5") == "b5cfa9d6c8febd618f91ac2843d50a1c")
        #expect(checked.fields.string("Authorization")?.hasSuffix(":snYaiXgM/Tu7BL4Oxbfe9F2y2rA=") == true)
        let abort = Self.request(.abortUpload(uploadID: id), key: key)
        #expect(abort.method == .delete)
        #expect(text(abort.target) == "\(path)?uploadId=u-1")
        #expect(abort.fields.string("Authorization")?.hasSuffix(":F2iFo5j+52Ro40vyDko+ZMYwg6E=") == true)
        #expect(!abort.fields.contains("Content-Type"))
        var options = ListOptions()
        options.limit = 3
        options.marker = Array("2".utf8)
        let list = Self.request(.listParts(uploadID: id, options), key: key)
        #expect(text(list.target) == "/?muploadpart&uploadId=u-1&max-parts=3&part-number-marker=3")
        #expect(list.fields.string("Authorization")?.hasSuffix(":9Yam1qyW0q3T5aGoJwAFhM8AOUs=") == true)
        options.marker = Array("a b".utf8)
        options.prefix = Array("d/".utf8)
        let uploads = Self.request(.listUploads(options), key: "")
        #expect(text(uploads.target) == "/?muploadid&prefix=d%2F&marker=a%20b&limit=3")
    }

    @Test func `joins ETags without quotes and without a comma at the end`() {
        let parts = [Completion.Part(number: 0, etag: "a="), Completion.Part(number: 1, etag: "b")]
        #expect(text(US3Outbound(us3Store()).completionBody(parts)) == "a=,b")
    }

    @Test func `lets nothing of the client into the signature`() {
        let client = [
            ("X-UCloud-Foo", "a"), ("Date", "Tue, 21 Nov 2023 08:00:00 GMT"), ("Authorization", "Bearer x"),
            ("SecurityToken", "t"), ("X-Ufile-Copy-Source", "/b/k"), ("Cookie", "c"), ("Host", "evil"),
        ]
        let route = [("X-UCloud-Bar", "b"), ("Date", "now"), ("X-Ufile-Storage-Class", "IA"), ("SecurityToken", "t")]
        for operation in [StoreOperation.putObject, .createUpload, Self.upload, .putPart(uploadID: [1], number: 0)] {
            for source in [FieldSource.plain, .sdk] {
                let request = Self.request(
                    operation, client: client, from: source, route: route, framing: .length(0))
                let names = request.fields.indices.map { text(request.fields.name(at: $0)).lowercased() }
                let makesObject = operation == .putObject || operation == .createUpload
                #expect(
                    names == ["host"] + (makesObject ? ["x-ufile-storage-class"] : [])
                        + ["content-type", "content-length", "authorization"])
                #expect(request.fields.string("Host") == "demobucket.cn-bj.ufileos.com")
            }
        }
    }

    @Test func `passes on what is the object's`() {
        let client = [
            ("Content-Type", "image/png"), ("X-Ufile-Storage-Class", "IA"), ("X-Ufile-Meta-A", "1"),
            ("Cache-Control", "no-cache"), ("Content-Type", "second"),
        ]
        let sdk = Self.request(.putObject, client: client, framing: .length(1))
        #expect(
            lines(sdk.fields).dropFirst().dropLast() == [
                "Content-Type: image/png", "X-Ufile-Storage-Class: IA", "X-Ufile-Meta-A: 1", "Cache-Control: no-cache",
                "Content-Length: 1",
            ])
        let plain = Self.request(.putObject, client: client, from: .plain, framing: .length(1))
        #expect(
            lines(plain.fields).dropFirst().dropLast() == [
                "Content-Type: image/png", "Cache-Control: no-cache", "Content-Length: 1",
            ])
        // The type goes on all three requests of an upload in parts.
        for operation in [StoreOperation.createUpload, Self.upload, .putPart(uploadID: [1], number: 0)] {
            #expect(Self.request(operation, client: client).fields.string("Content-Type") == "image/png")
        }
        let finish = Self.request(Self.upload, client: client + [("X-Ufile-Metadata-Directive", "REPLACE")])
        #expect(finish.fields.string("X-Ufile-Metadata-Directive") == "REPLACE")
        #expect(finish.fields.contains("X-Ufile-Meta-A"))
        #expect(!finish.fields.contains("X-Ufile-Storage-Class"))
    }

    @Test func `writes an MD5 in US3's way, or none`() {
        let digest = "6f5902ac237024bdd0c176cb93063dc4"
        func md5(_ value: String, _ source: FieldSource, _ operation: StoreOperation = .putObject) -> String? {
            Self.request(operation, client: [("Content-MD5", value)], from: source, framing: .length(1))
                .fields.string("Content-MD5")
        }
        #expect(md5("b1kCrCNwJL3QwXbLkwY9xA==", .plain) == digest)
        #expect(md5(digest, .sdk) == digest)
        #expect(md5(digest, .plain) == nil)
        #expect(md5("b1kCrCNwJL3QwXbLkwY9xA==", .sdk) == nil)
        // On Initiate and Finish it would only be one line more in the signature.
        #expect(md5(digest, .sdk, Self.upload) == nil)
        #expect(md5(digest, .sdk, .createUpload) == nil)
    }

    @Test(arguments: [
        (Addressing.virtualHost, "cn-bj.ufileos.com", "demobucket.cn-bj.ufileos.com", "/dir/key"),
        (.customDomain, "127.0.0.1:8000", "127.0.0.1:8000", "/dir/key"),
        (.path, "127.0.0.1:8000", "127.0.0.1:8000", "/demobucket/dir/key"),
    ])
    func `addresses buckets, and signs them alike`(style: Addressing, authority: String, host: String, target: String) {
        let request = Self.request(.putObject, framing: .length(0), store: us3Store(style, authority))
        #expect(request.fields.string("Host") == host)
        #expect(text(request.target) == target)
        let usual = Self.request(.putObject, framing: .length(0))
        #expect(request.fields.string("Authorization") == usual.fields.string("Authorization"))
    }

    @Test func `explains the signature that it sends`() {
        let request = Self.request(.putObject, callback: "e30=", framing: .length(0))
        let explained = US3Outbound(us3Store()).signedText(
            .putObject, bucket: "demobucket", key: Array("dir/key".utf8), request: request,
            callback: StoreCallback(parameters: "e30="), now: 0)
        #expect(text(explained.stringToSign) == "PUT\n\napplication/octet-stream\n\n/demobucket/dir/keye30=")
        #expect(explained.canonicalRequest == nil)
    }
}
