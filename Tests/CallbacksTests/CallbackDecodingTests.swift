// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Octets
import Testing

@Suite struct CallbackDecodingTests {
    private func decode(_ json: String, variables: String? = nil) throws -> ClientCallback? {
        try decode(encoded: base64(json), variables: variables.map(base64))
    }

    private func decode(
        encoded: String, variables: String? = nil, limitsLength: Bool = true
    ) throws -> ClientCallback? {
        guard let variables else {
            return try CallbackCodec(.oss).decode(callback: encoded.utf8.span, limitsLength: limitsLength)
        }
        return try CallbackCodec(.oss).decode(
            callback: encoded.utf8.span, variables: variables.utf8.span, limitsLength: limitsLength)
    }

    private static let minimal = #"{"callbackUrl":"http://a.example.com/","callbackBody":"b"}"#

    @Test func `fills in the defaults`() throws {
        let request = try #require(try decode(Self.minimal))
        #expect(
            request
                == ClientCallback(
                    vendor: .oss, urls: [try CallbackURL(parsing: "http://a.example.com/")],
                    body: try Template(parsing: "b")))
        #expect(request.contentType == .form && !request.sendsServerName && request.host == nil)
    }

    @Test func `reads every field`() throws {
        let request = try #require(
            try decode(
                """
                {"callbackUrl":"121.43.113.8:23456/index.html;https://b.example.com/x?y=1;",
                "callbackHost":"h.example.com:8",
                "callbackBody":"{\\"a\\":${object},\\"v\\":${x:变量}}","callbackBodyType":"application/json",
                "callbackSNI":true,"additionalHeaders":{"key1":"val1","Key2":"val 2"}}
                """, variables: #"{"x:变量":"值","x:a":""}"#))
        #expect(
            request.urls.map(\.description) == ["http://121.43.113.8:23456/index.html", "https://b.example.com/x?y=1"])
        #expect(request.host == "h.example.com:8" && request.contentType == .json && request.sendsServerName)
        #expect(request.additionalHeaders.map(\.name) == ["key1", "Key2"])
        #expect(request.additionalHeaders.map(\.value) == ["val1", "val 2"])
        #expect(request.variables == [.init(name: "变量", value: "值".bytes), .init(name: "a", value: [])])
        #expect(
            try request.renderBody(.sample(custom: request.variables)).text == #"{"a":"photos/a b.jpg","v":"值"}"#)
    }

    @Test(arguments: [
        #"{}"#, #"{"callbackBody":"b"}"#, #"{"callbackUrl":"","callbackBody":"b"}"#, #"{"callbackUrl":null}"#,
        #"{"callbackUrl":";"}"#,
    ])
    func `takes a callback without a URL for none`(json: String) throws {
        #expect(try decode(json) == nil)
    }

    private static func with(_ field: String, url: String = "\"http://a.example.com/\"") -> String {
        "{\"callbackUrl\":\(url),\(field)}"
    }

    private typealias Row = (json: String, message: String, ec: String?, name: String)

    // The service's page "HTTP status code 400", the error pages 0007-…, and the Java SDK's CallbackTest.
    private static let rows: [Row] = [
        ("[]", "The callback configuration is not json format.", "0007-00000003", "callback"),
        ("{", "The callback configuration is not json format.", "0007-00000003", "callback"),
        ("\u{FEFF}{}", "The callback configuration is not json format.", "0007-00000003", "callback"),
        (with("\"callbackBody\":\"b\"", url: "\"my\""), badURL, "0007-00000004", "callbackUrl"),
        (with("\"callbackBody\":\"b\"", url: "\"my.com:test\""), badURL, "0007-00000004", "callbackUrl"),
        (with("\"callbackBody\":\"b\"", url: "7"), badURL, "0007-00000004", "callbackUrl"),
        (with("\"callbackBody\":\"b\"", url: "\"http://[::1]/\""), badURL, "0007-00000004", "callbackUrl"),
        (with("\"callbackBody\":\"b\"", url: "\"http://a.b/中\""), badURL, "0007-00000004", "callbackUrl"),
        (with("\"callbackBody\":\"b\"", url: "\"ftp://a.b/\""), badURL, "0007-00000004", "callbackUrl"),
        (
            with("\"callbackBody\":\"b\"", url: "\"a.b;a.b;a.b;a.b;a.b;a.b\""),
            "The number of callback url exceed max value.", "0007-00000005", "callbackUrl"
        ),
        (with("\"callbackBody\":\"b\",\"callbackHost\":7"), badHost, "0007-00000009", "callbackHost"),
        (with("\"callbackBody\":\"b\",\"callbackHost\":\"a b\""), badHost, "0007-00000009", "callbackHost"),
        (with("\"callbackBody\":\"b\",\"callbackHost\":\"a\\r\\nX: y\""), badHost, "0007-00000009", "callbackHost"),
        (with("\"a\":1"), "The callback body is invalid.", "0007-00000010", "callbackBody"),
        (with("\"callbackBody\":{}"), "The callback body is invalid.", "0007-00000010", "callbackBody"),
        (with("\"callbackBody\":\"\""), "The callback body is empty.", "0007-00000011", "callbackBody"),
        (with("\"callbackBody\":\"object=$(object)\""), badVariable, nil, "callbackBody"),
        (with("\"callbackBody\":\"object=${object\""), badVariable, nil, "callbackBody"),
        (
            with("\"callbackBody\":\"b\",\"callbackBodyType\":1"),
            "The callback body type configuration is invalid.", "0007-00000012", "callbackBodyType"
        ),
        (
            with("\"callbackBody\":\"b\",\"callbackBodyType\":\"text/plain\""),
            "The body type of callback is not supported.", "0007-00000013", "callbackBodyType"
        ),
        (with("\"callbackBody\":\"b\",\"callbackSNI\":\"true\""), badSNI, nil, "callbackSNI"),
        (with("\"callbackBody\":\"b\",\"additionalHeaders\":[]"), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"x-oss-test\":\"val1\""), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"X-OSS-tag\":\"val1\""), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"a\":1"), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"a\":\"b\\r\\nc: d\""), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"a:b\":\"c\""), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"Content-Length\":\"0\""), badHeaders, "0007-00000026", "additionalHeaders"),
        (headers("\"Proxy-Connection\":\"close\""), badHeaders, "0007-00000026", "additionalHeaders"),
        (#"{"callbackPolicy":"one"}"#, "The callback policy does not exist.", nil, "callbackPolicy"),
    ]
    private static let badURL = "The callback url configuration is invalid."
    private static let badHost = "The callback host configuration is invalid."
    private static let badVariable = "A variable of the callback body must be of the form ${var}."
    private static let badSNI = "The callback SNI configuration is invalid."
    private static let badHeaders = "The callback additional headers configuration is invalid."
    private static func headers(_ members: String) -> String {
        with("\"callbackBody\":\"b\",\"additionalHeaders\":{\(members)}")
    }

    @Test(arguments: rows.indices)
    func `refuses each bad field in the words of the service`(index: Int) {
        let row = Self.rows[index]
        #expect(
            throws: CallbackParameterError(
                message: row.message, ec: row.ec, argumentName: row.name, argumentValue: row.json)
        ) { try decode(row.json) }
    }

    @Test(arguments: ["x123-*&", "e30", "e30=\n", " e30=", "", "_-_-"])
    func `refuses a callback that is not Base64`(text: String) {
        #expect(
            throws: CallbackParameterError(
                message: "The callback configuration is not base64 encoded.", ec: "0007-00000002",
                argumentName: "callback", argumentValue: text)
        ) { try decode(encoded: text) }
        let error = #expect(throws: CallbackParameterError.self) {
            // Zero variables are said with an empty object, not with nothing.
            try decode(encoded: base64(Self.minimal), variables: text)
        }
        #expect(error?.argumentName == "callback-var")
    }

    @Test(arguments: [
        ("[]", "0007-00000103"), ("nul", "0007-00000103"), (#"{"x:a":1}"#, "0007-00000104"),
        (#"{"x:a":{"b":"c"}}"#, "0007-00000104"), (#"{"a":"b"}"#, "0007-00000104"), (#"{"x:":"b"}"#, "0007-00000104"),
    ])
    func `refuses variables that are no map of strings`(variables: String, ec: String) {
        #expect(
            throws: CallbackParameterError(
                message: "The callback var is not expecten json.", ec: ec, argumentName: "callback-var",
                argumentValue: variables)
        ) { try decode(Self.minimal, variables: variables) }
    }

    @Test func `refuses more than 5 KB in header and query but not in forms`() throws {
        let body = String(repeating: "b", count: 5000)
        let json = #"{"callbackUrl":"http://a.example.com/","callbackBody":"\#(body)"}"#
        let callback = base64(json)
        let error = #expect(throws: CallbackParameterError.self) { try decode(encoded: callback) }
        #expect(error?.message == "The length of callback exceed max value." && error?.ec == "0007-00000001")
        #expect(try decode(encoded: callback, limitsLength: false)?.body?.source == body)

        let variables = #"{"x:a":"\#(body)"}"#
        let tooLong = #expect(throws: CallbackParameterError.self) { try decode(Self.minimal, variables: variables) }
        #expect(tooLong?.message == "The length of callback var exceed max value." && tooLong?.ec == "0007-00000101")
    }

    @Test func `takes a form's variables from its fields`() {
        let variables = CallbackCodec.variables(
            fromForm: [("key", "k".bytes), ("x:uid", "12345".bytes), ("x:", []), ("X:a", []), ("x:b", "&\"".bytes)])
        #expect(variables == [.init(name: "uid", value: "12345".bytes), .init(name: "b", value: "&\"".bytes)])
    }

    @Test func `has the words for what is found out elsewhere`() {
        let texts = [
            CallbackParameterError.Reason.headerAndQuery, .variablesHeaderAndQuery, .unresolvableHost, .privateAddress,
        ]
        .map { CallbackParameterError($0, value: "v", vendor: .oss) }
        #expect(
            texts.map(\.message) == [
                "Either the callback query string parameter or the x-oss-callback header should be specified,"
                    + " not both.",
                "Either the callback-var query string parameter or the x-oss-callback-var header should be specified,"
                    + " not both.",
                "Can not get ip by this host.", "Private address is forbidden to callback.",
            ])
        #expect(texts.map(\.ec) == ["0007-00000027", nil, "0007-00000007", "0007-00000008"])
        #expect(texts.allSatisfy { $0.argumentValue == "v" })
        #expect(CallbackParameterError.status == 400 && CallbackParameterError.code == "InvalidArgument")
    }
}
