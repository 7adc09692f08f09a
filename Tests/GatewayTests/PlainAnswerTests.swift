// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

@testable import Gateway

/// Problem documents, read back.
@Suite struct PlainAnswerTests {
    private func problem(
        _ failure: Failure, stored: Stored, outcome: Outcome? = nil, plan: UploadPlan? = nil
    ) throws -> JSON {
        try json(
            PlainAnswer.problem(
                failure, stored: stored, outcome: outcome, plan: plan,
                id: PublicID(own: RequestID(prefix: 1, counter: 2))
            ).array())
    }

    @Test(arguments: [(.yes, .bool(true)), (.no, .bool(false)), (.unknown, .null)] as [(Stored, JSON)])
    func `says whether the object is stored: true, false, or null where nobody can tell`(
        stored: Stored, value: JSON
    ) throws {
        let document = try problem(someFailure, stored: stored)
        #expect(document["stored"] == value)
        #expect(
            document.objectValue?.map(\.key)
                == ["type", "title", "status", "detail", "code", "party", "phase", "requestId", "stored"])
    }

    @Test func `tells status, code, party and phase in the words of the log`() throws {
        let document = try problem(.tooLarge(5), stored: .no)
        #expect(document["type"]?.stringValue == "about:blank")
        #expect(document["title"]?.stringValue == "Content Too Large")
        #expect(document["status"]?.integerValue == 413)
        #expect(document["detail"]?.stringValue == "The body is longer than 5 bytes.")
        #expect(document["code"]?.stringValue == "too-large")
        #expect(document["party"]?.stringValue == "client" && document["phase"]?.stringValue == "storing")
        #expect(document["requestId"]?.stringValue == "000000010000000000000002")
    }

    @Test func `quotes what a store said, whatever it is`() throws {
        let message = "Line\r\nbreak, \"quote\", \u{0}, </script>"
        let failure = Failure(
            .storeRefused, party: .store, phase: .judging, status: 502, message, storeStatus: 403,
            storeCode: "Access\"Denied")
        let document = try problem(failure, stored: .no)
        #expect(document["detail"]?.stringValue == message)
        #expect(document["storeStatus"]?.integerValue == 403)
        #expect(document["storeCode"]?.stringValue == "Access\"Denied")
    }

    @Test func `names the stored object and what the app did`() throws {
        let object = StoredObjectFacts(size: 5)
        let outcome = Outcome(stored: .yes, object: object, callback: failed, failure: someFailure)
        let document = try problem(
            someFailure, stored: .yes, outcome: outcome, plan: Planned("/a%FF").plan())
        #expect(document["bucket"]?.stringValue == "media")
        #expect(document["object"]?.stringValue == "a\u{fffd}")
        #expect(document["size"]?.integerValue == 5)
        #expect(document["etag"] == .null)
        #expect(document["callback"]?["error"]?.stringValue == "The app answered 500.")
        #expect(document["callback"]?["status"]?.integerValue == 500)
    }
}
