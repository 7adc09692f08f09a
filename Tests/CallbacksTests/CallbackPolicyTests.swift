// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Octets
import Testing

@Suite struct CallbackPolicyTests {
    @Test func `accepts the policy of the configuration reference`() throws {
        let policy = try CallbackPolicy.sample(
            host: "app.internal",
            body:
                #"{"bucket":${bucket},"object":${object},"size":${size},"etag":${etag},"device":${x:device}}"#,
            variables: [("device", "${header.X-Device-Id}"), ("batch", "${query.batch}")])
        #expect(policy.problems().isEmpty)
        #expect(CallbackCodec(.oss).problems(policy).isEmpty)
        #expect(policy.timeoutMilliseconds == 5000 && policy.onFailure == .init(status: 502, object: .keep))
    }

    @Test(arguments: ["http://127.0.0.1:8000/x", "http://localhost/", "https://10.0.0.7/", "http://[::1]:80/"])
    func `lets the operator call private addresses`(url: String) throws {
        #expect(try CallbackPolicy.sample(urls: [url]).problems().isEmpty)
    }

    @Test(arguments: [
        ([], "url"), (["http://a/", "ftp://b/"], "url[1]"), (["http://a/${path}"], "url"), (["a.example.com"], "url"),
        (Array(repeating: "http://a/", count: 6), "url"),
    ])
    func `names the bad URL`(urls: [String], key: String) throws {
        #expect(try CallbackPolicy.sample(urls: urls).problems().map(\.key) == [key])
    }

    @Test(arguments: [
        ("", "a callback needs a body"),
        ("{\"a\":${nobody}}", "there is no variable ${nobody}"),
        ("{\"a\":${x:device}}", "${x:device} is not defined: add device to the policy's variables"),
        (
            "{\"a\":${client.ip}}",
            "${client.ip} belongs to the request: give it a name under variables and write ${x:NAME} here"
        ),
        ("{\"a\":\"\\${object}\"}", #"a variable cannot stand in the middle of a \ escape"#),
        ("{\"a\":\"\\u00${object}\"}", #"a variable cannot stand in the middle of a \ escape"#),
        ("{\"a\":${size}1}", "it is not JSON once its variables are replaced, for example: {\"a\":01}"),
        ("{\"a\":1${size}}", "it is not JSON once its variables are replaced, for example: {\"a\":1null}"),
        ("size=${size}", "it is not JSON once its variables are replaced, for example: size=0"),
    ])
    func `says what is wrong with a body`(body: String, message: String) throws {
        #expect(try CallbackPolicy.sample(body: body).problems().map(\.message) == [message])
    }

    @Test func `does not ask a form to be JSON`() throws {
        #expect(try CallbackPolicy.sample(type: .form, body: "size=${size}&{").problems().isEmpty)
    }

    @Test(arguments: [
        ("Device", "${host}", "a variable's name is made of a-z, 0-9 and _ only"),
        ("", "${host}", "a variable's name is made of a-z, 0-9 and _ only"),
        ("a", "${object}", "${object} is known only once the object is stored: use it in the body"),
        ("a", "${x:b}", "${x:b} cannot be used in the value of a variable"),
        ("a", "${heder.X}", "there is no variable ${heder.X}"),
    ])
    func `says what is wrong with a variable`(name: String, value: String, message: String) throws {
        let problems = try CallbackPolicy.sample(variables: [(name, value)]).problems()
        #expect(problems == [CallbackProblem(key: "variables.\(name)", message: message)])
    }

    @Test func `finds a variable defined twice, a bad host, no time and a status without a body`() throws {
        let policy = try CallbackPolicy.sample(
            host: "a b", variables: [("a", "1"), ("a", "2")], timeoutMilliseconds: 0, onFailure: .init(status: 204))
        #expect(policy.problems().map(\.key) == ["host", "variables.a", "timeout", "onFailure.answer"])
    }

    @Test func `renders variables raw and the body escaped`() throws {
        let policy = try CallbackPolicy.sample(
            body: #"{"o":${object},"d":"<${x:device}>","s":${size}}"#,
            variables: [("device", "id ${header.X-Device-Id}"), ("unused", "${client.ip}")])
        let custom = policy.customVariables { variable in
            variable == .header("X-Device-Id") ? "a\"b".bytes : nil
        }
        #expect(custom == [.init(name: "device", value: "id a\"b".bytes), .init(name: "unused", value: [])])
        #expect(
            policy.renderBody(.sample(custom: custom)).text
                == #"{"o":"photos/a b.jpg","d":"<id a\"b>","s":5}"#)
    }

    @Test func `gives every system variable its value`() throws {
        let facts = CallbackFacts.sample(image: .init(height: 221, width: 396, format: "png"))
        let values = SystemVariable.allCases.map { facts.value(of: .system($0))?.text }
        #expect(
            values == [
                "media", "photos/a b.jpg", "5D41402ABC4B2A76B9719D911017C592", "5", "image/jpeg", "221", "396", "png",
                "3231342946509354535", "XUFAKrxLKna5cZ2REBfFkg==", "", "192.0.2.7", "5C3D9778CC1C2AEDF85B0001",
                "PutObject",
            ])
        #expect(CallbackFacts.sample().value(of: .system(.imageHeight)) == nil)
    }
}
