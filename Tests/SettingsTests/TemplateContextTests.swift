// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import HTTPWire
import Settings
import Testing

@Suite struct TemplateContextTests {
    private func context(_ path: String, captures: PathCaptures = PathCaptures()) -> TemplateContext {
        var fields = HeaderFields()
        fields.append("X-Device", "d/1")
        fields.append("x-device", "second")
        let whole = Array("/\(path)".utf8)
        // 2023-11-14T22:13:20.045Z
        return TemplateContext(
            path: whole[1...], captures: captures, authority: Array("Up.Example.com:8080".utf8)[...], fields: fields,
            query: QueryItems("a=1%2F2&a=3".utf8.span) ?? QueryItems(),
            form: [.init(name: Array("f".utf8), value: Array("form".utf8), hadEquals: true)], clientIP: "10.0.0.1",
            clientID: "ci", bucket: "bucket", requestID: "R1", uuid: "U1", unixMilliseconds: 1_700_000_000_045)
    }

    @Test(arguments: [
        ("${path}", "a/b.tar.gz"), ("${path.name}", "b.tar.gz"), ("${path.extension}", ".gz"),
        ("${header.x-DEVICE}", "d/1"), ("${header.missing}!", "!"), ("${query.a}", "1/2"), ("${query.b}!", "!"),
        ("${form.f}", "form"), ("${host}", "up.example.com"), ("${client.ip}-${client.id}", "10.0.0.1-ci"),
        ("${date:yyyy/MM/dd/HHmmssSSS}", "2023/11/14/221320045"), ("${uuid}", "U1"), ("${request.id}", "R1"),
        ("${bucket}", "bucket"), ("literal/${path}", "literal/a/b.tar.gz"),
    ])
    func `a variable has its value`(template: String, value: String) throws {
        #expect(try key(template, context("a/b.tar.gz")) == value)
    }

    @Test(arguments: [
        ("name", "name", ""), (".profile", ".profile", ""), ("a.b/", "", ""), ("a.b/c", "c", ""), ("x.", "x.", ""),
        ("a/.x.jpg", ".x.jpg", ".jpg"),
    ])
    func `name and extension are those of the last segment`(path: String, name: String, suffix: String) throws {
        #expect(try key("=${path.name}=${path.extension}", context(path)) == "=\(name)=\(suffix)")
    }

    @Test func `captures are counted from one`() throws {
        let table = try routeTable(
            "  - {name: a, match: {path: /u/*/f-*/**}, store: shelf, key: '${path.2}/${path.1}/${path.3}'}")
        let match = try #require(table.match(request(.put, "u/ann/f-7/x/y")))
        let key = try table.routes[0].objectKey(context("u/ann/f-7/x/y", captures: match.captures))
        #expect(String(decoding: key, as: UTF8.self) == "7/ann/x/y")
    }

    @Test func `dots and odd bytes of clients are literal`() throws {
        #expect(try key("${path}", context("../a/./b\u{7F}%2e")) == "../a/./b\u{7F}%2e")
    }

    @Test func `a key has 1 to 1023 bytes`() throws {
        #expect(try key("${path}", context(String(repeating: "k", count: 1023))).utf8.count == 1023)
        #expect(throws: KeyError.tooLong(1024)) { try key("${path}", context(String(repeating: "k", count: 1024))) }
        #expect(throws: KeyError.empty) { try key("${path}", context("")) }
    }

    private func key(_ template: String, _ context: TemplateContext) throws -> String {
        // Only listeners of SDKs know a bucket.
        let settings = try settings(
            """
            version: 1
            listeners: [{name: a, address: "127.0.0.1:0", dialect: oss, clients: c}]
            clients: {c: {keys: [{id: a, secret: "plain:b"}]}}
            stores: {shelf: {dialect: directory, path: objects}}
            routes: [{name: a, store: shelf, key: "\(template)"}]
            """)
        return String(decoding: try settings.routes.routes[0].objectKey(context), as: UTF8.self)
    }
}
