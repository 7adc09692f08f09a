// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

/// What is written to stores beyond whole objects, read back by the other side.
@Suite struct OSSPartsOutboundTests {
    static let id = Array("0004B9894A22E5B1888A1E29F8236E2D".utf8)

    static let listing: ListOptions = {
        var options = ListOptions()
        options.limit = 5
        options.marker = Array("7".utf8)
        options.encodesKeys = true
        return options
    }()

    static let uploads: ListOptions = {
        var options = ListOptions()
        options.limit = 1000
        options.marker = Array("a b+/中".utf8)
        options.uploadIDMarker = Array("M+/=".utf8)
        options.prefix = Array("a b+&c=d?".utf8)
        options.delimiter = Array("/".utf8)
        options.encodesKeys = true
        return options
    }()

    static let operations: [(operation: StoreOperation, framing: BodyFraming)] = [
        (.appendObject(position: 5), .length(5)), (.appendObject(position: 0), .chunked), (.createUpload, .none),
        (.putPart(uploadID: Array("a+/=&?中".utf8), number: 1), .length(102_400)),
        (.putPart(uploadID: id, number: 10_000), .chunked), (.completeUpload(uploadID: id), .length(9)),
        (.completeUpload(uploadID: id), .none), (.abortUpload(uploadID: id), .none),
        (.listParts(uploadID: id, listing), .none), (.listParts(uploadID: id, ListOptions()), .none),
        (.listUploads(uploads), .none), (.listUploads(ListOptions()), .none),
    ]

    @Test(arguments: [OSSSignatureVersion.v1, .v4], [Addressing.virtualHost, .path])
    func `reads back and verifies each operation`(version: OSSSignatureVersion, style: Addressing) throws {
        let authority = style == .path ? "127.0.0.1:9000" : "oss.example.com"
        let outbound = OSSOutbound(.example(style, authority, signature: version, token: "CAIS/token+=="))
        var request = StoreRequest()
        for (operation, framing) in Self.operations {
            let isOnBucket = operation.apiName == "ListMultipartUploads"
            let key = isOnBucket ? "" : "dir/a b+c~中.txt"
            var put = OSSOutbound.Put(framing: framing)
            if operation.endsUpload { put.callback = StoreCallback(parameters: "e30=", variables: "VkFS") }
            outbound.write(operation, key: key, put, now: OSSRoundTripTests.now, into: &request)
            let read = try OSSRoundTripTests.verify(request)
            #expect(read.operation == operation)
            #expect(read.keyText == key)
            #expect(read.bucket == "examplebucket")
            #expect((read.contentLength == nil) == (framing == .chunked))
            #expect((read.callback != nil) == operation.endsUpload)
        }
    }

    /// The Python SDKs write `?uploads=`, Go's and Ruby's `?uploads`; both versions sign the name alone.
    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `verifies parameters with and without an equals sign`(version: OSSSignatureVersion) throws {
        let outbound = OSSOutbound(.example(.path, signature: version))
        var request = StoreRequest()
        outbound.write(.createUpload, key: "k", now: OSSRoundTripTests.now, into: &request)
        #expect(text(request.target) == "/examplebucket/k?uploads")
        request.target.append(UInt8(ascii: "="))
        #expect(try OSSRoundTripTests.verify(request).operation == .createUpload)
    }

    @Test func `changes buckets from request to request`() throws {
        let outbound = OSSOutbound(.example(.virtualHost, "oss.example.com"))
        var request = StoreRequest()
        for bucket in ["one-bucket", "two-bucket", "one-bucket"] {
            outbound.write(
                .putObject, key: "k", OSSOutbound.Put(bucket: bucket, framing: .length(1)), now: OSSRoundTripTests.now,
                into: &request)
            #expect(request.fields.string("Host") == "\(bucket).oss.example.com")
            #expect(try OSSRoundTripTests.verify(request).bucket == bucket)
        }
    }

    static let client = fields([
        ("Content-Type", "image/png"), ("Cache-Control", "no-cache"), ("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="),
        ("x-oss-meta-a", "1"), ("x-oss-hash-crc64ecma", "5981764153023615706"), ("x-oss-object-acl", "private"),
        ("x-oss-forbid-overwrite", "true"), ("x-oss-server-side-encryption", "AES256"),
        ("x-oss-traffic-limit", "819200"),
        ("x-oss-storage-class", "IA"), ("x-oss-complete-all", "yes"), ("x-oss-callback", "e30="),
        ("Range", "bytes=0-1"),
    ])
    static let route = fields([("x-oss-storage-class", "Archive"), ("x-oss-object-acl", "default")])

    /// The fields that say something of the object or its bytes.
    static func crossing(
        _ operation: StoreOperation, source: FieldSource = .sdk, framing: BodyFraming = .length(1)
    ) -> [String] {
        let put = OSSOutbound.Put(clientFields: client, client: source, routeFields: route, framing: framing)
        var request = StoreRequest()
        OSSOutbound(.example(.path)).write(operation, key: "k", put, now: OSSRoundTripTests.now, into: &request)
        let own = ["Host", "Content-Length", "x-oss-date", "x-oss-content-sha256", "Authorization"]
        return OSSOutboundTests.lines(request).filter { line in !own.contains { line.hasPrefix($0 + ":") } }
    }

    @Test func `sends with each operation what it heeds`() {
        #expect(
            Self.crossing(.appendObject(position: 0)) == [
                "Content-Type: image/png", "Cache-Control: no-cache", "Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==",
                "x-oss-meta-a: 1", "x-oss-hash-crc64ecma: 5981764153023615706", "x-oss-object-acl: default",
                "x-oss-forbid-overwrite: true", "x-oss-server-side-encryption: AES256", "x-oss-traffic-limit: 819200",
                "x-oss-storage-class: Archive",
            ])
        // Not the checksums of a body that it does not have.
        #expect(
            Self.crossing(.createUpload, framing: .none) == [
                "Content-Type: image/png", "Cache-Control: no-cache", "x-oss-meta-a: 1", "x-oss-object-acl: default",
                "x-oss-forbid-overwrite: true", "x-oss-server-side-encryption: AES256", "x-oss-storage-class: Archive",
            ])
        #expect(
            Self.crossing(.putPart(uploadID: Self.id, number: 1)) == [
                "Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==", "x-oss-hash-crc64ecma: 5981764153023615706",
                "x-oss-traffic-limit: 819200",
            ])
        #expect(
            Self.crossing(.completeUpload(uploadID: Self.id)) == [
                "x-oss-object-acl: default", "x-oss-forbid-overwrite: true",
            ])
        #expect(Self.crossing(.getObject) == ["Range: bytes=0-1"])
        for operation in [
            StoreOperation.abortUpload(uploadID: Self.id), .listParts(uploadID: Self.id, ListOptions()), .deleteObject,
        ] {
            #expect(Self.crossing(operation) == [])
        }
    }

    @Test func `lets plain clients say less`() {
        #expect(
            Self.crossing(.putPart(uploadID: Self.id, number: 1), source: .plain) == [
                "Content-MD5: XrY7u+Ae7tCTyyK7j1rNww=="
            ])
        #expect(Self.crossing(.completeUpload(uploadID: Self.id), source: .plain) == ["x-oss-object-acl: default"])
    }

    /// The store completes with all parts only if the body says nothing else.
    @Test func `asks for all parts where no body names any`() {
        #expect(
            Self.crossing(.completeUpload(uploadID: Self.id), framing: .none).contains("x-oss-complete-all: yes"))
        #expect(
            !Self.crossing(.completeUpload(uploadID: Self.id), framing: .length(9)).contains("x-oss-complete-all: yes"))
        #expect(
            !Self.crossing(.completeUpload(uploadID: Self.id), source: .plain, framing: .none)
                .contains("x-oss-complete-all: yes"))
    }

    @Test func `explains what the signature of each operation covers`() {
        let outbound = OSSOutbound(.example(.path))
        var request = StoreRequest()
        let operation = StoreOperation.putPart(uploadID: Self.id, number: 3)
        outbound.write(
            operation, key: "k", OSSOutbound.Put(framing: .length(1)), now: OSSRoundTripTests.now, into: &request)
        let explained = outbound.signedText(
            operation, bucket: "examplebucket", key: Array("k".utf8), request: request, callback: nil,
            now: OSSRoundTripTests.now)
        #expect(
            text(explained.canonicalRequest ?? []) == """
                PUT
                /examplebucket/k
                partNumber=3&uploadId=0004B9894A22E5B1888A1E29F8236E2D
                x-oss-content-sha256:UNSIGNED-PAYLOAD
                x-oss-date:20231114T221320Z


                UNSIGNED-PAYLOAD
                """)
    }
}
