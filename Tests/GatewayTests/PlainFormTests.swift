// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Gateway

@Suite struct PlainFormTests {
    @Test(arguments: [
        ("cat.jpg", "cat.jpg"), ("dir/cat.jpg", "cat.jpg"), ("/etc/passwd", "passwd"), ("../../x", "x"),
        ("C:\\Users\\me\\cat.jpg", "cat.jpg"), ("a\\b/c", "c"), ("a/b\\c", "c"), ("...", "..."),
        (".profile", ".profile"),
        ("a\r\nb\0c\u{7F}d\te", "abcde"), (" a ", " a "), ("日本.txt", "日本.txt"), ("dir/.\u{1}.x", "..x"),
    ])
    func `takes the last component of a file name, without control characters`(_ sent: String, _ name: String) throws {
        #expect(try FormFileName.name(Array(sent.utf8)).text == name)
    }

    @Test(arguments: ["", ".", "..", "dir/", "dir/..", "dir\\.", "\\", "\r\n", ".\0.", "a/\u{7F}"])
    func `refuses a file name that names no file`(_ sent: String) {
        let failure = #expect(throws: Failure.self) { try FormFileName.name(Array(sent.utf8)) }
        #expect(failure?.status == 400 && failure?.code == .badPath)
    }

    @Test(arguments: ["multipart/form-data; boundary=b", "Multipart/Form-Data"])
    func `takes a body for a form by its type alone`(_ type: String) throws {
        #expect(PlainForm.isForm(try Planned("/a", "Content-Type: " + type).request))
    }

    @Test(arguments: ["", "Content-Type: multipart/mixed; boundary=b", "Content-Type: text/plain"])
    func `takes other bodies as they are`(_ field: String) throws {
        #expect(!PlainForm.isForm(try Planned("/a", field).request))
    }

    @Test func `keeps the app's answers for as long as there is room for them`() throws {
        let plan = try Planned("/a").plan()
        var answer = PlainFormAnswer(callbackAnswerBytes: 12)
        let part = FormPart(name: Array("f".utf8), fileName: Array("n\"".utf8), fields: HeaderFields())
        for body in ["{\"a\": 1}", "{\"a\": 2}", "[3]"] {
            let result = CallbackResult.succeeded(body: Array(body.utf8), contentType: "application/json")
            let outcome = Outcome(stored: .yes, object: someObject, callback: result)
            #expect(answer.add(part, plan.request, plan, outcome) == 200)
        }
        let failure = Outcome(stored: .unknown, failure: someFailure)
        #expect(answer.add(part, plan.request, plan, failure) == 502)
        let files = try json(answer.body(nil, id: plan.request.publicID).array())["files"]?.arrayValue ?? []
        #expect(
            files.map { $0["answer"] } == [
                .object([(key: "a", value: .integer(1))]), .null, .array([.integer(3)]), nil,
            ])
        #expect(files.allSatisfy { $0["fileName"]?.stringValue == "n\"" && $0["field"]?.stringValue == "f" })
        #expect(files.map { $0["stored"] } == [.bool(true), .bool(true), .bool(true), .null])
        #expect(files.last?["code"]?.stringValue == "store-closed" && answer.status(nil) == 207)
    }

    @Test func `says what was wrong behind files that were stored`() throws {
        let plan = try Planned("/a").plan()
        var answer = PlainFormAnswer(callbackAnswerBytes: 0)
        let part = FormPart(name: [], fileName: nil, fields: HeaderFields())
        _ = answer.add(part, plan.request, plan, Outcome(stored: .yes, object: someObject))
        #expect(answer.status(nil) == 200)
        let fault = Failure(FormError.truncated)
        #expect(answer.status(fault) == 207)
        let document = try json(answer.body(fault, id: plan.request.publicID).array())
        #expect(document["error"]?["code"]?.stringValue == "malformed-form")
        #expect(document["error"]?["detail"]?.stringValue == "The form ended before its last boundary.")
        #expect(document["files"]?.arrayValue?.count == 1)
    }
}
