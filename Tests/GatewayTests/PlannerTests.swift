// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Dialects
import Digests
import HTTPWire
import Octets
import Settings
import Testing

@testable import Gateway

@Suite struct PlannerTests {
    private static let clientCallback = #"{"callbackUrl":"http://app.test/mine","callbackBody":"object=${object}"}"#

    @Test func `renders key, route fields and type from the request`() throws {
        let plan = try Planned("/store/a%20b/c.txt", "X-Who: me\nContent-Type: image/png").plan()
        #expect(Array(plan.key).text == "in/a b/c.txt")
        #expect(plan.bucket == "media")
        #expect(plan.routeFields.string("x-oss-meta-who") == "me")
        #expect(plan.mimeType == "text/plain", "the route's type replaces the client's")
        #expect(plan.length == 5 && plan.sizeLimit == 1 << 20)
        #expect(!plan.isFromSDK)
    }

    @Test func `takes the date from the clock that it is given`() throws {
        #expect(Array(try Planned("/own/x/y.jpg").plan().key).text == "2023/y.jpg")
    }

    @Test func `takes the client's type, and says so where there is none`() throws {
        #expect(try Planned("/plain.png", "Content-Type: image/png").plan().mimeType == "image/png")
        #expect(try Planned("/plain.png").plan().mimeType == "application/octet-stream")
    }

    @Test func `lets a client's values change no line of the store request`() throws {
        // The parser lets a tab pass; in a template it is one more character of a value.
        let plan = try Planned("/store/x%0d%0aX-Evil:%201", "X-Who: a\tb").plan()
        #expect(Array(plan.key).text == "in/x\r\nX-Evil: 1")
        let (head, _) = try requests().explain(plan, now: 1_700_000_000)
        #expect(!head.text.contains("\r\nX-Evil"))
        #expect(head.text.hasPrefix("PUT /media/in/x%0D%0AX-Evil%3A%201 HTTP/1.1\r\n"))
    }

    private func requests() throws -> StoreRequests {
        let store = try settings(commonConfig).stores[0]
        guard case .remote(let oss) = store.kind else { throw PlanError.failure(.internalError) }
        return StoreRequests(oss)
    }

    @Test func `limits a size by the route`() throws {
        #expect(try Planned("/small/x", length: 10).plan().sizeLimit == 10)
        #expect(try Planned("/small/x", length: 11).plan().route.name == "rest")
    }

    @Test func `refuses a key that is empty or too long`() throws {
        for path in ["/", "/" + String(repeating: "k", count: 1024)] {
            guard case .failure(let failure) = try Planned(path).problem() else {
                Issue.record("\(path.count) bytes of path were planned")
                continue
            }
            #expect(failure.code == .badKey && failure.status == 400 && failure.phase == .planning)
        }
    }

    // MARK: - Callbacks of the route

    @Test func `lets the store make the callback where it can`() throws {
        let plan = try Planned("/store/x", "X-Device: d\"1").plan()
        guard case .byStore(let parameters) = plan.callback else {
            Issue.record("\(plan.callback)")
            return
        }
        let callback = try json(Array(decoded(parameters.callback).utf8))
        #expect(callback["callbackUrl"]?.stringValue == "http://app.test/done")
        let variables = try json(Array(decoded(parameters.variables ?? "").utf8))
        #expect(variables["x:device"]?.stringValue == "d\"1")
        #expect(plan.asksStoreForCallback && plan.ownCallback == nil)
        #expect(plan.callbackName == "app")
        #expect(plan.onFailure.status == 202 && plan.onFailure.object == .delete)
        #expect(!plan.isRepeatable)
    }

    @Test func `makes the callback itself where the store cannot`() throws {
        let planned = try Planned("/own/x", "X-Device: 7")
        let plan = try planned.plan()
        let own = try #require(plan.ownCallback)
        #expect(own.urls.map(\.description) == ["http://app.test/done"])
        #expect(own.custom == [CustomVariable(name: "device", value: Array("7".utf8))])
        #expect(own.rules == .app)
        guard case .policy(let index) = own.target else {
            Issue.record("the operator wrote this URL")
            return
        }
        #expect(own.urls.map(\.description) == planned.settings.callbacks[index].urls)
        #expect(!plan.asksStoreForCallback && plan.isRepeatable)
    }

    private static let signing = "signing: {callbackKey: \"plain:key\", publicKeyURL: \"http://k/\"}\n"

    @Test(arguments: [(false, "", false), (false, signing, true), (true, "", true), (true, signing, true)])
    func `signs the callbacks of plain uploads where a key is configured`(
        isSDK: Bool, signing: String, isSigned: Bool
    ) throws {
        var planned = try Planned("/own/x", config: commonConfig + "\n" + signing)
        if isSDK { planned.fromSDK(bucket: "uploads", callback: nil) }
        let key = try RSAPrivateKey.generate(bits: 1024)
        let own = try #require(try planned.plan(signer: .init(key: key, publicKeyURL: "http://k/")).ownCallback)
        let facts = CallbackFacts(
            bucket: "b", object: [], etag: "", size: 5, mimeType: "a/b", clientIP: "::1", requestID: "1",
            operation: "PutObject")
        #expect(try own.request(own.urls[0], facts, 0).fields.contains("authorization") == isSigned)
    }

    @Test func `refuses callback variables that the store would refuse`() throws {
        let device = String(repeating: "d", count: 4000)
        guard case .failure(let failure) = try Planned("/store/x", "X-Device: \(device)").problem() else {
            Issue.record("it was planned")
            return
        }
        #expect(failure.code == .badValue && failure.status == 400)
        // Putback itself has no such limit.
        #expect(try Planned("/own/x", "X-Device: \(device)").plan().ownCallback != nil)
    }

    // MARK: - Callbacks of clients

    @Test func `passes a client's callback to a store of its dialect as it came`() throws {
        var planned = try Planned("/allowed/x")
        planned.fromSDK(bucket: "uploads", callback: Self.clientCallback, variables: #"{"x:a":"b"}"#)
        let plan = try planned.plan()
        guard case .byStoreAsSent(let callback, let variables) = plan.callback else {
            Issue.record("\(plan.callback)")
            return
        }
        #expect(decoded(callback.text) == Self.clientCallback)
        #expect(decoded(variables?.text ?? "") == #"{"x:a":"b"}"#)
        #expect(plan.callbackName == "client" && plan.isFromSDK && !plan.isRepeatable)
    }

    @Test func `makes a client's callback for a store that makes none, by the rules of its vendor`() throws {
        var planned = try Planned("/shelved/x")
        planned.fromSDK(bucket: "uploads", callback: Self.clientCallback, variables: #"{"x:a":"b"}"#)
        let own = try #require(try planned.plan().ownCallback)
        #expect(own.rules == .vendor(.oss))
        #expect(own.custom == [CustomVariable(name: "a", value: Array("b".utf8))])
        guard case .client(let allowance) = own.target else {
            Issue.record("a client wrote this URL")
            return
        }
        func mayConnect(_ url: CallbackURL, _ address: [UInt8]) -> Bool {
            allowance.allows(host: url.host, port: url.port, address: address.span)
        }
        #expect(mayConnect(own.urls[0], [93, 184, 216, 34]))
        #expect(!mayConnect(own.urls[0], [169, 254, 169, 254]))
    }

    @Test func `refuses a client's callback to a host that is not allowed`() throws {
        var planned = try Planned("/allowed/x")
        planned.fromSDK(bucket: "uploads", callback: #"{"callbackUrl":"http://evil.test/","callbackBody":"a=b"}"#)
        guard case .callback(let error) = planned.problem() else {
            Issue.record("it was planned")
            return
        }
        #expect(error.message == "Private address is forbidden to callback.")
    }

    @Test(arguments: ["not json", #"{"callbackUrl":"http://app.test/"}"#, #"{"callbackUrl":"x:y","callbackBody":"x"}"#])
    func `refuses a client's callback that cannot be read, before anything is stored`(callback: String) throws {
        var planned = try Planned("/allowed/x")
        planned.fromSDK(bucket: "uploads", callback: callback)
        guard case .callback = planned.problem() else {
            Issue.record("it was planned")
            return
        }
    }

    @Test func `takes parameters without a URL for none`() throws {
        var planned = try Planned("/allowed/x")
        planned.fromSDK(bucket: "uploads", callback: "{}")
        let plan = try planned.plan()
        #expect(!plan.asksStoreForCallback && plan.ownCallback == nil && plan.callbackName == nil)
    }

    @Test func `drops a client's callback where the route allows none or has its own`() throws {
        var forbidden = try Planned("/elsewhere")
        forbidden.fromSDK(bucket: "uploads", callback: Self.clientCallback)
        guard case .none = try forbidden.plan().callback else {
            Issue.record("a callback that nobody allowed")
            return
        }
        var other = try Planned("/store/x")
        other.fromSDK(bucket: "uploads", callback: Self.clientCallback)
        guard case .byStore(let parameters) = try other.plan().callback else {
            Issue.record("the route's policy was not used")
            return
        }
        #expect(decoded(parameters.callback).contains("http://app.test/done"))
        #expect(!decoded(parameters.callback).contains("mine"))
    }

    @Test func `makes nothing repeatable that a second request would change`() throws {
        #expect(try Planned("/x").plan().isRepeatable)
        #expect(try !Planned("/x", "x-oss-forbid-overwrite: true").plan().isRepeatable)
    }
}
