// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

@Suite struct OSSFormTests {
    static let head = [
        "POST /examplebucket/ HTTP/1.1", "Host: 127.0.0.1:8081",
        "Content-Type: multipart/form-data; boundary=9431149156168",
        "Content-Length: 1000",
    ]

    static func formFields(_ list: [(String, String)]) -> [Dialects::FormField] {
        list.map { Dialects::FormField(name: $0.0, value: Array($0.1.utf8)) }
    }

    static func request(
        _ list: [(String, String)], file: FormFile = FormFile(fileName: "a b.png", contentType: "image/png"),
        head: [String] = head
    ) throws -> ClientRequest {
        let request = try RequestText.operation(head)
        try #require(request.operation == .postObject)
        return try OSSDialect().readForm(request, fields: formFields(list), file: file)
    }

    static func error(
        _ list: [(String, String)], file: FormFile = FormFile(fileName: "a", contentType: nil)
    ) -> VendorError? {
        do {
            _ = try request(list, file: file)
            return nil
        } catch {
            return error as? VendorError
        }
    }

    @Test(arguments: [
        ("POST /examplebucket/ HTTP/1.1", "127.0.0.1"), ("POST /examplebucket HTTP/1.1", "127.0.0.1"),
        ("POST / HTTP/1.1", "examplebucket.oss.example.com"),
    ])
    func `takes a form on the bucket for an upload`(line: String, host: String) throws {
        let request = try RequestText.operation([
            line, "Host: \(host)", "content-type: Multipart/Form-Data;boundary=x", "Content-Length: 9",
        ])
        #expect(request.operation == .postObject)
        #expect(request.bucket == "examplebucket")
        #expect(request.key.isEmpty)
        #expect(request.contentLength == 9)
    }

    @Test(arguments: [
        "Accept: */*", "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-datax",
    ])
    func `refuses what is no form`(field: String) throws {
        let error = try RequestText.error([
            "POST /examplebucket/ HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0", field,
        ])
        #expect(error?.code == "RequestIsNotMultiPartContent")
        #expect(error?.status == 400)
    }

    @Test func `wants a length or chunks, and at most five gigabytes`() throws {
        #expect(try RequestText.error(Array(Self.head.dropLast()))?.code == "MissingContentLength")
        let large = Array(Self.head.dropLast()) + ["Content-Length: 5368709121"]
        #expect(try RequestText.error(large)?.code == "EntityTooLarge")
        let chunked = Array(Self.head.dropLast()) + ["Transfer-Encoding: chunked"]
        #expect(try RequestText.operation(chunked).contentLength == nil)
    }

    /// The form of "PostObject" in the OSS API reference, with a field for everything it knows.
    @Test func `reads all fields`() throws {
        let request = try Self.request([
            ("OSSAccessKeyId", "id"), ("policy", "e30="), ("Signature", "c2ln"), ("key", "user/eric/${filename}"),
            ("success_action_status", "201"), ("success_action_redirect", "https://example.com/done?a=1"),
            ("Content-Disposition", "attachment"), ("Cache-Control", "no-cache"), ("Expires", "0"),
            ("Content-Encoding", "utf-8"), ("x-oss-object-acl", "public-read"), ("x-oss-meta-uuid", "uuid"),
            ("X-OSS-Meta-Tag", "metadata"), ("x-oss-forbid-overwrite", "true"), ("x-oss-storage-class", "IA"),
            ("x-oss-server-side-encryption", "AES256"), ("callback", "e30="), ("x:uid", "12345"), ("x:Var", "b"),
            ("submit", "Upload to OSS"),
        ])
        #expect(request.operation == .postObject)
        #expect(request.keyText == "user/eric/a b.png")
        #expect(request.forbidsOverwrite)
        #expect(request.formAnswer.status == 201)
        #expect(request.formAnswer.redirect == "https://example.com/done?a=1")
        #expect(request.callback?.callback == Array("e30=".utf8))
        #expect(request.callback?.variables == nil)
        #expect(request.callback?.formVariables == Self.formFields([("x:uid", "12345"), ("x:Var", "b")]))
        #expect(
            request.objectFields
                == fields([
                    ("Content-Type", "image/png"), ("Content-Disposition", "attachment"), ("Cache-Control", "no-cache"),
                    ("Expires", "0"), ("Content-Encoding", "utf-8"), ("x-oss-object-acl", "public-read"),
                    ("x-oss-meta-uuid", "uuid"), ("X-OSS-Meta-Tag", "metadata"), ("x-oss-forbid-overwrite", "true"),
                    ("x-oss-storage-class", "IA"), ("x-oss-server-side-encryption", "AES256"),
                ]))
    }

    @Test func `says where the file begins`() {
        #expect(OSSDialect().isFormFile("file") && OSSDialect().isFormFile("File"))
        #expect(!OSSDialect().isFormFile("files") && !OSSDialect().isFormFile("key"))
    }

    @Test(
        arguments: [
            ("${filename}", "a.png", "a.png"), ("x/${filename}/${filename}", "a", "x/a/a"), ("k", "a", "k"),
            ("${filename}", "${filename}", "${filename}"), ("${filenam}${filename", "a", "${filenam}${filename"),
            ("dir/${filename}", nil, "dir/"),
        ] as [(String, String?, String)])
    func `puts the file's name into the key`(pattern: String, name: String?, key: String) throws {
        let request = try Self.request([("key", pattern)], file: FormFile(fileName: name, contentType: nil))
        #expect(request.keyText == key)
    }

    @Test(
        arguments: [
            ([("x-oss-content-type", "a/b"), ("Content-Type", "c/d")], "e/f", "a/b"),
            ([("Content-Type", "c/d")], "e/f", "e/f"),
            ([("content-type", "c/d")], nil, "c/d"), ([], "e/f", "e/f"), ([], nil, nil),
        ] as [([(String, String)], String?, String?)])
    func `finds the type of the object`(list: [(String, String)], own: String?, type: String?) throws {
        let request = try Self.request(
            [("key", "k")] + list, file: FormFile(fileName: "f", contentType: own))
        #expect(request.objectFields?.string("Content-Type") == type)
    }

    @Test func `takes the access rights of the header where the form has none`() throws {
        let head = Self.head + ["x-oss-object-acl: private", "x-oss-meta-a: header"]
        #expect(try Self.request([("key", "k")], head: head).objectFields?.string("x-oss-object-acl") == "private")
        let form = try Self.request([("key", "k"), ("x-oss-object-acl", "public-read")], head: head)
        #expect(form.objectFields?.string("x-oss-object-acl") == "public-read")
        #expect(form.objectFields?.count(of: "x-oss-object-acl") == 1)
        #expect(form.objectFields?.contains("x-oss-meta-a") == false)
    }

    @Test(arguments: ["", "203", "302", "abc", "404"])
    func `takes other statuses for none`(status: String) throws {
        #expect(try Self.request([("key", "k"), ("success_action_status", status)]).formAnswer == FormAnswer())
    }

    @Test(
        arguments: [
            ([], "IncorrectNumberOfFilesInPOSTRequest"), ([("key", "")], "InvalidObjectName"),
            ([("key", "/k")], "InvalidObjectName"),
            ([("key", String(repeating: "k", count: 1024))], "InvalidObjectName"),
            ([("key", "k"), ("Key", "l")], "InvalidArgument"),
            ([("key", "k"), ("x-oss-forbid-overwrite", "yes")], "InvalidArgument"),
            ([("key", "k"), ("x-oss-tagging", "a=b")], "InvalidArgument"),
            ([("key", "k"), ("x-oss-meta-a b", "c")], "InvalidArgument"),
            ([("key", "k"), ("x-oss-meta-a", "c\r\nX-Evil: d")], "InvalidArgument"),
            ([("key", "k"), ("Cache-Control", "a\nb")], "InvalidArgument"),
            ([("key", "k"), ("success_action_redirect", "javascript:alert(1)")], "InvalidArgument"),
            ([("key", "k"), ("success_action_redirect", "https://a/\r\nSet-Cookie: b")], "InvalidArgument"),
            ([("key", "k"), (String(repeating: "n", count: 8193), "v")], "FieldItemTooLong"),
        ] as [([(String, String)], String)])
    func `refuses forms that OSS refuses`(list: [(String, String)], code: String) {
        let error = Self.error(list)
        #expect(error?.code == code)
        #expect(error?.status == 400)
    }

    @Test(arguments: [
        (FormRefusal.malformed("m"), "MalformedPOSTRequest"), (.fieldTooLong("m"), "FieldItemTooLong"),
        (.fieldsTooLong("m"), "MaxPOSTPreDataLengthExceededError"), (.noFile, "IncorrectNumberOfFilesInPOSTRequest"),
    ])
    func `has a code for each way to break a form`(refusal: FormRefusal, code: String) {
        let error = OSSDialect().error(refusal)
        #expect(error.status == 400)
        #expect(error.code == code)
    }
}

/// Who may send a form: the signatures themselves are tested where they are made.
@Suite struct OSSFormVerifierTests {
    static let now: Int64 = 1_700_000_000

    /// A V1 form with a policy of these conditions.
    static func form(_ conditions: String, _ others: [(String, String)]) -> [Dialects::FormField] {
        let document = "{\"expiration\":\"2023-11-14T23:13:20.000Z\",\"conditions\":[\(conditions)]}"
        let policy = Base64.encode(document.utf8.span)
        let signer = OSSSigner(version: .v1, credentials: OSSRoundTripTests.credentials(), region: "")
        return OSSFormTests.formFields(
            [
                ("OSSAccessKeyId", "LTAI5tExampleKeyId000001"), ("policy", policy),
                ("Signature", signer.signature(ofPolicy: policy.utf8.span, now: now)),
            ] + others)
    }

    static func verify(
        _ fields: [Dialects::FormField], file: FormFile = FormFile(fileName: "f.png", contentType: "image/png")
    ) throws -> (id: String, request: ClientRequest) {
        let dialect = OSSDialect()
        var request = try dialect.readForm(try RequestText.operation(OSSFormTests.head), fields: fields, file: file)
        let id = try dialect.makeVerifier().verifyForm(&request, fields: fields, file: file, now: now) { _ in
            OSSRoundTripTests.credentials()
        }
        return (id, request)
    }

    static func error(
        _ fields: [Dialects::FormField], file: FormFile = FormFile(fileName: "f.png", contentType: "image/png")
    ) -> VendorError? {
        do {
            _ = try verify(fields, file: file)
            return nil
        } catch {
            return error as? VendorError
        }
    }

    @Test func `lets in who keeps to a policy, and hands its lengths on`() throws {
        let conditions = """
            {"bucket":"examplebucket"},["eq","$key","user/${filename}"],["content-length-range",1,10],
            ["in","$content-type",["image/png"]],{"callback":"e30="},["eq","$x:uid","7"]
            """
        let fields = Self.form(conditions, [("key", "user/${filename}"), ("callback", "e30="), ("x:uid", "7")])
        let (id, request) = try Self.verify(fields)
        #expect(id == "LTAI5tExampleKeyId000001")
        #expect(request.lengthRange == 1...10)
        #expect(request.keyText == "user/f.png")
    }

    @Test(arguments: [
        #"{"bucket":"otherbucket"}"#, #"["eq","$key","user/f.png"]"#, #"["not-in","$content-type",["image/png"]]"#,
        #"{"callback":"e30="}"#, #"{"x-oss-object-acl":"private"}"#,
    ])
    func `refuses who does not`(condition: String) {
        let error = Self.error(Self.form(condition, [("key", "user/${filename}"), ("bucket", "otherbucket")]))
        #expect(error?.status == 403)
        #expect(error?.code == "AccessDenied")
        #expect(error?.message.hasPrefix("Invalid according to Policy: Policy Condition failed: ") == true)
    }

    /// The type that counts is the one the object gets, wherever it stands in the form.
    @Test func `cannot be told another type than the object's`() {
        let condition = #"["eq","$Content-Type","image/png"]"#
        let told = [("key", "k"), ("Content-Type", "image/png")]
        let html = FormFile(fileName: "f", contentType: "text/html")
        #expect(Self.error(Self.form(condition, told), file: html)?.code == "AccessDenied")
        let field = told + [("x-oss-content-type", "text/html")]
        #expect(Self.error(Self.form(condition, field))?.code == "AccessDenied")
        #expect(Self.error(Self.form(condition, told), file: FormFile(fileName: "f", contentType: nil)) == nil)
    }

    @Test func `refuses who does not say who it is`() {
        let error = Self.error(OSSFormTests.formFields([("key", "k")]))
        #expect(error?.status == 403)
        #expect(error?.message == "Anonymous access is forbidden for this operation.")
        var fields = Self.form("", [("key", "k")])
        fields.remove(at: 2)
        #expect(Self.error(fields)?.message == "Post request signature is empty.")
        fields = Self.form("", [("key", "k")])
        fields[1].value = Array("e30=".utf8)
        #expect(Self.error(fields)?.code == "InvalidPolicyDocument")
    }
}
