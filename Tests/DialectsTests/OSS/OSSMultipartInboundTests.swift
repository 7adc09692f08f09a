// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

@Suite struct OSSMultipartInboundTests {
    static let id = Array("0004B9894A22E5B1888A1E29F8236E2D".utf8)
    static let host = "Host: 127.0.0.1:8081"

    static func list(_ change: (inout ListOptions) -> Void) -> ListOptions {
        var options = ListOptions()
        change(&options)
        return options
    }

    /// Captured against a local server: oss2 2.19.1 and alibabacloud-oss-v2 1.4.1; the Go SDK v2 1.5.1 sends names without
    /// an equals sign, an empty chunked body, and the MD5 of nothing.
    @Test(arguments: [
        // oss2: init_multipart_upload
        (
            [
                "POST /examplebucket/a%20b%2B1%22%26%3C.txt?uploads= HTTP/1.1", host, "Accept-Encoding: identity",
                "Accept: */*", "x-oss-meta-a: 1", "Content-Type: text/plain", "x-oss-date: 20261125T052628Z",
                "x-oss-content-sha256: UNSIGNED-PAYLOAD", "Content-Length: 0",
            ], StoreOperation.createUpload
        ),
        // v2: initiate_multipart_upload
        (
            [
                "POST /examplebucket/a%20b%2B1%22%26%3C.txt?uploads=&encoding-type=url HTTP/1.1", host,
                "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Type: text/plain", "Content-Length: 0",
            ], .createUpload
        ),
        // Go v2: InitiateMultipartUpload
        (
            [
                "POST /examplebucket/a%20b%2B1%22%26%3C.txt?uploads&encoding-type=url HTTP/1.1", host,
                "Transfer-Encoding: chunked", "Content-Md5: 1B2M2Y8AsgTpgAmY7PhCfg==",
                "Content-Type: application/octet-stream", "Accept-Encoding: gzip",
            ], .createUpload
        ),
        // RUBY 0.8.0: initiate_multipart_upload
        (
            [
                "POST /examplebucket/a+b%2B1%22%26%3C.txt?uploads HTTP/1.1", host, "Transfer-Encoding: chunked",
                "Content-Type: application/octet-stream",
            ], .createUpload
        ),
        // oss2: upload_part, parameters the other way round
        (
            [
                "PUT /examplebucket/a%20b%2B1%22%26%3C.txt?uploadId=0004B9894A22E5B1888A1E29F8236E2D&partNumber=1 HTTP/1.1",
                host, "Content-Length: 5",
            ], .putPart(uploadID: id, number: 1)
        ),
        // v2: upload_part
        (
            [
                "PUT /examplebucket/a%20b%2B1%22%26%3C.txt?partNumber=10000&uploadId=0004B9894A22E5B1888A1E29F8236E2D "
                    + "HTTP/1.1", host, "Content-Length: 5",
            ], .putPart(uploadID: id, number: 10_000)
        ),
        // oss2: complete_multipart_upload
        (
            [
                "POST /examplebucket/a%20b%2B1%22%26%3C.txt?uploadId=0004B9894A22E5B1888A1E29F8236E2D HTTP/1.1", host,
                "Content-Length: 163",
            ], .completeUpload(uploadID: id)
        ),
        // v2: complete_multipart_upload
        (
            [
                "POST /examplebucket/a%20b%2B1%22%26%3C.txt?encoding-type=url&uploadId=0004B9894A22E5B1888A1E29F8236E2D "
                    + "HTTP/1.1", host, "Content-MD5: 85LK8zXLFs56i2MTIzLXVg==", "Content-Length: 163",
            ], .completeUpload(uploadID: id)
        ),
        // v2: abort_multipart_upload
        (
            [
                "DELETE /examplebucket/a%20b%2B1%22%26%3C.txt?uploadId=0004B9894A22E5B1888A1E29F8236E2D HTTP/1.1", host,
                "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Length: 0",
            ], .abortUpload(uploadID: id)
        ),
        // v2: list_parts
        (
            [
                "GET /examplebucket/a%20b%2B1%22%26%3C.txt?encoding-type=url&uploadId=0004B9894A22E5B1888A1E29F8236E2D"
                    + "&max-parts=10&part-number-marker=3 HTTP/1.1", host, "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==",
            ],
            .listParts(
                uploadID: id,
                list {
                    $0.limit = 10
                    $0.marker = Array("3".utf8)
                    $0.encodesKeys = true
                })
        ),
        // oss2: append_object
        (
            [
                "POST /examplebucket/a%20b%2B1%22%26%3C.txt?append=&position=0 HTTP/1.1", host,
                "Content-Type: text/plain", "Content-Length: 5",
            ], .appendObject(position: 0)
        ),
        // RUBY: append_object
        (
            [
                "POST /examplebucket/a+b%2B1%22%26%3C.txt?append&position=42 HTTP/1.1", host,
                "Transfer-Encoding: chunked",
            ], .appendObject(position: 42)
        ),
        // oss2 and v2: get_object_meta
        (["HEAD /examplebucket/a%20b%2B1%22%26%3C.txt?objectMeta= HTTP/1.1", host], .headObject),
    ])
    func `reads the requests of the SDKs`(lines: [String], operation: StoreOperation) throws {
        let request = try RequestText.operation(lines)
        #expect(request.operation == operation)
        #expect(request.bucket == "examplebucket")
        #expect(request.keyText == "a b+1\"&<.txt")
        #expect((request.contentLength == nil) == lines.contains("Transfer-Encoding: chunked"))
    }

    /// oss2 writes a space in a query as plus, v2 as `%20`.
    @Test(arguments: [
        "GET /examplebucket/?uploads=&prefix=a+&delimiter=%2F&key-marker=k%2B&upload-id-marker=m&max-uploads=7"
            + "&encoding-type=url HTTP/1.1",
        "GET /examplebucket/?encoding-type=url&uploads=&delimiter=%2F&key-marker=k%2B&max-uploads=7&prefix=a%20"
            + "&upload-id-marker=m HTTP/1.1",
    ])
    func `reads lists of uploads`(line: String) throws {
        let request = try RequestText.operation([line, Self.host])
        let options = Self.list {
            $0.limit = 7
            $0.marker = Array("k+".utf8)
            $0.uploadIDMarker = Array("m".utf8)
            $0.prefix = Array("a ".utf8)
            $0.delimiter = Array("/".utf8)
            $0.encodesKeys = true
        }
        #expect(request.operation == .listUploads(options))
        #expect(request.bucket == "examplebucket")
        #expect(request.key.isEmpty)
        let bare = try RequestText.operation(["GET /?uploads HTTP/1.1", "Host: examplebucket.oss.example.com"])
        #expect(bare.operation == .listUploads(ListOptions()))
    }

    @Test(arguments: [
        ("PUT /examplebucket/k?partNumber=0&uploadId=U", "partNumber"),
        ("PUT /examplebucket/k?partNumber=10001&uploadId=U", "partNumber"),
        ("PUT /examplebucket/k?partNumber=x&uploadId=U", "partNumber"),
        ("PUT /examplebucket/k?uploadId=U", "partNumber"), ("PUT /examplebucket/k?partNumber=1", "uploadId"),
        ("PUT /examplebucket/k?partNumber=1&uploadId=", "uploadId"), ("POST /examplebucket/k?uploadId=", "uploadId"),
        ("DELETE /examplebucket/k?uploadId", "uploadId"), ("POST /examplebucket/k?append", "position"),
        ("POST /examplebucket/k?append&position=-1", "position"),
        ("POST /examplebucket/k?append&position=9223372036854775808", "position"),
        ("GET /examplebucket/k?uploadId=U&max-parts=0", "max-parts"),
        ("GET /examplebucket/k?uploadId=U&max-parts=1001", "max-parts"),
        ("GET /examplebucket/k?uploadId=U&part-number-marker=a", "part-number-marker"),
        ("GET /examplebucket/k?uploadId=U&encoding-type=base64", "encoding-type"),
        ("GET /examplebucket/?uploads&max-uploads=1001", "max-uploads"),
        ("GET /examplebucket/?uploads&encoding-type=URL", "encoding-type"),
    ])
    func `refuses parameters that are out of range`(line: String, name: String) throws {
        let error = try RequestText.error(["\(line) HTTP/1.1", Self.host, "Content-Length: 0"])
        #expect(error?.status == 400)
        #expect(error?.code == "InvalidArgument")
        #expect(error?.details.first.map { [$0.element, $0.text] } == ["ArgumentName", name])
    }

    @Test(arguments: [
        ("PUT /examplebucket/k?partNumber=1&uploadId=U", "x-oss-copy-source: /b/k", "UploadPartCopy"),
        ("PUT /examplebucket/k", "x-oss-copy-source: /b/k", "CopyObject"),
        ("GET /examplebucket/k?objectMeta", "Accept: */*", "objectMeta"),
        ("PUT /examplebucket/?policy&comp=callback", "Accept: */*", "policy"),
        ("GET /examplebucket/?policy&comp=callback", "Accept: */*", "policy"),
        ("DELETE /examplebucket/?policy&comp=callback", "Accept: */*", "policy"),
        ("POST /examplebucket/?delete", "Accept: */*", "delete"),
        ("POST /examplebucket/k?uploads&sequential", "Accept: */*", "sequential"),
        ("POST /examplebucket/k?uploadId=U&acl", "Accept: */*", "acl"),
        ("GET /examplebucket/k?uploadId=U&response-expires=0", "Accept: */*", "response-expires"),
    ])
    func `names what it does not implement`(line: String, field: String, name: String) throws {
        let error = try RequestText.error(["\(line) HTTP/1.1", Self.host, field, "Content-Length: 0"])
        #expect(error?.status == 501)
        #expect(error?.code == "NotImplemented")
        #expect(error?.message.contains(name) == true)
    }

    /// "Callback" of the OSS API reference: not with AppendObject, UploadPart and InitiateMultipartUpload.
    @Test(arguments: ["?append&position=0", "?uploads", "?partNumber=1&uploadId=U"], [true, false])
    func `refuses a callback where OSS makes none`(query: String, isHeader: Bool) throws {
        let method = query.hasPrefix("?part") ? "PUT" : "POST"
        let suffix = isHeader ? "" : "&callback=e30%3D"
        let error = try RequestText.error([
            "\(method) /examplebucket/k\(query)\(suffix) HTTP/1.1", Self.host, "Content-Length: 0",
            isHeader ? "x-oss-callback: e30=" : "Accept: */*",
        ])
        #expect(error?.status == 400)
        #expect(error?.code == "InvalidArgument")
        #expect(error?.message.hasSuffix("does not support callbacks.") == true)
    }

    @Test func `takes a callback with a completion`() throws {
        let line = "POST /examplebucket/k?uploadId=U"
        let expected = RawCallback(callback: Array("e30=".utf8), variables: Array("VkFS".utf8))
        let header = try RequestText.operation([
            "\(line) HTTP/1.1", Self.host, "Content-Length: 9", "x-oss-callback: e30=", "x-oss-callback-var: VkFS",
            "x-oss-forbid-overwrite: true",
        ])
        let query = try RequestText.operation([
            "\(line)&callback=e30%3D&callback-var=VkFS HTTP/1.1", Self.host, "Content-Length: 9",
        ])
        #expect(header.callback == expected)
        #expect(header.forbidsOverwrite)
        #expect(query.callback == expected)
    }

    @Test func `reads checksums of parts and appends`() throws {
        for line in ["PUT /examplebucket/k?partNumber=1&uploadId=U", "POST /examplebucket/k?append&position=0"] {
            let request = try RequestText.operation([
                "\(line) HTTP/1.1", Self.host, "Content-Length: 11", "Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==",
                "x-oss-hash-crc64ecma: 5981764153023615706",
            ])
            #expect(request.contentMD5?.count == 16)
            #expect(request.crc64 == 5_981_764_153_023_615_706)
            #expect(try RequestText.error(["\(line) HTTP/1.1", Self.host])?.code == "MissingContentLength")
            let large = ["\(line) HTTP/1.1", Self.host, "Content-Length: 5368709121"]
            #expect(try RequestText.error(large)?.code == "EntityTooLarge")
        }
        let beyond = ["POST /examplebucket/k?append&position=5368709120 HTTP/1.1", Self.host, "Content-Length: 1"]
        #expect(try RequestText.error(beyond)?.code == "EntityTooLarge")
    }

    /// "UploadPart" of the OSS API reference: only InitiateMultipartUpload may ask for encryption.
    @Test func `refuses encryption of a single part`() throws {
        let error = try RequestText.error([
            "PUT /examplebucket/k?partNumber=1&uploadId=U HTTP/1.1", Self.host, "Content-Length: 0",
            "x-oss-server-side-encryption: AES256",
        ])
        #expect(error?.code == "InvalidArgument")
        #expect(error?.details.first?.text == "x-oss-server-side-encryption")
    }
}
