// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import HTTPWire
import Testing

@testable import Gateway

@Suite struct RequestTraceTests {
    private let own = RequestID(prefix: 1, counter: 2)

    private func read(_ ids: String...) -> RequestTrace? {
        var fields = HeaderFields()
        for id in ids { fields.append(name: "X-Request-Id", id) }
        return RequestTrace.read(fields)
    }

    @Test(arguments: [
        "a", "7b8f3a2e-3c1d-4a53-9f0e-5a1b2c3d4e5f", "Root=1-67891233:abc/def+x@y.z_~".replacing("~", with: ""),
        String(repeating: "x", count: 128),
    ])
    func `takes a client's id`(id: String) {
        #expect(PublicID(own: own, trace: read(id)).text == id)
    }

    @Test(arguments: [
        "", String(repeating: "x", count: 129), "a b", "a\"b", "<script>", "a\\b", "a,b", "a;b", "a'b", "a&b", "é",
        "a%0Ab",
    ])
    func `gives another where it could do harm`(id: String) {
        #expect(PublicID(own: own, trace: read(id)).text == own.text)
    }

    @Test func `gives another to a request that has two`() {
        #expect(PublicID(own: own, trace: read("a", "a")).text == own.text)
    }

    @Test func `a route's own field of that name stays`() {
        var fields = HeaderFields()
        fields.append("X-Request-Id", "of the route")
        fields.append(PublicID(own: own, trace: read("a")))
        #expect(fields.count == 1 && fields.string("x-request-id") == "of the route")
    }
}
