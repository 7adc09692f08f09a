// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Settings
import Testing

@testable import Gateway

@Suite struct ExplainerTests {
    private func explain(
        _ method: String = "PUT", _ path: String, fields: [(name: String, value: String)] = [], size: UInt64? = 5,
        listener: String? = nil
    ) throws -> String {
        let environment = Environment(clock: WallClock(fixedSeconds: 1_700_000_000), seed: 1)
        var explainer = Explainer(settings: try settings(commonConfig), environment: environment)
        return try explainer.explain(
            Explainer.Question(
                method: method, url: "http://edge.test\(path)", fields: fields, size: size, listener: listener))
    }

    @Test func `tells route, place, signed request and callback, and no secret`() throws {
        let text = try explain("PUT", "/store/a.txt", fields: [("X-Device", "d1"), ("X-Who", "me")])
        let lines = text.split(separator: "\n").map(String.init)
        for line in [
            "listener: edge (plain)", "  byStore: takes it", "store: media", "bucket: media", "object: in/a.txt",
            "size limit: 1048576 bytes", "integrity: full", "callback: app, made by the store",
            "  url: http://app.test/done",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
        #expect(text.contains("PUT /media/in/a.txt HTTP/1.1"))
        #expect(text.contains("x-oss-meta-who: me"))
        #expect(text.contains("OSS4-HMAC-SHA256"))
        #expect(text.contains(#"{"x:device":"d1"}"#))
        #expect(text.contains("***"))
        #expect(!text.contains("key-secret") && !text.contains("token-secret"))
    }

    @Test func `keeps the token out of what the older signature covers, too`() throws {
        let config = commonConfig.replacing("bucket: media\n", with: "bucket: media\n    signature: v1\n")
        var explainer = Explainer(settings: try settings(config), environment: Environment(seed: 1))
        let text = try explainer.explain(
            Explainer.Question(method: "PUT", url: "http://a/x", fields: [], size: 1, listener: nil))
        #expect(text.contains("OSS key-id:"))
        #expect(text.contains("x-oss-security-token:***"))
        #expect(!text.contains("token-secret"))
    }

    @Test func `tells why earlier routes did not match, and the body of its own callback`() throws {
        let text = try explain("PUT", "/own/dir/b.jpg", fields: [("X-Device", "d\"2")])
        #expect(text.contains("  byStore: ") && !text.contains("  byStore: takes it"))
        #expect(text.contains("  own: takes it"))
        #expect(text.contains("object: 2023/b.jpg"))
        #expect(text.contains("callback: app, made by Putback"))
        #expect(text.contains("  x:device = d\"2"))
        #expect(text.contains(#"{"object":"2023/b.jpg","device":"d\"2"}"#))
        #expect(text.contains("request: none, the object becomes a file below /tmp/objects"))
    }

    @Test(
        arguments: [
            ("GET", "/x", 5, "refused: 405 method-not-allowed"), ("PUT", "/x", 2_000_000, "refused: 413 too-large"),
            ("PUT", "/%zz", 5, "refused: 400 "), ("PUT", "/", 5, "refused: 400 bad-key"),
            ("BAD METHOD", "/x", 5, "refused: 400 malformed-request"),
        ] as [(String, String, UInt64, String)])
    func `ends at the refusal that an upload would get`(
        method: String, path: String, size: UInt64, refusal: String
    ) throws {
        let text = try explain(method, path, size: size)
        let last = text.split(separator: "\n").last.map(String.init) ?? ""
        #expect(last.hasPrefix(refusal), "\(text)")
    }

    @Test func `explains a body in chunks`() throws {
        #expect(try explain("POST", "/x", size: nil).contains("Transfer-Encoding: chunked"))
    }

    @Test func `knows only listeners that are there`() throws {
        let problem = #expect(throws: Explainer.Problem.self) { try explain("PUT", "/x", listener: "nobody") }
        #expect(problem?.message == "there is no listener \"nobody\"")
        #expect(try explain("PUT", "/x", listener: "sdk").hasPrefix("listener: sdk (oss)\n"))
    }
}
