// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@testable import Signing

@Suite struct FormPolicyTests {
    static let expiration = "\"expiration\":\"2023-11-14T23:13:20.000Z\""

    static func policy(_ conditions: String) throws(FormPolicyFailure) -> FormPolicy {
        try FormPolicy(document: "{\(expiration),\"conditions\":[\(conditions)]}".utf8.span)
    }

    static func failure(_ document: String) -> FormPolicyFailure? {
        do throws(FormPolicyFailure) {
            _ = try FormPolicy(document: document.utf8.span)
            return nil
        } catch {
            return error
        }
    }

    /// Why a form with these fields is refused; nil: it is not.
    static func refusal(
        _ conditions: String, _ fields: [String: String], now: Int64 = 1_700_000_000
    ) throws -> FormPolicyFailure? {
        let policy = try policy(conditions)
        do throws(FormPolicyFailure) {
            try policy.check(now: now) { name in fields[name].map { Array($0.utf8) } }
            return nil
        } catch {
            return error
        }
    }

    @Test func `reads each form of condition`() throws {
        let policy = try Self.policy(
            """
            {"bucket":"examplebucket"}, ["eq", "$Key", "a"], ["starts-with","$key","user/"], ["content-length-range",1,10],
            ["in","$content-type",["image/jpg","image/png"]], ["not-in","$cache-control",["no-cache"]], {"a":"1","b":"2"}
            """)
        #expect(policy.expiration == 1_700_003_600_000)
        #expect(
            policy.conditions.map(\.field) == [
                "bucket", "key", "key", "content-length-range", "content-type", "cache-control", "a", "b",
            ])
        #expect(
            policy.conditions.map(\.rule) == [
                .equals("examplebucket"), .equals("a"), .startsWith("user/"), .length(1...10),
                .isOneOf(["image/jpg", "image/png"]), .isNoneOf(["no-cache"]), .equals("1"), .equals("2"),
            ])
        #expect(policy.lengthRange == 1...10)
        #expect(policy.pins("bucket") && policy.pins("key") && !policy.pins("content-type") && !policy.pins("Key"))
    }

    /// Each condition with fields that keep to it and fields that do not.
    @Test(
        arguments: [
            (#"{"bucket":"b"}"#, ["bucket": "b"], ["bucket": "c"]),
            (#"{"bucket":"b"}"#, ["bucket": "b"], [:]),
            (#"["eq","$key","a"]"#, ["key": "a"], ["key": "A"]),
            (#"["eq","$key","a"]"#, ["key": "a"], ["key": "ab"]),
            (#"["starts-with","$key","user/"]"#, ["key": "user/x"], ["key": "user"]),
            (#"["starts-with","$x-oss-meta-a",""]"#, [:], nil),
            (
                #"["in","$content-type",["image/jpg","image/png"]]"#, ["content-type": "image/png"],
                ["content-type": "image"]
            ),
            (#"["in","$content-type",["image/jpg"]]"#, ["content-type": "image/jpg"], [:]),
            (#"["not-in","$cache-control",["no-cache"]]"#, [:], ["cache-control": "no-cache"]),
            (#"["eq","$key","\$100"]"#, ["key": "$100"], ["key": "\\$100"]),
            (#"["eq","$key","\\\$\u00e4"]"#, ["key": "\\$ä"], ["key": "$ä"]),
            (#"["content-length-range",0,5]"#, [:], nil),
        ] as [(String, [String: String], [String: String]?)])
    func `holds fields against a condition`(condition: String, good: [String: String], bad: [String: String]?) throws {
        #expect(try Self.refusal(condition, good) == nil)
        guard let bad else { return }
        guard case .conditionFailed(let text)? = try Self.refusal(condition, bad) else {
            Issue.record("let through")
            return
        }
        #expect(try JSON.parse(text.utf8.span) != .null)
    }

    @Test func `ends with its second`() throws {
        #expect(try Self.refusal("", [:], now: 1_700_003_600) == nil)
        #expect(try Self.refusal("", [:], now: 1_700_003_601) == .expired)
    }

    /// Spellings of Go, the documentation and Python.
    @Test(arguments: ["2023-11-14T23:13:20Z", "2023-11-14T23:13:20.000Z", "2023-11-14T23:13:20.000000Z"])
    func `reads expirations of the SDKs`(text: String) throws {
        let document = "{\"expiration\":\"\(text)\",\"conditions\":[]}"
        #expect(try FormPolicy(document: document.utf8.span).expiration == 1_700_003_600_000)
    }

    @Test(arguments: [
        "\"2023-11-14 23:13:20Z\"", "\"2023-11-14T23:13:20\"", "\"2023-11-14T23:13:20+08:00\"",
        "\"2023-11-14T23:13:20.Z\"",
        "\"2023-13-14T23:13:20Z\"", "\"\"", "1700003600", "null",
    ])
    func `refuses what is no date`(text: String) {
        #expect(Self.failure("{\"expiration\":\(text),\"conditions\":[]}") == .badExpiration(text))
    }

    @Test(arguments: [
        "{}", "[]", "\"a\"", "1", "{\"a\":1}", "{\"\":\"a\"}", "[\"eq\",\"$key\"]", "[\"eq\",\"key\",\"a\"]",
        "[\"eq\",\"$\",\"a\"]",
        "[\"ends-with\",\"$key\",\"a\"]", "[\"eq\",\"$key\",1]", "[\"in\",\"$key\",\"a\"]", "[\"in\",\"$key\",[1]]",
        "[\"content-length-range\",1]", "[\"eq\",\"$key\",\"a\",\"b\"]",
    ])
    func `refuses what is no condition`(text: String) {
        let failure = Self.failure("{\(Self.expiration),\"conditions\":[\(text)]}")
        #expect(failure == .badCondition(text))
    }

    @Test(arguments: ["2,1", "-1,1", "0,1.5", "0,\"a\""])
    func `refuses what is no range of lengths`(range: String) {
        let text = "[\"content-length-range\",\(range)]"
        #expect(Self.failure("{\(Self.expiration),\"conditions\":[\(text)]}") == .badLengthRange(text))
    }

    @Test func `takes lengths together and refuses those that no file can have`() throws {
        let policy = try Self.policy("[\"content-length-range\",1,10],[\"content-length-range\",5,20]")
        #expect(policy.lengthRange == 5...10)
        let failure = Self.failure(
            "{\(Self.expiration),\"conditions\":[[\"content-length-range\",1,10],[\"content-length-range\",11,20]]}")
        #expect(failure == .badCondition("[\"content-length-range\",11,20]"))
    }

    @Test func `says what a document lacks`() {
        #expect(Self.failure("{\"conditions\":[]}") == .missing("expiration"))
        #expect(Self.failure("{\(Self.expiration)}") == .missing("conditions"))
        #expect(Self.failure("{\(Self.expiration),\"conditions\":{}}") == .badCondition("{}"))
        for document in ["", "{", "[]", "{\(Self.expiration),}", "\u{FEFF}{}"] {
            guard case .notJSON? = Self.failure(document) else {
                Issue.record("\(document)")
                continue
            }
        }
        #expect(throws: FormPolicyFailure.notBase64) { try FormPolicy(base64: "{}".utf8.span) }
    }
}
