// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@testable import Settings

@Suite struct RouteTableTests {
    /// Each request is taken by the route that is named, or by none.
    @Test(
        arguments: [
            (request(.put, "photos/a.jpg"), "photos"),
            (request(.post, "photos/a.jpg"), "photos"),
            (request(.get, "photos/a.jpg"), nil),
            (request(.put, "photos/a.jpg", length: 100), "photos"),
            (request(.put, "photos/a.jpg", length: 101), "large"),
            (request(.put, "photos/a.jpg", length: nil), "photos"),
            (request(.put, "docs/a", host: "docs.example.com:8080"), "docs"),
            (request(.put, "docs/a", host: "DOCS.example.com."), "docs"),
            (request(.put, "docs/a", host: "other.example.com"), nil),
            (request(.put, "b", listener: 1), "b"),
            (request(.put, "b", listener: 0), nil),
            (request(.put, "t", fields: [("content-type", "Text/Plain ; charset=utf-8")]), "text"),
            (request(.put, "t", fields: [("content-type", "text")]), nil),
            (request(.put, "t"), nil),
            (request(.put, "h", fields: [("X-TENANT", "acme-1")]), "tenant"),
            (request(.put, "h", fields: [("x-tenant", ""), ("x-tenant", "acme-2")]), "tenant"),
            (request(.put, "h", fields: [("x-tenant", "other")]), nil),
            (request(.put, "q", query: "a=1&batch=x%2Dy"), "batch"),
            (request(.put, "q", query: "batch"), nil),
            (request(.put, "q", query: "Batch=x-y"), nil),
            (request(.other("PROPFIND"), "any/where"), "any"),
        ] as [(RouteRequest, String?)])
    func `the first route whose conditions are met takes an upload`(request: RouteRequest, name: String?) throws {
        let table = try routeTable(
            """
              - {name: photos, match: {path: /photos/**, methods: [PUT, POST], size: ..100B}, store: shelf}
              - {name: large, match: {path: /photos/**, methods: PUT, size: 101B..}, store: shelf}
              - {name: docs, match: {host: docs.example.com, path: /docs/*}, store: shelf}
              - {name: b, match: {listener: b}, store: shelf}
              - {name: text, match: {path: /t, contentType: [text/plain, text/html]}, store: shelf}
              - {name: tenant, match: {header: {X-Tenant: acme-*}}, store: shelf}
              - {name: batch, match: {query: {batch: "?*"}}, store: shelf}
              - {name: any, match: {path: /any/**}, store: shelf}
            """)
        #expect(table.needsQuery)
        let match = table.match(request)
        #expect(match.map { table.routes[$0.route.index].name } == name)
        #expect(table.explainMatch(request).last { $0.mismatch == nil }?.routeName == name)
    }

    @Test func `an explanation says why earlier routes did not match`() throws {
        let table = try routeTable(
            """
              - {name: b, match: {listener: b}, store: shelf}
              - {name: get, match: {methods: [GET, HEAD]}, store: shelf}
              - {name: small, match: {size: ..10B}, store: shelf}
              - {name: host, match: {host: ["*.a.com", b.com]}, store: shelf}
              - {name: path, match: {path: /x/**}, store: shelf}
              - {name: type, match: {contentType: image/*}, store: shelf}
              - {name: header, match: {header: {X-A: "?*"}}, store: shelf}
              - {name: query, match: {query: {q: "1"}}, store: shelf}
              - {name: rest, store: shelf}
              - {name: unreachable-is-not-listed, match: {path: /y}, store: shelf}
            """.split(separator: "\n").dropLast().joined(separator: "\n"))
        let explanations = table.explainMatch(request(.put, "a b", length: 11))
        #expect(
            explanations.map { "\($0.routeName): \($0.mismatch ?? "matches")" } == [
                "b: it is not for this listener",
                "get: method PUT is not among GET, HEAD",
                "small: size 11 is not in ..10",
                "host: host \"example.com\" does not match *.a.com, b.com",
                "path: path \"/a b\" does not match /x/**",
                "type: content type \"\" does not match image/*",
                "header: header x-a does not match \"?*\"",
                "query: query parameter q does not match \"1\"",
                "rest: matches",
            ])
    }

    @Test func `a match tells captures and the size limit`() throws {
        let table = try routeTable(
            """
              - {name: a, match: {path: ["/a/*/**", "/**/a/*"], size: ..1KiB}, store: shelf, limits: {uploadSize: 1MiB}}
              - {name: b, match: {path: /b/**}, store: shelf, limits: {uploadSize: 6GiB}}
              - {name: c, store: shelf}
            """)
        let first = try #require(table.match(request(.put, "a/b/c/d", length: nil)))
        #expect(first.sizeLimitBytes == 1024)
        #expect((0..<first.captures.count).map { first.captures[$0] } == [2..<3, 4..<7])
        let second = try #require(table.match(request(.put, "x/a/b")))
        #expect((0..<second.captures.count).map { second.captures[$0] } == [0..<1, 4..<5])
        #expect(table.match(request(.put, "b/x"))?.sizeLimitBytes == 6 << 30)
        let third = try #require(table.match(request(.put, "c")))
        #expect(third.captures.count == 0)
        #expect(third.sizeLimitBytes == 5 << 30)
    }
}
