// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

@Suite struct OSSPartsAnswerTests {
    static let id = Array("0004B9894A22E5B1888A1E29F8236E2D".utf8)
    static let context = OSSAnswerTests.context

    static func answer(
        _ result: DialectResult, to operation: StoreOperation, key: String = "a b+<1>/中", encoded: Bool = false,
        addressing: Addressing = .virtualHost, isTLS: Bool = false
    ) -> WireAnswer {
        var context = context
        context.isTLS = isTLS
        var request = ClientRequest(operation, bucket: "examplebucket", key: Array(key.utf8), addressing: addressing)
        if encoded { request.parameters = [(name: Array("encoding-type".utf8), value: Array("url".utf8))] }
        return OSSDialect().answer(result, to: request, context)
    }

    @Test func `answers the begin of an upload`() {
        let answer = Self.answer(.created(CreatedUpload(uploadID: Self.id)), to: .createUpload)
        #expect(answer.status == 200)
        #expect(answer.fields.string("Content-Type") == "application/xml")
        #expect(answer.fields.string("Content-Length") == String(answer.body.count))
        #expect(
            text(answer.body) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <InitiateMultipartUploadResult>
                  <Bucket>examplebucket</Bucket>
                  <Key>a b+&lt;1&gt;/中</Key>
                  <UploadId>0004B9894A22E5B1888A1E29F8236E2D</UploadId>
                </InitiateMultipartUploadResult>

                """)
        #expect(OSSDialect().created(answer) == CreatedUpload(uploadID: Self.id))
        let encoded = Self.answer(.created(CreatedUpload(uploadID: Self.id)), to: .createUpload, encoded: true)
        #expect(text(encoded.body).contains("<EncodingType>url</EncodingType>"))
        #expect(text(encoded.body).contains("<Key>a%20b%2B%3C1%3E%2F%E4%B8%AD</Key>"))
    }

    @Test func `answers a part with its checksums`() {
        let object = OSSAnswerTests.object
        let part = PartFacts(
            number: 3, size: 11, etag: object.etag, crc64: object.crc64, contentMD5: object.contentMD5)
        let answer = Self.answer(.part(part), to: .putPart(uploadID: Self.id, number: 3))
        #expect(OSSAnswerTests.wire(answer) == OSSAnswerTests.wire(OSSAnswer.put(object, Self.context)))
    }

    @Test func `answers a completion with its document, or with the app's answer`() {
        var object = OSSAnswerTests.object
        object.etag = "B864DB6A936D376F9F8D3ED3BBE540DD-2"
        object.contentMD5 = nil
        let operation = StoreOperation.completeUpload(uploadID: Self.id)
        #expect(
            OSSAnswerTests.wire(Self.answer(.stored(object, .none), to: operation)) == """
                HTTP/1.1 200 OK
                Server: AliyunOSS
                Date: Tue, 14 Nov 2023 22:13:20 GMT
                Content-Type: application/xml
                Content-Length: 329
                Connection: keep-alive
                x-oss-request-id: 5C3D9175B6FC201293AD4890
                ETag: "B864DB6A936D376F9F8D3ED3BBE540DD-2"
                x-oss-hash-crc64ecma: 5981764153023615706
                x-oss-server-time: 7

                <?xml version="1.0" encoding="UTF-8"?>
                <CompleteMultipartUploadResult>
                  <Location>http://examplebucket.oss-cn-hangzhou.aliyuncs.com/a%20b%2B%3C1%3E/%E4%B8%AD</Location>
                  <Bucket>examplebucket</Bucket>
                  <Key>a b+&lt;1&gt;/中</Key>
                  <ETag>&quot;B864DB6A936D376F9F8D3ED3BBE540DD-2&quot;</ETag>
                </CompleteMultipartUploadResult>

                """)
        let path = Self.answer(.stored(object, .none), to: operation, key: "k", addressing: .path)
        #expect(text(path.body).contains("<Location>http://\(Self.context.host)/examplebucket/k</Location>"))
        let secure = Self.answer(.stored(object, .none), to: operation, key: "k", addressing: .path, isTLS: true)
        #expect(text(secure.body).contains("<Location>https://\(Self.context.host)/examplebucket/k</Location>"))
        let body = Array("{\"Status\":\"OK\"}".utf8)
        let callback = CallbackReport.succeeded(status: 200, body: body, contentType: "application/json")
        let answered = Self.answer(.stored(object, callback), to: operation)
        #expect(answered.body == body)
        #expect(answered.fields.string("ETag") == "\"B864DB6A936D376F9F8D3ED3BBE540DD-2\"")
        let failed = Self.answer(
            .stored(object, .failed(message: "Error status : 502.", ec: "0007-00000203", code: nil)), to: operation)
        #expect(failed.status == 203)
        #expect(text(failed.body).contains("<Code>CallbackFailed</Code>"))
        #expect(failed.fields.string("x-oss-hash-crc64ecma") == "5981764153023615706")
    }

    @Test func `answers an append with where to go on`() {
        var object = OSSAnswerTests.object
        object.size = 42
        let answer = Self.answer(.stored(object, .none), to: .appendObject(position: 31))
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
        #expect(answer.fields.string("x-oss-next-append-position") == "42")
        #expect(answer.fields.string("x-oss-hash-crc64ecma") == "5981764153023615706")
        #expect(!answer.fields.contains("Content-MD5"))
    }

    @Test func `answers an abort without a body`() {
        let answer = Self.answer(.aborted, to: .abortUpload(uploadID: Self.id))
        #expect(answer.status == 204)
        #expect(answer.body.isEmpty && !answer.fields.contains("Content-Length"))
    }

    @Test func `lists parts`() {
        let parts = [2, 5].map { number in
            PartFacts(number: number, size: 102_400, etag: "E\(number)", crc64: 7, lastModified: 1_700_000_000)
        }
        var options = ListOptions()
        options.limit = 2
        options.marker = Array("1".utf8)
        let operation = StoreOperation.listParts(uploadID: Self.id, options)
        let listing = PartListing(parts: parts, isTruncated: true, storageClass: "IA")
        #expect(
            text(Self.answer(.parts(listing), to: operation, key: "k").body) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <ListPartsResult>
                  <Bucket>examplebucket</Bucket>
                  <Key>k</Key>
                  <UploadId>0004B9894A22E5B1888A1E29F8236E2D</UploadId>
                  <StorageClass>IA</StorageClass>
                  <PartNumberMarker>1</PartNumberMarker>
                  <NextPartNumberMarker>5</NextPartNumberMarker>
                  <MaxParts>2</MaxParts>
                  <IsTruncated>true</IsTruncated>
                  <Part>
                    <PartNumber>2</PartNumber>
                    <LastModified>2023-11-14T22:13:20.000Z</LastModified>
                    <ETag>&quot;E2&quot;</ETag>
                    <HashCrc64ecma>7</HashCrc64ecma>
                    <Size>102400</Size>
                  </Part>
                  <Part>
                    <PartNumber>5</PartNumber>
                    <LastModified>2023-11-14T22:13:20.000Z</LastModified>
                    <ETag>&quot;E5&quot;</ETag>
                    <HashCrc64ecma>7</HashCrc64ecma>
                    <Size>102400</Size>
                  </Part>
                </ListPartsResult>

                """)
        let empty = Self.answer(
            .parts(PartListing(parts: [], isTruncated: false)), to: .listParts(uploadID: Self.id, ListOptions()))
        for element in [
            "<PartNumberMarker>0</PartNumberMarker>", "<NextPartNumberMarker>0</NextPartNumberMarker>",
            "<MaxParts>1000</MaxParts>", "<IsTruncated>false</IsTruncated>", "<StorageClass>Standard</StorageClass>",
        ] {
            #expect(text(empty.body).contains(element))
        }
    }

    @Test func `lists uploads`() {
        var options = ListOptions()
        options.prefix = Array("a/".utf8)
        options.delimiter = Array("/".utf8)
        options.marker = Array("a/ 1".utf8)
        options.uploadIDMarker = Array("M".utf8)
        options.limit = 2
        options.encodesKeys = true
        let upload = UploadListing.Upload(key: Array("a/b+".utf8), uploadID: Self.id, initiated: 1_700_000_000)
        let listing = UploadListing(uploads: [upload], commonPrefixes: [Array("a/c/".utf8)], isTruncated: true)
        let answer = Self.answer(.uploads(listing), to: .listUploads(options), key: "", encoded: true)
        #expect(
            text(answer.body) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <ListMultipartUploadsResult>
                  <EncodingType>url</EncodingType>
                  <Bucket>examplebucket</Bucket>
                  <KeyMarker>a%2F%201</KeyMarker>
                  <UploadIdMarker>M</UploadIdMarker>
                  <NextKeyMarker>a%2Fc%2F</NextKeyMarker>
                  <NextUploadIdMarker></NextUploadIdMarker>
                  <Delimiter>%2F</Delimiter>
                  <Prefix>a%2F</Prefix>
                  <MaxUploads>2</MaxUploads>
                  <IsTruncated>true</IsTruncated>
                  <Upload>
                    <Key>a%2Fb%2B</Key>
                    <UploadId>0004B9894A22E5B1888A1E29F8236E2D</UploadId>
                    <StorageClass>Standard</StorageClass>
                    <Initiated>2023-11-14T22:13:20.000Z</Initiated>
                  </Upload>
                  <CommonPrefixes>
                    <Prefix>a%2Fc%2F</Prefix>
                  </CommonPrefixes>
                </ListMultipartUploadsResult>

                """)
    }

    @Test(arguments: [
        (["b"], ["a/"], "b", "U"), (["a"], ["b/"], "b/", ""), (["a"], [], "a", "U"), ([], ["b/"], "b/", ""),
        ([], [], "", ""),
    ])
    func `says where a list of uploads goes on`(keys: [String], prefixes: [String], key: String, id: String) {
        let uploads = keys.map { UploadListing.Upload(key: Array($0.utf8), uploadID: Array("U".utf8), initiated: 0) }
        let listing = UploadListing(
            uploads: uploads, commonPrefixes: prefixes.map { Array($0.utf8) }, isTruncated: true)
        let body = text(Self.answer(.uploads(listing), to: .listUploads(ListOptions()), key: "").body)
        #expect(body.contains("<NextKeyMarker>\(key)</NextKeyMarker>"))
        #expect(body.contains("<NextUploadIdMarker>\(id)</NextUploadIdMarker>"))
        let whole = UploadListing(uploads: uploads, isTruncated: false)
        let end = text(Self.answer(.uploads(whole), to: .listUploads(ListOptions()), key: "").body)
        #expect(end.contains("<NextKeyMarker></NextKeyMarker>"))
    }
}
