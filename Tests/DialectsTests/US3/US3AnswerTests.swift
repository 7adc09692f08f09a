// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct US3AnswerTests {
    static let object = ObjectFacts(
        size: 12, etag: "AQAAACJZY2Oz3kCwb5gfuF2CMS6MDtUR", contentMD5: nil, crc64: nil, lastModified: 1_700_000_000,
        contentType: "text/plain", kept: fields([("X-Ufile-Meta-A", "1")]))

    static func answer(_ result: DialectResult, _ operation: StoreOperation, key: String = "dir/\"k\"") -> WireAnswer {
        let request = ClientRequest(
            operation, bucket: "demobucket", key: Array(key.utf8), addressing: .virtualHost)
        return US3Dialect().answer(result, to: request, us3Context)
    }

    static let head = ["Date: Tue, 14 Nov 2023 22:13:20 GMT"]

    @Test func `answers an upload with its ETag and nothing else`() {
        for operation in [StoreOperation.putObject, .postObject] {
            let answer = Self.answer(.stored(Self.object, .none), operation)
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(
                lines(answer.fields) == Self.head + [
                    "Content-Length: 0", "Connection: keep-alive", "ETag: \"AQAAACJZY2Oz3kCwb5gfuF2CMS6MDtUR\"",
                ])
        }
    }

    @Test func `passes the app's answer on with the app's status`() {
        for operation in [StoreOperation.putObject, .completeUpload(uploadID: [1])] {
            let answer = Self.answer(
                .stored(
                    Self.object,
                    .succeeded(status: 404, body: Array("{}".utf8), contentType: "application/json; charset=utf-8")),
                operation)
            #expect(answer.status == 404)
            #expect(text(answer.body) == "{}")
            #expect(answer.fields.string("Content-Type") == "application/json; charset=utf-8")
            #expect(!answer.fields.contains("X-SessionId"))
        }
    }

    @Test func `tells of a failed callback as US3 does`() {
        let answer = Self.answer(
            .stored(Self.object, .failed(message: "expect json, but received text/plain", ec: nil, code: "20008")),
            .putObject)
        #expect(answer.status == 599)
        #expect(text(answer.body) == #"{"RetCode":20008,"ErrMsg":"expect json, but received text/plain"}"#)
        #expect(answer.fields.string("Content-Type") == "application/json")
        #expect(answer.fields.string("X-SessionId") == "5c3d9778-cc1c-2aed-f85b-000000000001")
    }

    @Test func `answers uploads in parts with the members that the SDKs need`() {
        let start = Self.answer(.created(CreatedUpload(uploadID: Array("u-1".utf8))), .createUpload)
        #expect(
            text(start.body) == #"{"UploadId":"u-1","BlkSize":4194304,"Bucket":"demobucket","Key":"dir/\"k\""}"#)
        let large = Self.answer(.created(CreatedUpload(uploadID: [0x75], partBytes: 8 << 20)), .createUpload)
        #expect(text(large.body).contains("\"BlkSize\":8388608"))
        let part = Self.answer(
            .part(PartFacts(number: 0, size: 5, etag: "mEKSavfKCozKEmBPlFQU8HsB4T0=")),
            .putPart(uploadID: [1], number: 0))
        #expect(text(part.body) == #"{"PartNumber":0}"#)
        #expect(part.fields.string("ETag") == "\"mEKSavfKCozKEmBPlFQU8HsB4T0=\"")
        let end = Self.answer(.stored(Self.object, .none), .completeUpload(uploadID: [1]))
        #expect(text(end.body) == #"{"Bucket":"demobucket","Key":"dir/\"k\"","FileSize":12}"#)
        #expect(end.fields.string("ETag") == "\"AQAAACJZY2Oz3kCwb5gfuF2CMS6MDtUR\"")
        for answer in [start, part, end] { #expect(answer.fields.string("Content-Type") == "application/json") }
        #expect(Self.answer(.aborted, .abortUpload(uploadID: [1])).status == 200)
    }

    /// Live output in ufile-sdk-java, issue 61: parts 3 to 5 and the next marker 6.
    @Test func `lists parts as the live service does`() {
        var options = ListOptions()
        options.limit = 3
        options.marker = Array("2".utf8)
        let parts = (3...5).map {
            PartFacts(number: $0, size: 4_194_304, etag: "NzCntRJU-xrHYowMLp7Ddw1ouok=", lastModified: 1_699_607_584)
        }
        let listing = PartListing(parts: parts, isTruncated: true, key: Array("k".utf8))
        let answer = Self.answer(.parts(listing), .listParts(uploadID: [0x75], options), key: "")
        let part = #""LastModified":1699607584,"Etag":"NzCntRJU-xrHYowMLp7Ddw1ouok=","Size":4194304}"#
        #expect(
            text(answer.body)
                == #"{"RetCode":0,"ErrMsg":"","Action":"GetMultiUploadPart","Bucket":"demobucket","Key":"k","#
                + #""StorageClass":"STANDARD","UploadId":"u","Status":0,"NextPartNumberMarker":6,"MaxParts":3,"#
                + #""IsTruncated":true,"Parts":[{"PartNum":3,\#(part),{"PartNum":4,\#(part),{"PartNum":5,\#(part)]}"#)
        let none = Self.answer(
            .parts(PartListing(parts: [], isTruncated: false)), .listParts(uploadID: [0x75], ListOptions()), key: "")
        #expect(text(none.body).hasSuffix(#""NextPartNumberMarker":0,"MaxParts":100,"IsTruncated":false,"Parts":[]}"#))
    }

    @Test func `lists uploads`() {
        let upload = UploadListing.Upload(key: Array("a b".utf8), uploadID: [0x75], initiated: 5)
        let entry = #"{"UploadId":"u","StartTime":5,"FileName":"a b","StorageClass":"STANDARD"}"#
        for (isTruncated, marker) in [(true, "a b"), (false, "")] {
            let answer = Self.answer(
                .uploads(UploadListing(uploads: [upload], isTruncated: isTruncated)), .listUploads(ListOptions()),
                key: "")
            #expect(
                text(answer.body) == #"{"NextMarker":"\#(marker)","RetCode":0,"ErrMsg":"","DataSet":[\#(entry)]}"#)
        }
    }

    @Test func `tells whether a deleted object was there`() {
        let gone = Self.answer(.deleted(existed: true), .deleteObject)
        #expect(gone.status == 204)
        #expect(!gone.fields.contains("Content-Length"))
        let missing = Self.answer(.deleted(existed: false), .deleteObject)
        #expect(missing.status == 404)
        #expect(text(missing.body) == #"{"RetCode":-148654,"ErrMsg":"file not exist"}"#)
    }

    @Test func `gives errors no body to HEAD`() {
        let answer = US3Dialect().answer(VendorError.us3(.fileNotExist), toHead: true, us3Context)
        #expect(answer.status == 404)
        #expect(answer.body.isEmpty)
        #expect(!answer.fields.contains("Content-Type"))
        #expect(answer.fields.contains("X-SessionId"))
    }

    @Test func `answers reads with all that it knows`() {
        var request = ClientRequest(.getObject, bucket: "b", key: [0x6B], addressing: .virtualHost)
        let whole = US3Dialect().object(Self.object, to: request, us3Context)
        #expect(whole.bytes == 0..<12)
        #expect(
            lines(whole.answer.fields) == Self.head + [
                "Connection: keep-alive", "Content-Type: text/plain", "Content-Length: 12", "Accept-Ranges: bytes",
                "ETag: \"AQAAACJZY2Oz3kCwb5gfuF2CMS6MDtUR\"", "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT",
                "X-Ufile-Storage-Class: STANDARD", "X-Ufile-Meta-A: 1",
            ])
        let facts = US3Dialect().facts(ofHead: whole.answer.fields)
        #expect(facts.size == 12)
        #expect(facts.etag == Self.object.etag)
        #expect(facts.lastModified == 1_700_000_000)
        #expect(facts.contentType == "text/plain")
        #expect(lines(facts.kept) == ["X-Ufile-Storage-Class: STANDARD", "X-Ufile-Meta-A: 1"])
        request.read.range = ByteRange("bytes=2-5".utf8.span, isStandard: true)
        let part = US3Dialect().object(Self.object, to: request, us3Context)
        #expect(part.answer.status == 206)
        #expect(part.bytes == 2..<6)
        #expect(part.answer.fields.string("Content-Range") == "bytes 2-5/12")
        request.read.range = ByteRange("bytes=20-".utf8.span, isStandard: true)
        let none = US3Dialect().object(Self.object, to: request, us3Context)
        #expect(none.answer.status == 416)
        #expect(none.bytes.isEmpty)
        request.operation = .headObject
        #expect(US3Dialect().object(Self.object, to: request, us3Context).bytes.isEmpty)
    }

    /// What the Python SDK can read (`httprequest.py`): exactly that type, both members.
    @Test func `has a document of US3 for each refusal`() throws {
        let refusals: [Refusal] = [
            .tooLarge(maximum: 5), .tooSmall(minimum: 5), .badKey("k"), .badMD5, .badCRC64, .badRequest("r"),
            .objectExists,
            .incompleteBody, .slowClient, .forbidden("f"), .methodNotAllowed, .noSuchKey, .noSuchUpload,
            .invalidPart("p"),
            .partExists, .invalidPartOrder, .notAppendable, .positionMismatch(length: 1), .notImplemented("n"),
            .busy("b"),
            .storeFailed("s"), .doubtful("d"), .internalError,
        ]
        for refusal in refusals {
            let error = US3Dialect().error(refusal)
            let answer = US3Dialect().answer(error, toHead: false, us3Context)
            #expect((400...599).contains(answer.status))
            #expect(answer.fields.string("Content-Type") == "application/json")
            let json = try JSON.parse(answer.body.span)
            #expect(json["RetCode"]?.integerValue.map { $0 < 0 } == true)
            #expect(json["ErrMsg"]?.stringValue?.isEmpty == false)
            #expect(US3Dialect().errorDocument(answer).code == error.code)
        }
        #expect(US3Dialect().error(.badMD5).message == "check md5 failed")
        let again = US3Dialect().error(.partExists)
        #expect(again.status == 500)
        #expect(again.code == "-1014")
        #expect(again.message == "put duplicate key error")
        #expect(US3Dialect().error(.doubtful("d")).status == 400)
        #expect(US3Dialect().error(FormRefusal.noFile).status == 400)
    }

    @Test func `puts the client's names into the store's document`() throws {
        var request = ClientRequest(
            .completeUpload(uploadID: [1]), bucket: "mine", key: Array("a \"b\"".utf8), addressing: .virtualHost)
        let stored = us3Answer(200, #"{ "Bucket":"media", "Key":"x/1", "FileSize":7 }"#, [("Content-Length", "47")])
        let answer = US3Dialect().renamed(stored, for: request, us3Context)
        #expect(text(answer.body) == #"{"Bucket":"mine","Key":"a \"b\"","FileSize":7}"#)
        #expect(answer.fields.string("Content-Length") == String(answer.body.count))
        for other in [
            us3Answer(404, #"{"RetCode":-148654,"ErrMsg":"file not exist"}"#), us3Answer(200, #"{"PartNumber":0}"#),
            us3Answer(200, "OK"), us3Answer(200),
        ] {
            #expect(US3Dialect().renamed(other, for: request, us3Context) == other)
        }
        // The app's answer is nobody's to change.
        request.callback = RawCallback(callback: [1])
        #expect(US3Dialect().renamed(stored, for: request, us3Context) == stored)
    }
}
