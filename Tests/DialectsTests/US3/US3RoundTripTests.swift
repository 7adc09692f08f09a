// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

/// What the outbound side writes, the parser, the inbound side and the verifier read back.
@Suite struct US3RoundTripTests {
    static let keys = OSSRoundTripTests.keys

    static func verify(_ request: StoreRequest, key: AccessKey = us3Key) throws -> ClientRequest {
        var bytes: [UInt8] = []
        HTTPEncoder.appendRequest(
            method: request.method, target: request.target.span, fields: request.fields, to: &bytes)
        var parser = RequestParser()
        var head = RequestHead()
        try #require(try parser.parse(bytes.span, into: &head) == bytes.count)
        return try verify(head, key: key)
    }

    static func verify(_ head: RequestHead, key: AccessKey = us3Key, now: Int64 = 1_700_000_000) throws -> ClientRequest
    {
        let place = ListenerPlace(baseHost: "cn-bj.ufileos.com", bucket: "demobucket")
        let request = try US3Dialect().read(head, at: place)
        let id = try US3Dialect().makeVerifier().verify(request, head, now: now) { $0 == key.id ? key : nil }
        #expect(id == key.id)
        return request
    }

    @Test(arguments: [Addressing.virtualHost, .customDomain])
    func `reads back and verifies awkward keys`(style: Addressing) throws {
        let key = AccessKey(id: "STS.1", secret: Array("s".utf8), token: "token/+==")
        var store = us3Store(style, style == .virtualHost ? "cn-bj.ufileos.com" : "127.0.0.1:9000")
        store.key = key
        let outbound = US3Outbound(store)
        var request = StoreRequest()
        let id = Array("0f188eb2-5e19".utf8)
        for name in Self.keys {
            for operation in [
                StoreOperation.putObject, .createUpload, .putPart(uploadID: id, number: 0), .getObject, .headObject,
                .completeUpload(uploadID: id), .abortUpload(uploadID: id), .deleteObject,
            ] {
                outbound.write(
                    operation, bucket: "demobucket", key: Array(name.utf8),
                    clientFields: fields([("Content-Type", "text/plain; charset=utf-8"), ("X-Ufile-Meta-A", "ä b")]),
                    from: .sdk, routeFields: HeaderFields(), callback: StoreCallback(parameters: "e30="),
                    framing: .length(5), now: 0, into: &request)
                let read = try Self.verify(request, key: key)
                #expect(read.operation == operation)
                #expect(read.keyText == name)
                #expect(read.bucket == "demobucket")
                #expect((read.callback != nil) == operation.endsUpload)
            }
        }
    }

    @Test func `reads back and verifies lists`() throws {
        var options = ListOptions()
        options.limit = 7
        options.marker = Array("3".utf8)
        for operation in [StoreOperation.listParts(uploadID: [0x75], options), .listUploads(options)] {
            #expect(try Self.verify(US3OutboundTests.request(operation)).operation == operation)
        }
    }

    /// Vector u06: the parameters of a part ride along unsigned.
    @Test func `verifies URLs of the SDKs`() throws {
        let head = try RequestText.head([
            "PUT /dir/sub%20dir/%E6%8A%A5%E5%91%8A%20a+b%20(1).txt?Expires=1893456000&Signature=%2FJm9iIi4SmeYe2yVGFR%2FNydKx"
                + "Lg%3D&UCloudPublicKey=TOKEN_11111111-2222-3333-4444-555555555555&partNumber=3&uploadId=0f188eb2 HTTP/1.1",
            "Host: 127.0.0.1:9000", "Content-Length: 0",
        ])
        let request = try Self.verify(head)
        #expect(request.operation == .putPart(uploadID: Array("0f188eb2".utf8), number: 3))
        #expect(throws: VendorError.self) { try Self.verify(head, now: 1_893_456_001) }
    }

    @Test func `refuses in the words of US3`() throws {
        func error(_ lines: String...) throws -> VendorError? {
            let head = try RequestText.head(["PUT /k HTTP/1.1", "Host: h", "Content-Length: 0"] + lines)
            do {
                _ = try Self.verify(head)
                return nil
            } catch let error as VendorError {
                return error
            }
        }
        let nobody = try error()
        #expect(nobody?.status == 401)
        #expect(nobody?.code == "-148643")
        #expect(nobody?.message == "no authorization found")
        let wrong = try error("Authorization: UCloud TOKEN_1:p/F+odHvpLh+5/5TvMwtlBXubcY=")
        #expect(wrong?.status == 403)
        #expect(wrong?.code == "-148658")
        #expect(wrong?.message == "invalid signature")
    }
}

@Suite struct US3FormTests {
    static func read(
        _ form: [(String, String)], file: FormFile = FormFile(fileName: "a.jpg", contentType: "image/jpeg"),
        head more: String...
    ) throws -> ClientRequest {
        let dialect = US3Dialect()
        let head = try RequestText.head(
            [
                "POST / HTTP/1.1", "Host: 127.0.0.1:9000", "Content-Length: 100",
                "Content-Type: multipart/form-data; boundary=b",
            ] + more)
        let request = try dialect.read(head, at: ListenerPlace(baseHost: nil, bucket: "demobucket"))
        #expect(request.operation == .postObject)
        #expect(request.key.isEmpty)
        let formFields = form.map { FormField(name: $0.0, value: Array($0.1.utf8)) }
        var read = try dialect.readForm(request, fields: formFields, file: file)
        _ = try dialect.makeVerifier().verifyForm(&read, fields: formFields, file: file, now: 0) {
            $0 == us3Key.id ? us3Key : nil
        }
        return read
    }

    /// Vector h10.
    static let authorization = "UCloud TOKEN_11111111-2222-3333-4444-555555555555:xCwJbcccI/fQU3FUyecXPW+7NpM="

    @Test func `reads and verifies the form of the SDKs`() throws {
        for name in ["FileName", "ObjectName"] {
            let request = try Self.read([("Authorization", Self.authorization), (name, "demokey")])
            #expect(request.keyText == "demokey")
            #expect(request.objectFields?.string("Content-Type") == "image/jpeg")
        }
        #expect(US3Dialect().isFormFile("file"))
        #expect(!US3Dialect().isFormFile("FileName"))
    }

    @Test func `signs the MD5 of the file wherever it stands, and takes metadata`() throws {
        let md5 = "6f5902ac237024bdd0c176cb93063dc4"
        let signed = US3Signer(credentials: us3Key).formAuthorization(
            bucket: "demobucket", key: Array("demokey".utf8), fileMD5: md5, fileType: "image/jpeg")
        let form = [("FileName", "demokey"), ("Authorization", signed), ("X-Ufile-Storage-Class", "IA")]
        let inHeader = try Self.read(form, head: "Content-MD5: \(md5)", "X-Ufile-Meta-A: 1")
        let inForm = try Self.read(form + [("Content-MD5", md5)])
        #expect(inHeader.contentMD5 == inForm.contentMD5)
        #expect(inForm.contentMD5?.count == 16)
        #expect(inHeader.objectFields?.string("X-Ufile-Storage-Class") == "IA")
        #expect(inHeader.objectFields?.string("X-Ufile-Meta-A") == "1")
        #expect(throws: VendorError.self) { try Self.read(form) }
    }

    @Test(arguments: [
        [("Authorization", authorization)], [("FileName", "demokey")],
        [("FileName", "demokey"), ("filename", "demokey"), ("Authorization", authorization)],
        [("FileName", "/demokey"), ("Authorization", authorization)],
        [("FileName", "other"), ("Authorization", authorization)],
        [("FileName", "demokey"), ("Authorization", authorization + ":e30=")],
        [("FileName", "demokey"), ("Authorization", authorization), ("X-Ufile-Meta-A", "a\r\nb: c")],
        [("FileName", "demokey"), ("Authorization", authorization), ("Content-MD5", "x")],
    ])
    func `refuses forms that are not complete or not signed so`(form: [(String, String)]) {
        #expect(throws: VendorError.self) { try Self.read(form) }
    }

    @Test func `refuses a file of another type`() {
        let file = FormFile(fileName: "a", contentType: "image/png")
        #expect(throws: VendorError.self) {
            try Self.read([("Authorization", Self.authorization), ("FileName", "demokey")], file: file)
        }
    }
}
