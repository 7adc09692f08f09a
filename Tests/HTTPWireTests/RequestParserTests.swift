// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

/// Parses `request` and expects a head.
private func head(_ request: String) throws -> RequestHead {
    guard case .head(let head, let consumed) = parseRequest(request) else {
        throw Unexpected(outcome: "\(parseRequest(request))")
    }
    #expect(consumed == request.utf8.count)
    return head
}

private struct Unexpected: Error { let outcome: String }

@Suite struct RequestParserTests {
    @Test func `reads an upload as curl sends it`() throws {
        let head = try head(
            "PUT /photos/a%20b.jpg?x=1&y HTTP/1.1\r\nHost: edge.example.com:8080\r\nUser-Agent: curl/7.88.1\r\n"
                + "Accept: */*\r\nContent-Type:image/jpeg \t\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"
                + "X-Empty:\r\nX-Text: caf\u{E9}\ttab\r\n\r\n")
        #expect(head.method == .put)
        #expect(text(head.target) == "/photos/a%20b.jpg?x=1&y")
        #expect(text(head.path) == "/photos/a%20b.jpg")
        #expect(head.query.map(text) == "x=1&y")
        #expect(text(head.authority) == "edge.example.com:8080")
        #expect(text(head.host) == "edge.example.com")
        #expect(head.framing == .length(10))
        #expect(head.keepAlive && head.expectsContinue && !head.isHTTP10)
        #expect(
            head.fields.indices.map { text(head.fields.name(at: $0)) }
                == ["Host", "User-Agent", "Accept", "Content-Type", "Content-Length", "Expect", "X-Empty", "X-Text"])
        #expect(head.fields.string("content-type") == "image/jpeg")
        #expect(head.fields.string("x-empty") == "")
        #expect(head.fields.string("x-text") == "caf\u{E9}\ttab")
    }

    @Test func `gives the bytes of the body and of the next request back`() throws {
        let first = put("Content-Length: 3")
        let second = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
        let bytes = Array((first + second).utf8)
        var parser = RequestParser()
        var head = RequestHead()
        let consumed = try parser.parse(bytes.span, into: &head)
        #expect(consumed == first.utf8.count)
        #expect(try parser.parse(bytes.span.extracting(first.utf8.count...), into: &head) == second.utf8.count)
        #expect(head.method == .get)
        #expect(text(head.target) == "/b")
        #expect(head.framing == .none)
        #expect(head.fields.count == 1)
    }

    @Test func `leaves the head unchanged until the next one is complete`() throws {
        var parser = RequestParser()
        var head = RequestHead()
        let first = Array(put("X: 1").utf8)
        _ = try parser.parse(first.span, into: &head)
        let before = head
        #expect(try parser.parse("DELETE /x HTTP/1.0\r\nX: 2\r\n".utf8.span, into: &head) == nil)
        #expect(head == before)
    }

    @Test func `skips one empty line in front`() throws {
        #expect(try head("\r\n" + put()).method == .put)
    }

    @Test(arguments: [
        ("PUT", HTTPMethod.put), ("GET", .get), ("HEAD", .head), ("POST", .post), ("DELETE", .delete),
        ("OPTIONS", .options), ("PATCH", .patch), ("put", .other("put")), ("PROPFIND", .other("PROPFIND")),
        ("A", .other("A")), ("connect", .other("connect")), ("M-SEARCH", .other("M-SEARCH")),
    ])
    func `tells methods apart`(_ name: String, _ method: HTTPMethod) throws {
        let head = try head("\(name) / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(head.method == method)
        #expect(head.method.name == name)
    }

    @Test(arguments: [
        // target, Host, reduced target, authority
        ("http://other:81/a?b", "h", "/a?b", "other:81"), ("HTTPS://other", "h", "/", "other"),
        ("http://other?x", "h", "/?x", "other"), ("/a", "h:80", "/a", "h:80"), ("/http://x/", "h", "/http://x/", "h"),
        ("//a//b/../c", "h", "//a//b/../c", "h"), ("/%41%ff%2F", "h", "/%41%ff%2F", "h"), ("/?", "h", "/?", "h"),
    ])
    func `reduces targets to origin form, the target's authority winning`(
        _ target: String, _ host: String, _ reduced: String, _ authority: String
    ) throws {
        let head = try head("PUT \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(text(head.target) == reduced)
        #expect(text(head.authority) == authority)
        #expect(text(head.path) == reduced.prefix { $0 != "?" })
        #expect((head.query != nil) == reduced.contains("?"))
    }

    @Test(arguments: ["*", "http://h", "http://h/"])
    func `serves the asterisk of OPTIONS`(_ target: String) throws {
        let head = try head("OPTIONS \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(text(head.target) == (target == "http://h/" ? "/" : "*"))
    }

    @Test(arguments: [
        ("h", "h"), ("h:", "h"), ("h:65535", "h"), ("a-b.c_d~e.example", "a-b.c_d~e.example"),
        ("127.0.0.1:80", "127.0.0.1"), ("[::1]", "[::1]"), ("[::]:1", "[::]"), ("[1::]", "[1::]"),
        ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"), ("[1:2:3:4:5:6:255.0.0.1]", "[1:2:3:4:5:6:255.0.0.1]"),
        ("[1:2:3::5:6:7:8]", "[1:2:3::5:6:7:8]"), ("[2001:DB8::1.2.3.4]:80", "[2001:DB8::1.2.3.4]"),
    ])
    func `accepts hosts with and without port`(_ authority: String, _ host: String) throws {
        let head = try head("PUT /a HTTP/1.1\r\nHost: \(authority)\r\n\r\n")
        #expect(text(head.authority) == authority)
        #expect(text(head.host) == host)
    }

    @Test(arguments: [
        ("Content-Length: 0", BodyFraming.length(0)), ("content-LENGTH:   007  ", .length(7)),
        ("Content-Length: 9223372036854775807", .length(9_223_372_036_854_775_807)),
        ("Transfer-Encoding: chunked", .chunked), ("transfer-encoding:CHUNKED ", .chunked), ("X: y", .none),
        ("Content-Lengthy: 5", .none), ("Xontent-Length: 5", .none),
    ])
    func `tells the framing of the body`(_ field: String, _ framing: BodyFraming) throws {
        #expect(try head(put(field)).framing == framing)
    }

    @Test(arguments: [
        ("HTTP/1.1", "X: y", true), ("HTTP/1.1", "Connection: close", false),
        ("HTTP/1.1", "Connection: x, Close ", false),
        ("HTTP/1.1", "Connection: keep-alive", true), ("HTTP/1.1", "Connection: closed", true),
        ("HTTP/1.0", "X: y", false), ("HTTP/1.0", "Connection: Keep-Alive", true),
        ("HTTP/1.0", "Connection: keep-alive, close", false),
        ("HTTP/1.0", "Connection: keep-alive\r\nConnection: close", false),
    ])
    func `keeps connections alive as asked`(_ version: String, _ field: String, _ keepAlive: Bool) throws {
        #expect(try head(put(field, version: version)).keepAlive == keepAlive)
    }

    @Test(arguments: [
        ("HTTP/1.1", "Content-Length: 1", true), ("HTTP/1.1", "Transfer-Encoding: chunked", true),
        ("HTTP/1.1", "Content-Length: 0", false), ("HTTP/1.1", "X: y", false), ("HTTP/1.0", "Content-Length: 1", false),
    ])
    func `promises to continue only where a body waits`(_ version: String, _ field: String, _ expects: Bool) throws {
        #expect(try head(put("Expect: 100-Continue", field, version: version)).expectsContinue == expects)
    }

    @Test func `serves HTTP 1.0 without a Host`() throws {
        let head = try head("PUT /a HTTP/1.0\r\nContent-Length: 3\r\n\r\n")
        #expect(head.isHTTP10)
        #expect(head.authority.isEmpty && head.host.isEmpty)
        #expect(head.framing == .length(3))
    }

    @Test func `gives the same head however the bytes are cut`() {
        let samples = [
            "\r\n" + put("Content-Length: 12", "Expect: 100-continue", target: "http://o:1/a%20?b"),
            put("X:  padded \t", "Empty:", "Transfer-Encoding: chunked", "Connection: close"),
            "OPTIONS * HTTP/1.0\r\n\r\n",
        ]
        for sample in samples {
            let bytes = Array((sample + "rest").utf8)
            let whole = parseRequest(bytes)
            #expect(whole != .needsMore)
            for cut in 0...bytes.count { #expect(parseRequest(bytes, cuts: [cut]) == whole) }
            #expect(parseRequest(bytes, cuts: Array(0...bytes.count)) == whole)
            for missing in 0..<sample.utf8.count { #expect(parseRequest(Array(bytes[..<missing])) == .needsMore) }
        }
    }
}
