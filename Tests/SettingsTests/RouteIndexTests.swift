// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Settings

@Suite struct RouteIndexTests {
    /// The index against a plain walk through all routes; each table has other sorts of conditions.
    @Test(arguments: 0...7)
    func `the index finds what a walk finds`(kinds: Int) throws {
        var generator = Xorshift(state: 0x9E37_79B9_7F4A_7C15 &* UInt64(kinds + 1))
        let conditions = try (0..<150).map { _ in try generator.conditions(kinds: kinds) }
        let index = RouteIndex(conditions)
        var matches = 0
        for _ in 0..<400 {
            let request = generator.upload()
            var captures = PathCaptures()
            func isMatch(_ route: Int) -> Bool {
                conditions[route].firstFailure(request, host: request.head.authority, captures: &captures) == nil
            }
            let expected = conditions.indices.filter(isMatch)
            let found = candidates(index, request)
            #expect(found == Array(Set(found)).sorted())
            #expect(found.filter(isMatch) == expected)
            matches += expected.count
        }
        #expect(matches > 400)
    }

    /// A pattern of a path, or host, or a value of the field `t`, with the number of the route in it.
    @Test(
        arguments: [
            ("/t#/photos/**", nil, nil, request(.put, "t999/photos/x")),
            ("/photos/**", "*.t#.example.com", nil, request(.put, "photos/x", host: "x.T999.example.com")),
            ("/*/t#/**", nil, nil, request(.put, "photos/t999/x")),
            ("/photos/*/*/*/*/t#", nil, nil, request(.put, "photos/1/2/3/4/t999")),
            ("/**/t#/*", nil, nil, request(.put, "a/b/c/d/e/f/g/h/t999/x")),
            ("/**/t#", nil, nil, request(.put, "t999")),
            ("/a/**/*.t#", nil, nil, request(.put, "a/x.y.t999")),
            ("/**", nil, "t#", request(.put, "x", fields: [("T", "other"), ("t", "t999")])),
        ] as [(String, String?, String?, RouteRequest)])
    func `a thousand routes leave one candidate`(
        path: String, host: String?, field: String?, request: RouteRequest
    ) throws {
        let conditions = try (0..<1000).map { number in
            func numbered(_ text: String) -> String {
                text.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "\(number)")
            }
            return RouteConditions(
                listeners: 1, methods: .all, hosts: try host.map { [try SegmentPattern(host: numbered($0))] } ?? [],
                paths: [try SegmentPattern(path: numbered(path))], contentTypes: [],
                headers: field.map { [.init(name: "t", pattern: Glob(numbered($0)))] } ?? [], query: [], size: .any)
        }
        #expect(candidates(RouteIndex(conditions), request) == [999])
    }

    @Test func `a field with many values makes every route a candidate`() throws {
        let conditions = ["a", "b", "c", "d"].map { value in
            RouteConditions(
                listeners: 1, methods: .all, hosts: [], paths: [], contentTypes: [],
                headers: [.init(name: "t", pattern: Glob(value))], query: [], size: .any)
        }
        let index = RouteIndex(conditions)
        #expect(candidates(index, request(.put, "x")) == [])
        #expect(candidates(index, request(.put, "x", fields: [("t", "d"), ("t", "b")])) == [1, 3])
        #expect(candidates(index, request(.put, "x", fields: [("t", "d"), ("t", "b"), ("t", "c")])) == [0, 1, 2, 3])
    }
}

private func candidates(_ index: RouteIndex, _ request: RouteRequest) -> [Int] {
    var candidates = index.candidates(
        path: request.path.span, host: request.head.authority.span, fields: request.head.fields)
    var found: [Int] = []
    while let candidate = index.next(&candidates) { found.append(candidate) }
    return found
}

private struct Xorshift {
    var state: UInt64
    mutating func next(below limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }

    mutating func pick(_ words: [String]) -> String { words[next(below: words.count)] }

    /// - Parameter kinds: bit 0 adds hosts, bit 1 fields, bit 2 begins paths with a wildcard.
    mutating func conditions(kinds: Int) throws -> RouteConditions {
        let paths = try (0..<next(below: 3)).map { _ in
            let literals = kinds & 4 == 0 ? 2 : 0
            var segments = (0..<1 + next(below: 8)).map { place in
                pick(place < literals ? ["a", "b", "a.c"] : ["a", "b", "c", "a.c", "*", "**", "a*", "*.c", "?.a"])
            }
            while segments.joined().count(where: { $0 == "*" }) > 8 { segments.removeLast() }
            return try SegmentPattern(path: "/" + segments.joined(separator: "/"))
        }
        let hosts = try (0..<(kinds & 1 == 0 ? 0 : next(below: 3))).map { _ in
            try SegmentPattern(
                host: (0..<1 + next(below: 3)).map { _ in pick(["a", "b", "*", "**"]) }.joined(separator: "."))
        }
        let headers = (0..<(kinds & 2 == 0 ? 0 : next(below: 3))).map { _ in
            RouteConditions.Named(name: pick(["x", "y", "z"]), pattern: Glob(pick(["a", "b", "a*", "?"])))
        }
        return RouteConditions(
            listeners: 1, methods: .all, hosts: hosts, paths: paths, contentTypes: [], headers: headers, query: [],
            size: .any)
    }

    mutating func upload() -> RouteRequest {
        let path = (0..<next(below: 9)).map { _ in pick(["a", "b", "c", "a", "b", "a.c", "b.a", ""]) }
        let host = (0..<1 + next(below: 3)).map { _ in pick(["A", "b"]) }
        let fields = (0..<next(below: 5)).map { _ in (pick(["X", "y", "z"]), pick(["a", "b", "ab"])) }
        return request(
            .put, path.joined(separator: "/"), host: host.joined(separator: "."), fields: fields)
    }
}
