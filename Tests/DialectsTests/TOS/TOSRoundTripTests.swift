// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

/// What the outbound side writes, the parser, the inbound side and the verifier read back.
@Suite struct TOSRoundTripTests {
    static let now: Int64 = 1_767_323_045
    static let key = AccessKey(id: "AKLTEXAMPLEKEYID0000", secret: Array("secret".utf8), token: "sts/token+==")

    static let operations: [StoreOperation] = [
        .putObject, .appendObject(position: 7), .createUpload, .putPart(uploadID: Array("2f3b/+id==".utf8), number: 7),
        .completeUpload(uploadID: Array("u1".utf8)), .abortUpload(uploadID: Array("u1".utf8)),
        .listParts(uploadID: Array("u1".utf8), ListOptions()), .getObject, .headObject, .deleteObject,
    ]

    static func read(
        _ operation: StoreOperation, _ addressing: Addressing, key: String, fields: HeaderFields = HeaderFields(),
        callback: StoreCallback? = nil
    ) throws -> (request: StoreRequest, head: RequestHead, client: ClientRequest) {
        let authority = addressing == .path ? "127.0.0.1:9000" : "tos.example.com"
        let outbound = TOSOutbound(
            StoreIdentity(
                key: Self.key, region: "cn-beijing", signature: nil, addressing: addressing, authority: authority))
        var request = StoreRequest()
        let hasBody = operation.hasObjectBody
        outbound.write(
            operation, bucket: "examplebucket", key: Array(key.utf8), clientFields: fields, from: .sdk,
            routeFields: HeaderFields(), callback: callback, framing: hasBody ? .length(5) : .none, now: now,
            into: &request)
        var lines = ["\(request.method.name) \(String(octets: request.target.span)) HTTP/1.1"]
        for index in request.fields.indices {
            let (name, value) = (request.fields.name(at: index), request.fields.value(at: index))
            lines.append("\(String(octets: name.span)): \(String(octets: value.span))")
        }
        let head = try RequestText.head(lines)
        let place = ListenerPlace(
            baseHost: addressing == .virtualHost ? "tos.example.com" : nil,
            bucket: addressing == .customDomain ? "examplebucket" : nil)
        return (request, head, try TOSDialect().read(head, at: place))
    }

    @Test(arguments: operations, [Addressing.virtualHost, .path, .customDomain])
    func `reads back and verifies every operation`(operation: StoreOperation, style: Addressing) throws {
        for name in OSSRoundTripTests.keys where String(name.utf8.prefix(1)) != "/" {
            let (_, head, client) = try Self.read(operation, style, key: name)
            #expect(client.operation == operation)
            #expect(client.keyText == name)
            #expect(client.bucket == "examplebucket")
            let id = try TOSClientVerifier().verify(client, head, now: Self.now) { $0 == Self.key.id ? Self.key : nil }
            #expect(id == Self.key.id)
        }
    }

    @Test func `carries callbacks in header fields, and nothing that would steer the store`() throws {
        let client = fields([
            ("x-tos-meta-a", "1"), ("x-tos-security-token", "stolen"), ("x-tos-date", "1"), ("Authorization", "x"),
            ("x-tos-callback", "theirs"), ("x-tos-unknown", "1"), ("x-tos-storage-class", "IA"),
        ])
        let callback = StoreCallback(parameters: "e30=", variables: "e31=")
        let (request, _, read) = try Self.read(
            .putObject, .virtualHost, key: "a", fields: client, callback: callback)
        #expect(read.callback == RawCallback(callback: Array("e30=".utf8), variables: Array("e31=".utf8)))
        #expect(request.fields.string("x-tos-security-token") == "sts/token+==")
        #expect(request.fields.string("x-tos-storage-class") == "IA")
        #expect(request.fields.string("x-tos-meta-a") == "1")
        #expect(!request.fields.contains("x-tos-unknown"))
        #expect(request.fields.count(of: "Authorization") == 1)
    }

    @Test func `reads completions as both SDKs write them, and refuses what is none`() throws {
        let head = try RequestText.head(["POST /a?uploadId=u HTTP/1.1", "Host: h"])
        let body = #"{"Parts":[{"PartNumber":2,"ETag":"\"b\""},{"PartNumber":1,"ETag":"a"}]}"#
        let completion = try TOSDialect().readCompletion(body.utf8.span, head)
        #expect(completion.parts.map(\.number) == [1, 2] && completion.parts.map(\.etag) == ["a", "b"])
        for bad in ["", "{}", #"{"Parts":[]}"#, #"{"Parts":[{"PartNumber":0,"ETag":"a"}]}"#, "<xml/>"] {
            #expect(throws: VendorError.self) { try TOSDialect().readCompletion(bad.utf8.span, head) }
        }
        let all = try RequestText.head(["POST /a?uploadId=u HTTP/1.1", "Host: h", "x-tos-complete-all: yes"])
        #expect(try TOSDialect().readCompletion("".utf8.span, all).takesAll)
        #expect(throws: VendorError.self) { try TOSDialect().readCompletion(body.utf8.span, all) }
    }

    @Test(arguments: [
        (200, "", Verdict.stored(StoredFacts(etag: Array("e".utf8)[...], crc64: 5, isVerified: true))),
        (
            203, #"{"Code":"CallbackFailed","Message":"m"}"#,
            Verdict.callbackFailed(
                StoredFacts(etag: Array("e".utf8)[...], crc64: 5, isVerified: true),
                ErrorDocument(code: "CallbackFailed", message: "m"))
        ),
        (
            403, #"{"Error":{"Code":"AccessDenied","Message":"m"}}"#,
            Verdict.notStored(status: 403, ErrorDocument(code: "AccessDenied", message: "m"))
        ),
        (502, "<html>", Verdict.unclear(status: 502)),
    ])
    func `judges answers`(status: Int, body: String, verdict: Verdict) {
        let answer = WireAnswer(
            status: status, fields: fields([("ETag", "\"e\""), ("x-tos-hash-crc64ecma", "5")]), body: Array(body.utf8))
        let judged = TOSDialect().judge(
            answer, to: .putObject, streamed: Checksums(crc64: 5), callbackAsked: true)
        #expect(judged == verdict)
    }

    @Test func `an object that is another one is a mismatch`() {
        let answer = WireAnswer(status: 200, fields: fields([("x-tos-hash-crc64ecma", "6")]), body: [])
        let judged = TOSDialect().judge(answer, to: .putObject, streamed: Checksums(crc64: 5), callbackAsked: false)
        guard case .mismatch(_, let mismatch) = judged else {
            Issue.record("it was taken for the same")
            return
        }
        #expect((mismatch.streamed, mismatch.stored) == ("5", "6"))
    }
}
