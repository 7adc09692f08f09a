// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Octets
import Testing

/// Made with the official Python SDKs `oss2` and `alibabacloud-oss-v2`; their signed requests carry these values.
private enum Known {
    static let callback =
        "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hcHAuZXhhbXBsZS5jb206ODA4MC9vc3MvY2FsbGJhY2s/aWQ9MSIsImNhbGxiYWNr"
        + "SG9zdCI6ImFwcC5leGFtcGxlLmNvbSIsImNhbGxiYWNrQm9keSI6ImJ1Y2tldD0ke2J1Y2tldH0mb2JqZWN0PSR7b2JqZWN0"
        + "fSZldGFnPSR7ZXRhZ30mc2l6ZT0ke3NpemV9Jm1pbWVUeXBlPSR7bWltZVR5cGV9JnVpZD0ke3g6dWlkfSIsImNhbGxiYWNr"
        + "Qm9keVR5cGUiOiJhcHBsaWNhdGlvbi94LXd3dy1mb3JtLXVybGVuY29kZWQifQ=="
    static let variables = "eyJ4OnVpZCI6IjEyMzQ1IiwieDp0YWciOiJhIGImYyJ9"
    static let body =
        "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}&uid=${x:uid}"
    static let custom = [
        CustomVariable(name: "uid", value: "12345".bytes), CustomVariable(name: "tag", value: "a b&c".bytes),
    ]
}

@Suite struct CallbackEncodingTests {
    private func callbackJSON(_ policy: CallbackPolicy) throws -> JSON {
        let parameters = try CallbackCodec(.oss).encode(policy, variables: [])
        return try parsedJSON(try #require(base64Decoded(parameters.callback)))
    }

    @Test func `writes what the vendor's SDKs write`() throws {
        let policy = try CallbackPolicy.sample(
            urls: ["http://app.example.com:8080/oss/callback?id=1"], host: "app.example.com", type: .form,
            body: Known.body)
        let parameters = try CallbackCodec(.oss).encode(policy, variables: Known.custom)
        #expect(parameters.callback == Known.callback)
        #expect(parameters.variables == Known.variables)
    }

    @Test func `asks for the server name when a URL is https`() throws {
        let json = try callbackJSON(.sample(urls: ["http://a/", "HTTPS://b/x"]))
        #expect(
            json.text == #"{"callbackUrl":"http://a/;HTTPS://b/x","callbackBody":"{\"object\":${object}}","#
                + #""callbackBodyType":"application/json","callbackSNI":true}"#)
        #expect(try CallbackCodec(.oss).encode(.sample(), variables: []).variables == nil)
    }

    @Test(arguments: [
        (#"{"o":"${object}","s":"${size}"}"#, #"{"o":${object},"s":"${size}"}"#),
        (#"["${object}","${x:a}"]"#, #"[${object},${x:a}]"#),
        (#"{"${object}":"","a":${x:a}}"#, #"{${object}:"","a":${x:a}}"#),
    ])
    func `leaves out the quotes that OSS adds`(body: String, expected: String) throws {
        let policy = try CallbackPolicy.sample(body: body, variables: [("a", "1")])
        #expect(policy.problems().isEmpty && CallbackCodec(.oss).problems(policy).isEmpty)
        #expect(try callbackJSON(policy)["callbackBody"]?.stringValue == expected)
        // Both makers of the callback send the same document.
        let facts = CallbackFacts.sample(custom: [CustomVariable(name: "a", value: "b\"".bytes)])
        let byStore = try Template(parsing: expected, syntax: .client(.oss)).render(.vendorJSON, lookup: facts.value)
        #expect(byStore == policy.renderBody(facts))
    }

    @Test(arguments: [
        #"{"o":"at ${object}"}"#, #"{"o":"${object}!"}"#, #"{"o":"${etag}${object}"}"#, #"{"o":"\"${object}\""}"#,
        #"{"o":"\"${object}"}"#,
    ])
    func `says that OSS cannot put a value into a longer string`(body: String) throws {
        let policy = try CallbackPolicy.sample(body: body)
        #expect(policy.problems().isEmpty)
        #expect(CallbackCodec(.oss).problems(policy).map(\.key) == ["body"])
    }

    @Test func `says what else OSS cannot do`() throws {
        let policy = try CallbackPolicy.sample(
            urls: ["http://[2001:db8::1]/", "http://a/;b"], type: .form, body: String(repeating: "a", count: 4000))
        #expect(policy.problems().isEmpty)
        #expect(CallbackCodec(.oss).problems(policy).map(\.key) == ["url[0]", "url[1]", "body"])
    }

    @Test func `refuses values over 5 KB in Base64 and allows exactly that`() throws {
        // {"x:a":"…"} is 10 bytes and the value; 3840 bytes are 5120 in Base64.
        let policy = try CallbackPolicy.sample()
        let fitting = [CustomVariable(name: "a", value: [UInt8](repeating: 0x61, count: 3830))]
        #expect(try CallbackCodec(.oss).encode(policy, variables: fitting).variables?.utf8.count == 5120)
        let long = [CustomVariable(name: "a", value: [UInt8](repeating: 0x61, count: 3831))]
        #expect(throws: CallbackEncodingError(parameter: .variables, bytes: 5124)) {
            try CallbackCodec(.oss).encode(policy, variables: long)
        }
        let longBody = try CallbackPolicy.sample(type: .form, body: String(repeating: "a", count: 4000))
        let error = #expect(throws: CallbackEncodingError.self) {
            try CallbackCodec(.oss).encode(longBody, variables: [])
        }
        #expect(error?.parameter == .callback)
    }

    @Test func `no value changes the shape of the variables`() throws {
        var dice = Dice(seed: 4)
        for _ in 0..<1000 {
            let values = [dice.hostileBytes(), dice.hostileBytes()]
            let custom = [CustomVariable(name: "a", value: values[0]), CustomVariable(name: "b", value: values[1])]
            let parameters = try CallbackCodec(.oss).encode(.sample(), variables: custom)
            let encoded = try #require(parameters.variables)
            let json = try parsedJSON(try #require(base64Decoded(encoded)))
            #expect(
                json
                    == .object([
                        (key: "x:a", value: .string(values[0].text)), (key: "x:b", value: .string(values[1].text)),
                    ]))
        }
    }

    @Test func `reads back what it writes`() throws {
        let policy = try CallbackPolicy.sample(
            urls: ["https://a.example.com/1", "http://b.example.com/2?c=d"], host: "app.internal",
            body: #"{"o":${object},"a":${x:a}}"#, variables: [("a", "${host}")])
        let custom = policy.customVariables { _ in "é\"\n".bytes }
        let parameters = try CallbackCodec(.oss).encode(policy, variables: custom)
        let variables = try #require(parameters.variables)
        let decoded = try CallbackCodec(.oss).decode(
            callback: parameters.callback.utf8.span, variables: variables.utf8.span)
        let request = try #require(decoded)
        #expect(request.urls.map(\.description) == policy.urls && request.host == "app.internal")
        #expect(request.contentType == .json && request.sendsServerName && request.variables == custom)
        #expect(
            try request.renderBody(.sample(custom: custom)) == policy.renderBody(.sample(custom: custom)))
    }
}
