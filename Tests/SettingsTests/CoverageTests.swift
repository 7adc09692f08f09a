// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Settings
import Testing

/// Whether one pattern leaves anything to another.
@Suite struct CoverageTests {
    @Test(arguments: [
        ("*", "a*b", true), ("*", "", true), ("?*", "*", false), ("?*", "a*", true), ("?*", "*a", false),
        ("?*", "*?", true), ("a*", "ab*", true), ("ab*", "a*", false), ("*a", "b*a", true), ("*a*", "*xay*", true),
        ("a?", "ab", true), ("a?", "a*", false), ("a*", "a?", true), ("a", "a", true), ("a", "b", false),
        ("*a*b", "xa*yb", true), ("image/*", "image/png", true), ("image/*", "*/png", false), ("**", "*", true),
    ])
    func `a glob covers another`(wide: String, narrow: String, covers: Bool) {
        #expect(Glob(wide).covers(Glob(narrow)) == covers)
    }

    @Test(arguments: [
        ("/**", "/", true), ("/**", "/a/**", true), ("/a/**", "/**", false), ("/a/**", "/a", true),
        ("/a/**", "/a/b/*", true), ("/a/*", "/a/**", false), ("/a/*", "/a/b", true), ("/a/*", "/a/*.jpg", true),
        ("/a/*.jpg", "/a/*", false), ("/a/*.jpg", "/a/x-*.jpg", true), ("/**/*.jpg", "/a/*.jpg", true),
        ("/**/*.jpg", "/a/**", false), ("/*/b", "/a/b", true), ("/*/b", "/*/*", false), ("/*", "/", false),
        ("/?*", "/*", true), ("/**/a/**", "/x/a/y/z", true), ("/**/a/**", "/x/b/y", false), ("/a/**/b", "/a/b", true),
        ("/**/**", "/**", true), ("/*/**", "/**", false), ("/**/*", "/*/**", false),
    ])
    func `a path pattern covers another`(wide: String, narrow: String, covers: Bool) throws {
        #expect(try SegmentPattern(path: wide).covers(SegmentPattern(path: narrow)) == covers)
    }

    /// All patterns of up to two segments out of these, against all paths of up to three: "covers" must never lie.
    @Test func `what is covered never matches alone`() throws {
        let parts = ["a", "b", "*", "a*", "*b", "?", "**", "a?"]
        let patterns = try (parts.map { "/\($0)" } + parts.flatMap { first in parts.map { "/\(first)/\($0)" } })
            .map { try SegmentPattern(path: $0) }
        let segments = ["", "a", "b", "ab", "ba"]
        var paths = segments
        for first in segments {
            paths += segments.map { "\(first)/\($0)" }
            for second in segments { paths += segments.map { "\(first)/\(second)/\($0)" } }
        }
        var covered = 0
        for wide in patterns {
            for narrow in patterns where wide.covers(narrow) {
                covered += 1
                for path in paths {
                    let isLeft = captures(narrow, path) != nil && captures(wide, path) == nil
                    #expect(!isLeft, "\(narrow) takes \(path), \(wide) does not")
                }
            }
        }
        #expect(covered > 500)
    }

    private static let general = "{path: /photos/**, methods: [PUT, POST], size: ..20MiB, header: {X-A: '?*'}}"

    @Test(arguments: [
        ("{path: /photos/**}", "{path: /photos/x}", true),
        ("{path: /photos/**}", "{}", false),
        ("{}", "{path: /photos/**}", true),
        ("{listener: a}", "{}", false),
        ("{listener: [a, b]}", "{}", true),
        ("{methods: [PUT, POST]}", "{methods: PUT}", true),
        ("{methods: PUT}", "{methods: [PUT, POST]}", false),
        ("{methods: PUT}", "{}", false),
        ("{host: '*.example.com'}", "{host: [a.example.com, B.example.com]}", true),
        ("{host: '*.example.com'}", "{host: [a.example.com, example.com]}", false),
        ("{path: [/a/**, /b/**]}", "{path: [/b/x, /a/y]}", true),
        ("{contentType: image/*}", "{contentType: Image/PNG}", true),
        ("{contentType: image/*}", "{}", false),
        ("{size: ..20MiB}", "{size: 1KiB..20MiB}", true),
        ("{size: ..20MiB}", "{size: 1KiB..}", false),
        ("{size: 1KiB..}", "{size: 2KiB..}", true),
        ("{size: 1KiB..}", "{size: ..2KiB}", false),
        ("{header: {X-A: '?*'}}", "{header: {x-a: yes, X-B: no}}", true),
        ("{header: {X-A: '?*'}}", "{header: {X-A: '*'}}", false),
        ("{header: {X-A: '?*', X-B: '*'}}", "{header: {X-A: yes}}", false),
        ("{query: {a: 'x*'}}", "{query: {a: xy}}", true),
        ("{query: {a: 'x*'}}", "{query: {A: xy}}", false),
        (general, "{path: /photos/a, methods: PUT, size: ..1MiB, header: {X-A: b}}", true),
        (general, "{path: /photos/a, methods: PUT, header: {X-A: b}}", false),
    ])
    func `a route that is left nothing is an error`(earlier: String, later: String, isCovered: Bool) {
        let found = problems(
            frame("  - {name: one, match: \(earlier), store: shelf}\n  - {name: two, match: \(later), store: shelf}\n"))
        let expected =
            "f:8:5: error: routes[1]: route \"two\" is never reached:"
            + " \"one\" in line 7 takes everything that it would match"
        #expect(found == (isCovered ? [expected] : []))
    }
}
