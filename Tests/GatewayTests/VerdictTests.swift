// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Dialects
import HTTPWire
import Testing

@testable import Gateway

/// What a store's answers mean, and what clients are told of failures.
@Suite struct VerdictTests {
    /// CRC-64 and MD5 of `hello world`.
    private static let crc64: UInt64 = 5_981_764_153_023_615_706
    private static let good = [("ETag", "\"5EB63BBBE01EEED093CB22BB8F5ACDC3\""), ("x-oss-hash-crc64ecma", "\(crc64)")]

    private func judge(
        _ status: Int, _ list: [(String, String)] = good, body: String = "", path: String = "/x",
        crc64: UInt64? = Self.crc64, fromSDK: Bool = false
    ) throws -> StoreVerdict {
        let answer = WireAnswer(status: status, fields: fields(list), body: Array(body.utf8))
        var planned = try Planned(path)
        if fromSDK { planned.fromSDK(bucket: "media", callback: nil) }
        return try planned.plan().judge(answer, StreamedFacts(size: 11, crc64: crc64))
    }

    private func document(_ code: String, _ message: String = "Why.") -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
    }

    @Test func `believes a store whose checksum is right`() throws {
        guard case .stored(let object, let callback, let relay) = try judge(200) else {
            Issue.record("not stored")
            return
        }
        #expect(object.size == 11)
        #expect(object.etagText == "5EB63BBBE01EEED093CB22BB8F5ACDC3" && object.crc64 == Self.crc64)
        #expect(callback == .notAsked && relay == nil)
    }

    @Test func `passes the store's own answer on to clients of its dialect`() throws {
        guard case .stored(_, _, let relay) = try judge(200, fromSDK: true) else {
            Issue.record("not stored")
            return
        }
        #expect(relay?.status == 200 && relay?.fields == fields(Self.good))
        guard case .refused(_, let refusal) = try judge(403, [], body: document("AccessDenied"), fromSDK: true) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal?.status == 403 && refusal?.body.isEmpty == false)
    }

    @Test func `believes no store that has nothing to compare, unless the route does without`() throws {
        guard case .mismatch(let failure) = try judge(200, []) else {
            Issue.record("it was believed")
            return
        }
        #expect(failure.code == .storeMismatch && failure.message.contains("integrity: length"))
        guard case .stored = try judge(200, [], crc64: nil) else {
            Issue.record("it was not believed")
            return
        }
    }

    @Test func `reports another checksum as a mismatch`() throws {
        guard case .mismatch(let failure) = try judge(200, [("x-oss-hash-crc64ecma", "1")]) else {
            Issue.record("it was believed")
            return
        }
        #expect(failure.message.contains("crc64 1 of the object") && failure.status == 502)
    }

    @Test func `tells a callback's answer and its failure apart`() throws {
        guard
            case .stored(_, let success, _) = try judge(
                200, Self.good + [("Content-Type", "a/b")], body: "hi", path: "/store/x")
        else {
            Issue.record("not stored")
            return
        }
        #expect(success == .succeeded(body: Array("hi".utf8), contentType: "a/b"))
        let body = document("CallbackFailed", "Error status : 502.")
        guard case .stored(_, let failure, let relay) = try judge(203, body: body, path: "/store/x", fromSDK: true)
        else {
            Issue.record("not stored")
            return
        }
        #expect(failure == .failed(message: "Error status : 502.", ec: nil, appStatus: 502))
        #expect(relay?.status == 203)
    }

    @Test(
        arguments: [
            (400, "InvalidDigest", 400, .badDigest), (400, "InvalidObjectName", 400, .badKey),
            (409, "FileAlreadyExists", 409, .objectExists), (400, "EntityTooLarge", 413, .tooLarge),
            (413, "", 413, .tooLarge), (503, "ServiceUnavailable", 503, .storeBusy), (429, "", 503, .storeBusy),
            (403, "AccessDenied", 502, .storeRefused), (404, "NoSuchBucket", 502, .storeRefused),
            (500, "InternalError", 502, .storeRefused), (301, "", 502, .storeRefused),
        ] as [(Int, String, Int, Failure.Code)])
    func `tells a refusal that the client caused from one that it did not`(
        status: Int, code: String, told: Int, failureCode: Failure.Code
    ) throws {
        let body = code.isEmpty ? "" : document(code)
        guard case .refused(let failure, let relay) = try judge(status, [], body: body, fromSDK: true) else {
            Issue.record("not refused")
            return
        }
        #expect(failure.status == told && failure.code == failureCode)
        #expect(failure.storeStatus == status && failure.storeCode == (code.isEmpty ? nil : code))
        #expect(relay?.status == status)
    }

    @Test(
        arguments: [
            (.tos, 400, "BadDigest", nil, 400, .badDigest), (.tos, 400, "InvalidDigest", nil, 400, .badDigest),
            (.tos, 400, "KeyTooLong", nil, 400, .badKey), (.tos, 400, "EntityTooLarge", nil, 413, .tooLarge),
            (.tos, 409, "DuplicateObject", "0017-00000004", 409, .objectExists),
            (.tos, 403, "AccessDenied", nil, 502, .storeRefused), (.us3, 400, "-15036", nil, 400, .badDigest),
            (.us3, 400, "-148660", nil, 502, .storeRefused), (.us3, 403, "-148658", nil, 502, .storeRefused),
        ] as [(DialectName, Int, String, String?, Int, Failure.Code)])
    func `knows a client's fault by the codes of each vendor`(
        name: DialectName, status: Int, code: String, ec: String?, told: Int, failureCode: Failure.Code
    ) {
        let document = ErrorDocument(code: code, message: "m", ec: ec)
        let failure = Failure.storeRefused(status: status, document, HeaderFields(), name.dialect)
        #expect(failure.status == told && failure.code == failureCode)
        #expect(failure.storeStatus == status && failure.storeCode == code)
    }

    @Test func `passes on how long a busy store wants to be left alone`() throws {
        guard
            case .refused(let failure, _) = try judge(503, [("Retry-After", "7")], body: document("ServiceUnavailable"))
        else {
            Issue.record("not refused")
            return
        }
        #expect(failure.retryAfter == 7)
    }

    @Test(arguments: [502, 504, 500, 201, 204, 203])
    func `claims nothing from an answer that no store of the kind gives`(status: Int) throws {
        guard case .unknown(let failure) = try judge(status, []) else {
            Issue.record("it was taken for an answer")
            return
        }
        #expect(failure.code == .storeBadAnswer && failure.storeStatus == status)
    }

    // MARK: - In OSS's words

    @Test(arguments: Failure.Code.allCases)
    func `never makes an SDK repeat what is, or may be, stored`(code: Failure.Code) {
        for status in [400, 500, 502, 503] {
            let failure = Failure(code, party: .store, phase: .judging, status: status, "Something.")
            for stored in [Stored.yes, .unknown] {
                let error = OSSDialect().error(failure.refusal(stored: stored))
                // SDKs repeat 5xx, 408 and 429.
                #expect((400..<500).contains(error.status) && error.status != 408 && error.status != 429)
                #expect(error.message.contains("may be stored") == (stored == .unknown))
            }
            let error = OSSDialect().error(failure.refusal())
            #expect(!error.code.isEmpty && !error.message.isEmpty)
            #expect(error.status >= 400)
        }
    }

    @Test func `tells SDKs to try again only what may succeed then`() {
        func status(_ code: Failure.Code, _ message: String = "x") -> Int {
            OSSDialect().error(Failure(code, party: .client, phase: .storing, status: 400, message).refusal()).status
        }
        #expect(status(.overloaded) == 503 && status(.draining) == 503 && status(.storeBusy) == 503)
        #expect(status(.tooLarge) == 400 && status(.badKey) == 400 && status(.forbidden) == 403)
        #expect(status(.notFound) == 404 && status(.objectExists) == 409)
        let crc = OSSDialect().error(
            Failure(.badDigest, party: .client, phase: .storing, status: 400, "The CRC-64 is wrong.").refusal())
        #expect(crc.code == "InvalidCRC64")
    }
}
