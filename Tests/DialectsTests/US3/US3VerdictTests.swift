// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct US3VerdictTests {
    static let etag = "AQAAACJZY2Oz3kCwb5gfuF2CMS6MDtUR"
    static let part = StoreOperation.putPart(uploadID: [1], number: 0)

    static func judge(
        _ answer: WireAnswer, _ operation: StoreOperation = .putObject, etag: String? = nil, callback: Bool = false
    ) -> Verdict {
        US3Dialect().judge(
            answer, to: operation, streamed: Checksums(us3ETag: etag), callbackAsked: callback)
    }

    static func error(_ status: Int, _ code: Int, _ message: String) -> WireAnswer {
        us3Answer(
            status, "{ \"RetCode\": \(code), \"ErrMsg\": \"\(message)\" }",
            [("Content-Type", "application/json"), ("X-Sessionid", "s-1")])
    }

    static func document(_ code: Int, _ message: String) -> ErrorDocument {
        ErrorDocument(code: String(code), message: message, requestID: "s-1")
    }

    static func facts(_ etag: String?, verified: Bool = false) -> StoredFacts {
        var facts = StoredFacts()
        facts.etag = etag.map { Array($0.utf8)[...] }
        facts.isVerified = verified
        return facts
    }

    @Test func `takes 200 and 201 for stored and compares ETags`() {
        let answer = us3Answer(200, "", [("ETag", "\"\(Self.etag)\"")])
        #expect(Self.judge(answer) == .stored(Self.facts(Self.etag)))
        #expect(Self.judge(answer, etag: Self.etag) == .stored(Self.facts(Self.etag, verified: true)))
        #expect(Self.judge(us3Answer(201)) == .stored(Self.facts(nil)))
        // Some services spell it so.
        #expect(
            Self.judge(us3Answer(200, "", [("Etag", Self.etag)]), etag: Self.etag)
                == .stored(Self.facts(Self.etag, verified: true)))
        let other = "AQAAAJhCkmr3ygqMyhJgT5RUFPB7AeE9"
        #expect(
            Self.judge(answer, etag: other)
                == .mismatch(
                    Self.facts(Self.etag), ChecksumMismatch(kind: .etag, streamed: other, stored: Self.etag)))
    }

    @Test func `compares ETags of one kind only`() {
        let part = "mEKSavfKCozKEmBPlFQU8HsB4T0="
        let answer = us3Answer(200, "{\"PartNumber\":0}", [("ETag", "\"\(part)\"")])
        #expect(Self.judge(answer, Self.part, etag: part) == .stored(Self.facts(part, verified: true)))
        // upload_part.md shows one of 32 characters.
        let sample = us3Answer(200, "{\"PartNumber\":0}", [("ETag", Self.etag)])
        #expect(Self.judge(sample, Self.part, etag: part) == .stored(Self.facts(Self.etag)))
    }

    /// The rows of the error tables and of live output.
    @Test(arguments: [
        (400, -148653, "bucket not exists"), (404, -30010, "bucket not exist"), (400, -15036, "check md5 failed"),
        (401, -148643, "no authorization found"), (403, -148643, "invalid signature"),
        (403, -148658, "invalid signature"), (404, -148654, "file not exist"), (400, -148660, "invalid put policy"),
        (400, -148660, "content length:4194404 larger than block size:4194304"),
        (400, -148660, "storage class is not archive"), (403, -148660, "switch class not allowed"),
        (406, -148660, "new file name already exists"), (500, -1014, "put duplicate key error"),
        (419, -148660, "range"),
    ])
    func `knows the errors of US3, with and without a policy`(status: Int, code: Int, message: String) {
        for callback in [false, true] {
            for operation in [StoreOperation.putObject, .completeUpload(uploadID: [1]), Self.part] {
                #expect(
                    Self.judge(Self.error(status, code, message), operation, callback: callback)
                        == .notStored(status: status, Self.document(code, message)))
            }
        }
    }

    @Test(arguments: [
        (20003, "send request error: Post http://a/: dial tcp 1.2.3.4:1: getsockopt: connection refused"),
        (20008, "expect json, but received text/plain; charset=utf-8"),
        (20008, "expect json, but the response body is not a strict json string"),
    ])
    func `tells a failed callback from a failed upload`(code: Int, message: String) {
        for operation in [StoreOperation.putObject, .completeUpload(uploadID: [1])] {
            #expect(
                Self.judge(Self.error(599, code, message), operation, callback: true)
                    == .callbackFailed(Self.facts(nil), Self.document(code, message)))
        }
    }

    @Test(arguments: [200, 201, 204 + 2, 302, 400, 404, 500, 503, 599])
    func `takes the app's answer for stored, whatever its status`(status: Int) {
        let headers = [("Content-Type", "application/json; charset=utf-8")]
        for body in ["{\"ok\":false}", "[]", "{\"RetCode\":7,\"ErrMsg\":\"mine\"}"]
        where status != 599 || body != "{\"RetCode\":7,\"ErrMsg\":\"mine\"}" {
            #expect(
                Self.judge(us3Answer(status, body, headers), callback: true) == .stored(Self.facts(nil)))
        }
        let told = us3Answer(status, "{}", headers + [("ETag", Self.etag)])
        #expect(Self.judge(told, etag: Self.etag, callback: true) == .stored(Self.facts(Self.etag, verified: true)))
    }

    @Test func `does not take a proxy's page for the app's answer`() {
        let page = [("Content-Type", "text/html")]
        for callback in [false, true] {
            #expect(
                Self.judge(us3Answer(404, "<html>", page), callback: callback)
                    == .notStored(status: 404, ErrorDocument(code: "", message: "")))
            for status in [500, 502, 504, 599] {
                #expect(
                    Self.judge(us3Answer(status, "<html>", page), callback: callback) == .unclear(status: status))
            }
        }
        #expect(Self.judge(us3Answer(202)) == .unclear(status: 202))
        #expect(Self.judge(us3Answer(500, "{}", [("Content-Type", "application/json")])) == .unclear(status: 500))
    }

    @Test func `does not call a callback made that nobody answered`() {
        let answer = us3Answer(200, "", [("ETag", Self.etag)])
        #expect(
            Self.judge(answer, callback: true)
                == .callbackFailed(Self.facts(Self.etag), ErrorDocument(code: "", message: "")))
    }

    @Test func `does not call a success what says that it is none`() {
        for callback in [false, true] {
            #expect(Self.judge(Self.error(200, -148660, "x"), callback: callback) == .unclear(status: 200))
            #expect(Self.judge(Self.error(599, -148660, "x"), callback: callback) == .unclear(status: 599))
        }
        #expect(Self.judge(Self.error(599, 20003, "x")) == .unclear(status: 599))
        // An app may have such a code of its own.
        let own = us3Answer(
            200, "{\"RetCode\":-1,\"ErrMsg\":\"mine\"}", [("Content-Type", "application/json"), ("ETag", Self.etag)])
        #expect(Self.judge(own, etag: Self.etag, callback: true) == .stored(Self.facts(Self.etag, verified: true)))
    }

    @Test func `takes a part that is there already for stored`() {
        let part = "mEKSavfKCozKEmBPlFQU8HsB4T0="
        let answer = Self.error(500, -1014, "put duplicate key error")
        #expect(Self.judge(answer, Self.part, etag: part) == .stored(Self.facts(part)))
        #expect(
            Self.judge(answer, .putObject, etag: Self.etag)
                == .notStored(status: 500, Self.document(-1014, "put duplicate key error")))
    }

    @Test func `needs the size of parts to begin an upload`() {
        let body = #"{"UploadId":"u-1","BlkSize":8388608,"Bucket":"b","Key":"k"}"#
        let created = CreatedUpload(uploadID: Array("u-1".utf8), partBytes: 8 << 20)
        #expect(US3Dialect().created(us3Answer(200, body)) == created)
        #expect(US3Dialect().created(us3Answer(201, body)) == created)
        for other in [
            #"{"UploadId":"u-1"}"#, #"{"BlkSize":1}"#, #"{"UploadId":"","BlkSize":1}"#, "[]", "",
            #"{"UploadId":"u","BlkSize":0}"#,
        ] {
            #expect(US3Dialect().created(us3Answer(200, other)) == nil)
        }
        #expect(US3Dialect().created(us3Answer(403, body)) == nil)
    }

    @Test func `reads no error where there is none`() {
        for body in ["", "{}", "<html>", #"{"RetCode":0,"ErrMsg":""}"#, #"{"RetCode":-1}"#, #"{"ErrMsg":"x"}"#] {
            #expect(US3Dialect().errorDocument(us3Answer(400, body)).code.isEmpty)
        }
        let document = US3Dialect().errorDocument(Self.error(403, -148658, "invalid signature"))
        #expect(document == Self.document(-148658, "invalid signature"))
    }

    @Test func `says what US3 takes`() {
        let traits = US3Dialect().traits
        #expect(!traits.takesChunks)
        #expect(traits.firstPartNumber == 0)
        #expect(traits.hasFixedParts)
        #expect(!traits.reportsCRC64)
        #expect(traits.largestPutBytes == 536_870_912)
        #expect(DialectName.us3.dialect is US3Dialect)
    }
}
