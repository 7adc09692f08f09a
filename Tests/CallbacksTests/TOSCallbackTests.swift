// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Digests
import HTTPWire
import Octets
import Testing

/// Of the signed requests that the official SDKs made with these values: `header-put-callback`,
/// `go-header-put-callback-path-style`.
private enum Known {
    static let callback =
        "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6MTgwODAvY2FsbGJhY2s/ZnJvbT10b3MiLCJjYWxsYmFja0hvc3QiOiJh"
        + "cHAuZXhhbXBsZS5jb20iLCJjYWxsYmFja0JvZHkiOiJ7XCJidWNrZXRcIjogJHtidWNrZXR9LCBcIm9iamVjdFwiOiAke29iamVj"
        + "dH0sIFwia2V5MVwiOiAke3g6a2V5MX19IiwiY2FsbGJhY2tCb2R5VHlwZSI6ImFwcGxpY2F0aW9uL2pzb24ifQ=="
    static let variables = "eyJ4OmtleTEiOiJjZXNoaSJ9"
    static let body = #"{"bucket": ${bucket}, "object": ${object}, "key1": ${x:key1}}"#
    static let custom = [CustomVariable(name: "key1", value: "ceshi".bytes)]
}

private func decode(_ json: String, variables: String? = nil) throws -> ClientCallback? {
    try decode(encoded: base64(json), variables: variables.map(base64))
}

private func decode(encoded: String, variables: String? = nil) throws -> ClientCallback? {
    guard let variables else { return try CallbackCodec(.tos).decode(callback: encoded.utf8.span) }
    return try CallbackCodec(.tos).decode(callback: encoded.utf8.span, variables: variables.utf8.span)
}

@Suite struct TOSCallbackCodecTests {
    @Test func `writes what the vendor's users write`() throws {
        let policy = try CallbackPolicy.sample(
            urls: ["http://127.0.0.1:18080/callback?from=tos"], host: "app.example.com", body: Known.body,
            variables: [("key1", "ceshi")])
        let parameters = try CallbackCodec(.tos).encode(policy, variables: Known.custom)
        #expect(parameters.callback == Known.callback)
        #expect(parameters.variables == Known.variables)
        #expect(policy.problems().isEmpty && CallbackCodec(.tos).problems(policy).isEmpty)
    }

    @Test func `reads what the vendor's users write`() throws {
        let callback = try #require(try decode(encoded: Known.callback, variables: Known.variables))
        #expect(callback.urls.map(\.description) == ["http://127.0.0.1:18080/callback?from=tos"])
        #expect(callback.host == "app.example.com" && callback.contentType == .json && callback.vendor == .tos)
        #expect(
            try callback.renderBody(.sample(custom: callback.variables)).text
                == #"{"bucket": "media", "object": "photos/a b.jpg", "key1": "ceshi"}"#)
    }

    @Test func `has no switch for the server name, which is always sent`() throws {
        let policy = try CallbackPolicy.sample(urls: ["https://a.example.com/"])
        let parameters = try CallbackCodec(.tos).encode(policy, variables: [])
        let json = try parsedJSON(try #require(base64Decoded(parameters.callback)))
        #expect(json["callbackSNI"] == nil)
        // Fields of OSS mean nothing, so they cannot be wrong either.
        let body = #""callbackBody":"b","callbackSNI":"x","additionalHeaders":{"x-oss-a":"b"}"#
        let callback = try #require(try decode(#"{"callbackUrl":"https://a.example.com/","# + body + "}"))
        #expect(callback.sendsServerName && callback.additionalHeaders.isEmpty)
        #expect(try decode(#"{"callbackPolicy":"one"}"#) == nil)
    }

    @Test func `takes https for a scheme that is missing, and writes it`() throws {
        let callback = try #require(
            try decode(#"{"callbackUrl":"a.example.com/x;http://b.example.com:81;c:8443","callbackBody":"b"}"#))
        #expect(
            callback.urls.map(\.description) == [
                "https://a.example.com/x", "http://b.example.com:81/", "https://c:8443/",
            ])
        #expect(callback.urls.map(\.port) == [443, 81, 8443])
        #expect(callback.contentType == .form)
        // A policy's URLs name theirs, and so does what is written.
        #expect(try CallbackPolicy.sample(urls: ["a.example.com/x"]).problems().map(\.key) == ["url"])
    }

    @Test(arguments: [
        (#"{"callbackUrl":"https://a.example.com/"}"#, "The callback body is invalid."),
        (#"{"callbackUrl":"https://a.example.com/","callbackBody":""}"#, "The callback body is empty."),
        (
            #"{"callbackUrl":"https://a.example.com/","callbackBody":"b","callbackBodyType":"text/plain"}"#,
            "The body type of callback is not supported."
        ),
        (
            #"{"callbackUrl":"a.b;a.b;a.b;a.b;a.b;a.b","callbackBody":"b"}"#,
            "The number of callback url exceed max value."
        ),
        (#"{"callbackUrl":"ftp://a.b","callbackBody":"b"}"#, "The callback url configuration is invalid."),
        ("[]", "The callback configuration is not json format."),
    ])
    func `refuses bad parameters with the vendor's one sub-code`(json: String, message: String) throws {
        let error = #expect(throws: CallbackParameterError.self) { try decode(json) }
        #expect(error?.message == message && error?.ec == "0021-00000001")
    }

    @Test func `refuses what is not Base64, and variables that are no strings`() throws {
        let error = #expect(throws: CallbackParameterError.self) { try decode(encoded: "{}") }
        #expect(error?.ec == "0021-00000001" && error?.message == "The callback configuration is not base64 encoded.")
        for variables in ["[]", #"{"x:a":1}"#, #"{"a":"b"}"#] {
            let error = #expect(throws: CallbackParameterError.self) {
                try decode(#"{"callbackUrl":"https://a.b/","callbackBody":"b"}"#, variables: variables)
            }
            #expect(error?.ec == "0021-00000001" && error?.argumentName == "callback-var")
        }
        let both = CallbackParameterError(.headerAndQuery, value: "v", vendor: .tos)
        #expect(both.message.contains("x-tos-callback header") && both.ec == "0021-00000001")
    }

    @Test func `knows what is confirmed of its variables, and takes others for empty`() throws {
        let known = SystemVariable.allCases.filter { CallbackVendor.tos.knowledge(of: $0) == .known }
        #expect(known == [.bucket, .object, .size, .mimeType])
        #expect(CallbackVendor.tos.knowledge(of: .etag) == .unconfirmed)
        #expect(SystemVariable.allCases.allSatisfy { CallbackVendor.oss.knowledge(of: $0) == .known })
        let callback = try #require(
            try decode(
                #"{"callbackUrl":"https://a.b/","callbackBody":"e=${etag}&s=${size}&c=${crc64}&i=${imageInfo.format}&n=$(x)"}"#
            ))
        let facts = CallbackFacts.sample(image: .init(height: 1, width: 2, format: "png"))
        #expect(try callback.renderBody(facts).text == "e=5D41402ABC4B2A76B9719D911017C592&s=5&c=&i=&n=$(x)")
    }

    /// Go SDK, `TestCallbackErr`: the upload is stored and answered with 203 `CallbackFailed`.
    @Test(arguments: [
        #"{\"object\": ${object}, \"a\": ${x:a"#, #"{\"object\": ${object}"#, #"${}"#, #"{\"a\":${nobody}x}"#,
    ])
    func `finds a malformed body out only when it makes the callback`(body: String) throws {
        let callback = try #require(
            try decode(
                #"{"callbackUrl":"https://a.b/","callbackBody":""# + body + #"","callbackBodyType":"application/json"}"#
            ))
        let error = #expect(throws: CallbackBodyError.self) { try callback.renderBody(.sample()) }
        let url = callback.urls[0]
        #expect(throws: CallbackBodyError.self) {
            try CallbackRequest.client(callback, to: url, facts: .sample(), signer: nil, now: 0)
        }
        let verdict = error.map { VendorJudge(.tos).judge($0) }
        #expect(verdict == .failure(message: "The callback body is invalid.", ec: nil))
    }
}

@Suite struct TOSJudgeTests {
    private func answer(_ status: Int, _ body: String, type: String = "application/json") -> CallbackAnswer {
        CallbackAnswer(
            status: status,
            fields: HeaderFields([("Content-Type", type), ("Content-Length", String(body.utf8.count))]),
            body: body.bytes)
    }

    @Test func `judges as OSS does, but has no sub-codes and no XML`() {
        let judge = VendorJudge(.tos)
        #expect(judge.judge(answer(200, "{}")) == .success(body: "{}".bytes, contentType: "application/json"))
        #expect(judge.judge(answer(201, "{}")) == .failure(message: "Error status : 201.", ec: nil))
        let notJSON = VendorVerdict.failure(message: "Response body is not valid json format.", ec: nil)
        #expect(judge.judge(answer(200, "OK")) == notJSON)
        #expect(judge.judge(answer(200, "<a/>", type: "application/xml")) == notJSON)
        #expect(judge.judge(.unreachable) == .failure(message: "Error status : 502.", ec: nil))
    }
}

@Suite struct TOSCallbackRequestTests {
    private let url = "https://app.example.com:8443/tos/call%20back?b=x+y&a=%2F&b=1&c"

    @Test func `signs the decoded query in order, and says where its key is`() throws {
        let url = try CallbackURL(parsing: url)
        let callback = ClientCallback(
            vendor: .tos, urls: [url], body: try Template(parsing: #"{"o":${object}}"#, syntax: .client(.tos)),
            contentType: .json)
        let signer = CallbackRequest.Signer(
            key: try RSAPrivateKey.generate(bits: 1024), publicKeyURL: "http://k/key.pem")
        let request = try CallbackRequest.client(callback, to: url, facts: .sample(), signer: signer, now: 0)
        let authorization = try #require(request.fields.string("authorization"))
        #expect(
            request.fields.lines == [
                "Host: app.example.com:8443", "Connection: close", "Content-Length: 22",
                "Content-Type: application/json",
                "Authorization: \(authorization)", "x-tos-pub-key-url: aHR0cDovL2sva2V5LnBlbQ==",
            ])
        let signature = try #require(base64Decoded(authorization))
        let publicKey = try RSAPublicKey(pem: signer.key.publicKeyPEM)
        let text = "/tos/call back?a=/&b=x y&b=1&c=\n{\"o\":\"photos/a b.jpg\"}"
        #expect(publicKey.signs(text.bytes, with: signature))

        let verifier = CallbackSignatureVerifier(.tos, trustedPrefixes: ["http://k/"])
        #expect(try verifier.keyURL(of: request.fields) == "http://k/key.pem")
        try verifier.verify(
            path: url.rawPath.bytes, query: "a=/&c=&b=x%20y&b=1".bytes, fields: request.fields, body: request.body,
            key: publicKey)
        for query in ["a=/&c=&b=1&b=x%20y", "a=/&c=&b=x%20y", nil] {
            #expect(throws: CallbackSignatureVerifier.Failure.mismatch) {
                try verifier.verify(
                    path: url.rawPath.bytes, query: query?.bytes, fields: request.fields, body: request.body,
                    key: publicKey)
            }
        }
        #expect(throws: CallbackSignatureVerifier.Failure.unsigned) {
            try CallbackSignatureVerifier(trustedPrefixes: ["http://k/"]).keyURL(of: request.fields)
        }
    }

    @Test func `goes without a query and a signature`() throws {
        let url = try CallbackURL(parsing: "http://a.example.com")
        let callback = ClientCallback(
            vendor: .tos, urls: [url], host: "h.example.com", body: try Template(parsing: "a", syntax: .client(.tos)))
        let request = try CallbackRequest.client(callback, to: url, facts: .sample(), signer: nil, now: 0)
        #expect(request.fields.string("host") == "h.example.com" && !request.fields.contains("authorization"))
        let key = try RSAPrivateKey.generate(bits: 1024)
        let signed = try CallbackRequest.client(
            callback, to: url, facts: .sample(), signer: .init(key: key, publicKeyURL: "http://k/"), now: 0)
        let signature = try #require(signed.fields.string("authorization").flatMap(base64Decoded))
        #expect(try RSAPublicKey(pem: key.publicKeyPEM).signs("/\na".bytes, with: signature))
    }
}
