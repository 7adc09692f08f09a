// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Testing

@Suite struct CallbackURLTests {
    @Test func `keeps path and query as written`() throws {
        let url = try CallbackURL(parsing: "HTTP://App.example.com:8080/oss/call%20back?id=1&a=/b?c")
        #expect(!url.isTLS && url.host == "App.example.com" && url.port == 8080)
        #expect(url.authority == "App.example.com:8080")
        #expect(url.rawPath == "/oss/call%20back" && url.rawQuery == "id=1&a=/b?c")
        #expect(url.target == "/oss/call%20back?id=1&a=/b?c")
        #expect(url.description == "http://App.example.com:8080/oss/call%20back?id=1&a=/b?c")
    }

    @Test func `gives an empty path its slash`() throws {
        #expect(try CallbackURL(parsing: "https://a").target == "/")
        #expect(try CallbackURL(parsing: "https://a").port == 443)
        #expect(try CallbackURL(parsing: "http://a?x=1").target == "/?x=1")
        #expect(try CallbackURL(parsing: "http://a/b?").target == "/b?")
        #expect(try CallbackURL(parsing: "http://[::1]:80/").host == "::1")
    }

    @Test func `takes the default for a missing scheme`() throws {
        // The example of the OSS documentation without a scheme.
        let url = try CallbackURL(parsing: "121.43.113.8:23456/index.html", defaultScheme: "http")
        #expect(url.description == "http://121.43.113.8:23456/index.html" && url.port == 23456)
        #expect(try CallbackURL(parsing: "a.b/c://d", defaultScheme: "https").description == "https://a.b/c://d")
    }

    @Test(arguments: [
        "", "app/uploaded", "//app/", "ftp://app/", "http:/app", "http://", "http:///x", "http://:80/", "http://a:/",
        "http://a:0/", "http://a:65536/", "http://a:+80/", "http://a:test/", "http://u:p@a/", "http://a/#f",
        "http://a/b c", "http://a/é", "http://a/%", "http://a/%2", "http://a/%zz", "http://a/${path}", "http://a b/",
        "http://[::1/", "http://[::1]x/", "http://[1.2.3.4]/", "http://::1/", "http://a..b/", "http://a%2eb/",
        "http://a\r\n/", "http://a/\"x\"", "http://a\\b/",
    ])
    func `refuses what is no callback URL`(text: String) {
        #expect(throws: CallbackURL.Problem.self) { try CallbackURL(parsing: text) }
        #expect(throws: CallbackURL.Problem.self) {
            try CallbackURL(parsing: text.isEmpty || text.hasPrefix("app") ? "ws://a/" : text, defaultScheme: "http")
        }
    }
}
