// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Dialects

@Suite struct OSSRefusalTests {
    @Test(arguments: [
        (Refusal.tooLarge(maximum: 5), 400, "EntityTooLarge"), (.tooLarge(maximum: nil), 400, "EntityTooLarge"),
        (.tooSmall(minimum: 5), 400, "EntityTooSmall"), (.badKey("m"), 400, "InvalidObjectName"),
        (.badMD5, 400, "InvalidDigest"), (.badCRC64, 400, "InvalidCRC64"), (.badRequest("m"), 400, "InvalidArgument"),
        (.objectExists, 409, "FileAlreadyExists"), (.incompleteBody, 400, "IncompleteBody"),
        (.slowClient, 400, "RequestTimeout"), (.forbidden("m"), 403, "AccessDenied"),
        (.methodNotAllowed, 405, "MethodNotAllowed"), (.noSuchKey, 404, "NoSuchKey"),
        (.noSuchUpload, 404, "NoSuchUpload"),
        (.invalidPart("m"), 400, "InvalidPart"), (.invalidPartOrder, 400, "InvalidPartOrder"),
        (.partExists, 400, "InvalidPart"), (.notAppendable, 409, "ObjectNotAppendable"),
        (.positionMismatch(length: 7), 409, "PositionNotEqualToLength"), (.notImplemented("m"), 501, "NotImplemented"),
        (.busy("m"), 503, "ServiceUnavailable"), (.storeFailed("m"), 500, "InternalError"),
        (.doubtful("m"), 400, "RequestTimeout"), (.internalError, 500, "InternalError"),
    ])
    func `has OSS's words for what Putback refuses`(refusal: Refusal, status: Int, code: String) {
        let error = OSSDialect().error(refusal)
        #expect(error.status == status)
        #expect(error.code == code)
        #expect(!error.message.isEmpty)
    }

    /// Which answers the Python and Go SDKs v2 send an upload again after: `retry/retryable_error.go` of the Go SDK v2.
    @Test func `never asks for a repetition of what may be stored`() {
        for refusal in [Refusal.doubtful("m"), .badMD5, .badCRC64, .objectExists] {
            let error = OSSDialect().error(refusal)
            #expect(error.status < 500 && ![401, 408, 429].contains(error.status))
            #expect(!["RequestTimeTooSkewed", "BadRequest"].contains(error.code))
        }
    }

    @Test func `tells an append where the object ends`() {
        let error = OSSDialect().error(.positionMismatch(length: 42))
        let answer = OSSDialect().answer(error, toHead: false, OSSAnswerTests.context)
        #expect(answer.fields.string("x-oss-next-append-position") == "42")
        #expect(answer.fields.string("x-oss-ec") == "0026-00000016")
        #expect(text(answer.body).contains("<Code>PositionNotEqualToLength</Code>"))
    }

    @Test func `is found by its name`() {
        #expect(DialectName.oss.dialect is OSSDialect)
        #expect(OSSDialect().traits.reportsCRC64)
        #expect(OSSDialect().traits.smallestPartBytes == 102_400)
    }
}
