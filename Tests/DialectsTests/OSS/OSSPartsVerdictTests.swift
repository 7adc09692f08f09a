// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

/// What answers to parts, completions and appends mean.
@Suite struct OSSPartsVerdictTests {
    static let object = OSSAnswerTests.object
    static let streamed = Checksums(crc64: object.crc64, md5: object.contentMD5)
    static let id = Array("U".utf8)

    static func judge(
        _ answer: WireAnswer, to operation: StoreOperation, _ streamed: Checksums = streamed,
        callbackAsked: Bool = false
    ) -> Verdict {
        OSSDialect().judge(answer, to: operation, streamed: streamed, callbackAsked: callbackAsked)
    }

    static func answer(_ result: DialectResult, to operation: StoreOperation) -> WireAnswer {
        OSSPartsAnswerTests.answer(result, to: operation)
    }

    @Test func `compares parts by all their checksums`() {
        let operation = StoreOperation.putPart(uploadID: Self.id, number: 1)
        let part = PartFacts(
            number: 1, size: 11, etag: Self.object.etag, crc64: Self.object.crc64, contentMD5: Self.object.contentMD5)
        let answer = Self.answer(.part(part), to: operation)
        guard case .stored(let stored) = Self.judge(answer, to: operation) else {
            Issue.record("\(Self.judge(answer, to: operation))")
            return
        }
        #expect(stored.isVerified)
        #expect(stored.etag.map { text($0) } == Self.object.etag)
        for (streamed, kind) in [
            (Checksums(crc64: 1), ChecksumMismatch.Kind.crc64),
            (Checksums(md5: Array(repeating: 0, count: 16)), .contentMD5),
        ] {
            guard case .mismatch(_, let mismatch) = Self.judge(answer, to: operation, streamed) else {
                Issue.record("\(kind)")
                continue
            }
            #expect(mismatch.kind == kind)
        }
        var bare = answer
        bare.fields.remove("Content-MD5")
        bare.fields.remove("x-oss-hash-crc64ecma")
        guard
            case .mismatch(_, let mismatch) = Self.judge(
                bare, to: operation, Checksums(md5: Array(repeating: 0, count: 16)))
        else {
            Issue.record("no mismatch")
            return
        }
        #expect(mismatch.kind == .etag)
    }

    @Test func `compares completions by the checksum of the whole`() {
        let operation = StoreOperation.completeUpload(uploadID: Self.id)
        var object = Self.object
        // As OSS makes it, and no MD5 of anything.
        object.etag = "B864DB6A936D376F9F8D3ED3BBE540DD"
        object.contentMD5 = nil
        let answer = Self.answer(.stored(object, .none), to: operation)
        guard case .stored(let stored) = Self.judge(answer, to: operation) else {
            Issue.record("\(Self.judge(answer, to: operation))")
            return
        }
        #expect(stored.isVerified)
        guard case .mismatch(_, let mismatch) = Self.judge(answer, to: operation, Checksums(crc64: 7)) else {
            Issue.record("no mismatch")
            return
        }
        #expect(mismatch == ChecksumMismatch(kind: .crc64, streamed: "7", stored: "5981764153023615706"))
        guard case .stored(let unseen) = Self.judge(answer, to: operation, Checksums()) else {
            Issue.record("not stored")
            return
        }
        #expect(!unseen.isVerified)
    }

    @Test func `finds the ETag of a completion in its document`() {
        let operation = StoreOperation.completeUpload(uploadID: Self.id)
        var answer = Self.answer(.stored(Self.object, .none), to: operation)
        answer.fields.remove("ETag")
        guard case .stored(let stored) = Self.judge(answer, to: operation) else {
            Issue.record("not stored")
            return
        }
        #expect(stored.etag.map { text($0) } == Self.object.etag)
    }

    @Test func `takes the app's answer to a completion for a success, whatever it is`() {
        let operation = StoreOperation.completeUpload(uploadID: Self.id)
        for body in ["{\"Status\":\"OK\"}", "<Error><Code>X</Code></Error>", ""] {
            let report = CallbackReport.succeeded(
                status: 200, body: Array(body.utf8), contentType: "application/json")
            let answer = Self.answer(.stored(Self.object, report), to: operation)
            guard case .stored(let stored) = Self.judge(answer, to: operation, callbackAsked: true) else {
                Issue.record("\(body)")
                continue
            }
            #expect(stored.isVerified)
        }
        let report = CallbackReport.failed(message: "Error status : 502.", ec: nil, code: nil)
        let failed = Self.answer(.stored(Self.object, report), to: operation)
        guard case .callbackFailed(let stored, let document) = Self.judge(failed, to: operation, callbackAsked: true)
        else {
            Issue.record("not failed")
            return
        }
        #expect(stored.isVerified)
        #expect(document.message == "Error status : 502.")
    }

    @Test func `does not take an error for a completed upload`() {
        let body = Array("<Error><Code>InternalError</Code></Error>".utf8)
        let late = WireAnswer(status: 200, fields: HeaderFields(), body: body)
        let operation = StoreOperation.completeUpload(uploadID: Self.id)
        #expect(Self.judge(late, to: operation) == .unclear(status: 200))
    }

    @Test func `knows that an append reports the checksum of the whole object`() {
        let answer = Self.answer(.stored(Self.object, .none), to: .appendObject(position: 0))
        guard case .stored(let first) = Self.judge(answer, to: .appendObject(position: 0)),
            case .stored(let later) = Self.judge(answer, to: .appendObject(position: 5), Checksums(crc64: 7))
        else {
            Issue.record("not stored")
            return
        }
        #expect(first.isVerified && !later.isVerified)
        guard case .mismatch = Self.judge(answer, to: .appendObject(position: 0), Checksums(crc64: 7)) else {
            Issue.record("no mismatch")
            return
        }
    }

    @Test(arguments: [
        Refusal.noSuchUpload, .invalidPart("m"), .invalidPartOrder, .positionMismatch(length: 7), .notAppendable,
        .tooSmall(minimum: 102_400), .busy("m"), .internalError,
    ])
    func `sees that nothing is stored`(refusal: Refusal) {
        let error = OSSDialect().error(refusal)
        let answer = OSSDialect().answer(error, toHead: false, OSSAnswerTests.context)
        for operation in [
            StoreOperation.putPart(uploadID: Self.id, number: 1), .completeUpload(uploadID: Self.id),
            .appendObject(position: 0),
        ] {
            guard case .notStored(let status, let document) = Self.judge(answer, to: operation) else {
                Issue.record("\(operation)")
                continue
            }
            #expect(status == error.status)
            #expect(document.code == error.code)
        }
    }

    @Test(
        arguments: [
            (
                200,
                "<InitiateMultipartUploadResult xmlns=\"x\"><UploadId>U&amp;1</UploadId></InitiateMultipartUploadResult>",
                "U&1"
            ),
            (200, "<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>", nil), (200, "", nil),
            (403, "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>", nil),
            (201, "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>", nil),
        ] as [(Int, String, String?)])
    func `reads which upload began`(status: Int, body: String, id: String?) {
        let answer = WireAnswer(status: status, fields: HeaderFields(), body: Array(body.utf8))
        #expect(OSSDialect().created(answer).map { text($0.uploadID) } == id)
    }

    @Test func `reads what HEAD says of an object`() {
        let request = ClientRequest(.headObject, bucket: "examplebucket", key: [1], addressing: .path)
        let answer = OSSDialect().object(Self.object, to: request, OSSAnswerTests.context).answer
        let facts = OSSDialect().facts(ofHead: answer.fields)
        #expect(facts.size == 11 && facts.etag == Self.object.etag && facts.crc64 == Self.object.crc64)
        #expect(facts.contentMD5 == Self.object.contentMD5 && facts.lastModified == 1_699_999_999)
        #expect(facts.contentType == "text/plain")
        #expect(facts.kept.string("x-oss-meta-a") == "1" && facts.kept.string("Cache-Control") == "no-cache")
        let bare = OSSDialect().facts(ofHead: HeaderFields())
        #expect(bare.size == 0 && bare.etag.isEmpty && bare.crc64 == nil)
    }
}
