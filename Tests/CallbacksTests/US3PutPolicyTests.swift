// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import HTTPWire
import Octets
import Testing

private func urlSafeDecoded(_ text: String) -> String? {
    Base64.decodeEitherAlphabet(text.utf8.span).map(\.text)
}

private func urlSafe(_ text: String) -> String { Base64.encodeURLSafe(text.utf8.span) }

private func decode(_ text: String) throws -> US3ClientCallback {
    try US3PutPolicyCodec.decode(text.utf8.span)
}

private func facts(
    object: String = "photos/a b.jpg", size: UInt64? = 5, custom: [(String, String)] = []
) -> US3PolicyFacts {
    US3PolicyFacts(
        bucket: "media", object: object.bytes, size: size, mimeType: "image/jpeg", operation: "PutObject",
        requestID: "5C3D9778CC1C2AEDF85B0001", clientIP: "192.0.2.7",
        custom: custom.map { CustomVariable(name: $0.0, value: $0.1.bytes) })
}

@Suite struct US3PutPolicyEncodingTests {
    @Test func `writes compact JSON with all values in place`() throws {
        let body = #"{"b":${bucket},"o":${object},"s":${size},"m":"${mimeType}","d":${x:device},"r":${reqId}}"#
        let policy = try CallbackPolicy.sample(body: body, variables: [("device", "${header.X-Device}")])
        let text = try US3PutPolicyCodec.encode(policy, facts(custom: [("device", "a\"b\\")]))
        #expect(text.variables == nil)
        let expected =
            #"{"callbackUrl":"http://app:8000/uploaded","callbackBody":"{\"b\":\"media\",\"o\":\"photos/a b.jpg\","#
            + #"\"s\":5,\"m\":\"image/jpeg\",\"d\":\"a\\\"b\\\\\",\"r\":\"5C3D9778CC1C2AEDF85B0001\"}","#
            + #""callbackBodyType":"application/json"}"#
        #expect(urlSafeDecoded(text.callback) == expected)
        #expect(text.callback.count.isMultiple(of: 4))
    }

    @Test func `escapes values for forms`() throws {
        let policy = try CallbackPolicy.sample(type: .form, body: "o=${object}&ip=${clientIp}&op=${operation}")
        let text = try US3PutPolicyCodec.encode(policy, facts(object: "a&b=c d/报"))
        let expected =
            #"{"callbackUrl":"http://app:8000/uploaded","callbackBody":"o=a%26b%3Dc%20d%2F%E6%8A%A5&ip=192.0.2.7"#
            + #"&op=PutObject","callbackBodyType":"application/x-www-form-urlencoded"}"#
        #expect(urlSafeDecoded(text.callback) == expected)
    }

    @Test func `uses the URL-safe alphabet with its padding`() throws {
        // Of vector p11: the JSON whose Base64 has `+` and `/` in the standard alphabet.
        let policy = try CallbackPolicy.sample(
            urls: ["http://127.0.0.1:9999/cb?a=1"], type: .form, body: "n=ÿþ~~>>??&报=告")
        let text = try US3PutPolicyCodec.encode(policy, facts())
        #expect(
            text.callback
                == "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6OTk5OS9jYj9hPTEiLCJjYWxsYmFja0JvZHkiOiJuPcO_w75-fj4-Pz8m"
                + "5oqlPeWRiiIsImNhbGxiYWNrQm9keVR5cGUiOiJhcHBsaWNhdGlvbi94LXd3dy1mb3JtLXVybGVuY29kZWQifQ==")
    }

    @Test func `lets no value become a variable of US3`() throws {
        for type in CallbackContentType.allCases {
            let body = type == .json ? #"{"o":${object},"l":"$(x:l)"}"# : "o=${object}&l=$(x:l)"
            let policy = try CallbackPolicy.sample(type: type, body: body)
            let text = try US3PutPolicyCodec.encode(policy, facts(object: "$(x:secret)$"))
            #expect(urlSafeDecoded(text.callback)?.contains("$(") == false)
            let callback = try decode(text.callback)
            if type == .json {
                #expect(try parsedJSON(callback.body)["o"] == .string("$(x:secret)$"))
                #expect(try parsedJSON(callback.body)["l"] == .string("$(x:l)"))
            } else {
                #expect(percentDecoded(callback.body)?.text == "o=$(x:secret)$&l=$(x:l)")
            }
        }
    }

    @Test func `keeps the shape of a body whatever the values`() throws {
        var dice = Dice(seed: 11)
        for _ in 0..<300 {
            let value = dice.hostileBytes()
            let policy = try CallbackPolicy.sample(body: #"{"o":${object},"n":"<${x:a}>","s":${size}}"#)
            var known = facts(size: 7)
            known.object = value
            known.custom = [CustomVariable(name: "a", value: value)]
            let callback = try decode(try US3PutPolicyCodec.encode(policy, known).callback)
            let json = try parsedJSON(callback.body)
            #expect(json["s"]?.integerValue == 7)
            #expect(json["o"] == .string(String(decoding: value, as: UTF8.self)))
            #expect(json.objectValue?.count == 3)
        }
    }

    @Test func `does not send what nobody knows yet`() throws {
        let sized = try CallbackPolicy.sample(body: #"{"s":${size}}"#)
        #expect(throws: US3PolicyError.unknown(variable: "size")) {
            try US3PutPolicyCodec.encode(sized, facts(size: nil))
        }
        let md5 = try CallbackPolicy.sample(body: #"{"s":${contentMd5}}"#)
        #expect(throws: US3PolicyError.unknown(variable: "contentMd5")) { try US3PutPolicyCodec.encode(md5, facts()) }
        var told = facts()
        told.contentMD5 = "XUFAKrxLKna5cZ2REBfFkg=="
        #expect(
            try decode(US3PutPolicyCodec.encode(md5, told).callback).body.text == #"{"s":"XUFAKrxLKna5cZ2REBfFkg=="}"#)
    }

    @Test func `does not send a policy of more than 4096 characters`() throws {
        let policy = try CallbackPolicy.sample(body: #"{"o":${object}}"#)
        let shell = try US3PutPolicyCodec.encode(policy, facts(object: "")).callback
        let bytes = 4096 / 4 * 3 - (urlSafeDecoded(shell)?.utf8.count ?? 0)
        let longest = try US3PutPolicyCodec.encode(policy, facts(object: String(repeating: "k", count: bytes)))
        #expect(longest.callback.utf8.count == 4096)
        #expect(throws: US3PolicyError.tooLong(bytes: 4100)) {
            try US3PutPolicyCodec.encode(policy, facts(object: String(repeating: "k", count: bytes + 1)))
        }
    }

    @Test func `names what keeps US3 from performing a policy`() throws {
        #expect(US3PutPolicyCodec.problems(try .sample()) == [])
        for name in ["etag", "crc64", "contentMd5", "imageInfo.height", "imageInfo.width", "imageInfo.format", "vpcId"]
        {
            let policy = try CallbackPolicy.sample(body: "{\"a\":${\(name)}}")
            #expect(policy.systemVariables.map(US3PutPolicyCodec.isKnown) == [false])
            #expect(throws: US3PolicyError.unknown(variable: name)) { try US3PutPolicyCodec.encode(policy, facts()) }
        }
        for name in ["bucket", "object", "size", "mimeType", "operation", "reqId", "clientIp"] {
            let policy = try CallbackPolicy.sample(body: "{\"a\":${\(name)}}")
            #expect(policy.systemVariables.map(US3PutPolicyCodec.isKnown) == [true])
            #expect(throws: Never.self) { try US3PutPolicyCodec.encode(policy, facts()) }
        }
        let shaped = try CallbackPolicy.sample(urls: ["http://a/", "http://b/"], host: "app")
        #expect(US3PutPolicyCodec.problems(shaped).map(\.key) == ["url", "host"])
        let long = try CallbackPolicy.sample(type: .form, body: String(repeating: "a", count: 4096))
        #expect(
            US3PutPolicyCodec.problems(long).map(\.message) == ["US3 takes put policies of up to 4096 bytes in Base64"])
    }
}

@Suite struct US3PutPolicyDecodingTests {
    /// The product page's policies as the vendor's Go SDK wrote them (vectors p01 and p02).
    @Test func `reads the policies of the product page`() throws {
        let json = try decode(
            "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6OTk5OS9jYiIsImNhbGxiYWNrQm9keSI6IntcIk5hbWVcIjpcIkFsaWNlXCIs"
                + "IFwiQWdlXCI6MjB9IiwiY2FsbGJhY2tCb2R5VHlwZSI6ICJhcHBsaWNhdGlvbi9qc29uIn0=")
        #expect(json.url.description == "http://127.0.0.1:9999/cb")
        #expect(json.body.text == #"{"Name":"Alice", "Age":20}"#)
        #expect(json.contentType == "application/json")
        let query = try decode(
            "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6OTk5OS9jYiIsImNhbGxiYWNrQm9keSI6Ik5hbWU9JCh4Om5hbWUpJkFnZT0k"
                + "KHg6YWdlKSIsImNhbGxiYWNrVmFyIjp7Ing6bmFtZSI6ICJBbGljZSIsIng6YWdlIjogIjIwIn19")
        #expect(query.body.text == "Name=Alice&Age=20")
        #expect(query.contentType == nil)
    }

    @Test func `reads both alphabets`() throws {
        let text = #"{"callbackUrl":"http://a/cb","callbackBody":"n=ÿþ~~>>??","callbackBodyType":"text/plain"}"#
        #expect(base64(text) != urlSafe(text))
        #expect(try decode(base64(text)) == (try decode(urlSafe(text))))
    }

    @Test func `replaces variables as they are`() throws {
        let text =
            #"{"callbackUrl":"http://a/","callbackBody":"$(x:a)$(x:b)|$(x:none)|$(y)|$$(x:a|$(x:a","#
            + #""callbackVar":{"x:a":"1 &\"","x:b":"$(x:a)"}}"#
        #expect(try decode(urlSafe(text)).body.text == "1 &\"$(x:a)||$(y)|$$(x:a|$(x:a")
    }

    @Test func `ignores fields that nobody documents`() throws {
        let text = #"{"callbackUrl":"http://a/","callbackBody":"b","scope":7,"deadline":[],"callbackMethod":"PUT"}"#
        #expect(try decode(urlSafe(text)).body.text == "b")
    }

    @Test(arguments: [
        "{}", "[]", "\"x\"", "", "{", #"{"callbackBody":"b"}"#, #"{"callbackUrl":7}"#, #"{"callbackUrl":null}"#,
        #"{"callbackUrl":""}"#, #"{"callbackUrl":"app/cb"}"#, #"{"callbackUrl":"ftp://app/cb"}"#,
        #"{"callbackUrl":"http://a/","callbackBody":{}}"#, #"{"callbackUrl":"http://a/","callbackBodyType":1}"#,
        #"{"callbackUrl":"http://a/","callbackBodyType":"a\r\nb: c"}"#,
        #"{"callbackUrl":"http://a/","callbackVar":{"x:age":20}}"#, #"{"callbackUrl":"http://a/","callbackVar":[]}"#,
        #"{"callbackUrl":"http://a/","callbackVar":{"age":"20"}}"#,
        // What putpolicy.md shows as a sample: escaped quotes and no braces.
        #"\"callbackUrl\":\"http://a/\",\"callbackBody\":\"b\""#,
    ])
    func `refuses what is no put policy`(text: String) {
        #expect(throws: US3PutPolicyError()) { try decode(urlSafe(text)) }
    }

    @Test func `refuses what is not Base64`() {
        for text in ["{\"callbackUrl\":\"http://a/\"}", "eyJ", "e30*"] {
            #expect(throws: US3PutPolicyError()) { try decode(text) }
        }
        #expect(US3PutPolicyError.status == 400)
        #expect(US3PutPolicyError.retCode == -148660)
        #expect(US3PutPolicyError.message == "invalid put policy")
    }

    @Test func `sends a body of the type that the policy names`() throws {
        let callback = US3ClientCallback(
            url: try CallbackURL(parsing: "http://app:8000/cb?t=1"), body: "{\"a\":1}".bytes,
            contentType: "application/json")
        let request = callback.request()
        #expect(request.body.text == "{\"a\":1}")
        #expect(
            request.encodedHead().text
                == "POST /cb?t=1 HTTP/1.1\r\nHost: app:8000\r\nConnection: close\r\nContent-Length: 7\r\n"
                + "Content-Type: application/json\r\n\r\n")
    }

    @Test(arguments: [
        ("http://app/cb", "Name=Alice&Age=20", "/cb?Name=Alice&Age=20"),
        ("http://app/cb?t=1", "a=b", "/cb?t=1&a=b"), ("http://app", "a=b", "/?a=b"), ("http://app/cb", "", "/cb"),
        ("http://app/cb", "a=b c#d\r\n报\"%41%4", "/cb?a=b%20c%23d%0D%0A%E6%8A%A5%22%41%254"),
    ])
    func `sends a body without type as the query`(url: String, body: String, target: String) throws {
        let callback = US3ClientCallback(url: try CallbackURL(parsing: url), body: body.bytes, contentType: nil)
        let request = callback.request()
        #expect(request.url.target == target)
        #expect(request.body.isEmpty)
        #expect(request.fields.string("Content-Length") == "0")
        #expect(!request.fields.contains("Content-Type"))
    }
}
