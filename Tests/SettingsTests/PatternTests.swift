// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Settings

@Suite struct PatternTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("a", "a", true), ("a", "A", false), ("*", "", true), ("*", "anything", true),
        ("?*", "", false), ("?*", "x", true), ("?", "x", true), ("?", "xy", false), ("a*c", "ac", true),
        ("a*c", "abcbc", true), ("a*c", "abcb", false), ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false),
        ("image/*", "image/jpeg", true), ("image/*", "video/mp4", false), ("**", "a", true), ("*?", "", false),
        ("*aab", "aaaab", true),
    ])
    func `a glob takes a whole text or not`(pattern: String, text: String, isMatch: Bool) {
        #expect(matches(Glob(pattern), text) == isMatch)
    }

    @Test func `a glob with many stars is quick on a hostile text`() {
        let text = String(repeating: "a", count: 8000)
        #expect(!matches(Glob(String(repeating: "a*", count: 50) + "b"), text))
    }

    /// Nil: no match; else what the wildcards took.
    @Test(
        arguments: [
            ("/", "", []), ("/", "a", nil), ("/**", "", [""]), ("/**", "a/b", ["a/b"]), ("/a", "a", []),
            ("/a", "a/", nil),
            ("/a/", "a/", []), ("/a/", "a", nil), ("/*", "", nil), ("/*", "a", ["a"]), ("/*", "a/b", nil),
            ("/*/*", "a/b", ["a", "b"]), ("/*/*", "a/", nil), ("/*.jpg", "x.jpg", ["x"]), ("/*.jpg", ".jpg", [""]),
            ("/*.jpg", "x.png", nil), ("/*.jpg", "a/x.jpg", nil), ("/a?c", "abc", []), ("/a?c", "a/c", nil),
            ("/photos/**", "photos/a/b.jpg", ["a/b.jpg"]), ("/photos/**", "photos", [""]),
            ("/photos/**", "photos/", [""]),
            ("/photos/**", "photosx/a", nil), ("/**/x", "x", [""]), ("/**/x", "a/b/x", ["a/b"]),
            ("/**/x", "a/b/y", nil),
            ("/**/x", "x/x", ["x"]), ("/a/**/b/*", "a/1/2/b/c", ["1/2", "c"]), ("/a/**/b/*", "a/b/c", ["", "c"]),
            ("/a/**/b/**", "a/b/x/b/y", ["", "x/b/y"]), ("/**/*.tar.*", "d/e/x.tar.gz", ["d/e", "x", "gz"]),
            ("/u-*/f-*-*", "u-1/f-2-3-4", ["1", "2", "3-4"]), ("/日/*", "日/本", ["本"]),
            ("/**/a/**/b", "a/a/b/b", ["", "a/b"]), ("/A", "a", nil),
        ] as [(String, String, [String]?)])
    func `a path pattern takes whole segments`(pattern: String, path: String, taken: [String]?) throws {
        let found = try captures(SegmentPattern(path: pattern), path)
        #expect(found == taken)
        if let found { #expect(try SegmentPattern(path: pattern).wildcards == found.count) }
    }

    @Test func `a path of thousands of segments is quick`() throws {
        let path = String(repeating: "a/", count: 4000)
        #expect(try captures(SegmentPattern(path: "/**/a/**/a/**/a/**/b*"), path) == nil)
    }

    @Test(arguments: [
        ("example.com", "example.com", true), ("example.com", "EXAMPLE.com", true),
        ("Example.COM", "example.com", true),
        ("*.example.com", "a.example.com", true), ("*.example.com", "example.com", false),
        ("*.example.com", "a.b.example.com", false), ("**.example.com", "a.b.example.com", true),
        ("**.example.com", "example.com", true), ("*.example.com", "a.example.com.evil", false),
        ("up-*.example.com", "up-7.example.com", true), ("127.0.0.1", "127.0.0.1", true), ("[::1]", "[::1]", true),
        ("*", "localhost", true), ("*", "a.b", false), ("**", "a.b", true),
    ])
    func `a host pattern takes whole labels`(pattern: String, host: String, isMatch: Bool) throws {
        #expect(try (captures(SegmentPattern(host: pattern), host) != nil) == isMatch)
    }

    @Test(arguments: [
        ("photos", "a path begins with \"/\""),
        ("", "a path begins with \"/\""),
        ("/a**", "\"**\" stands for whole segments; write it between separators"),
        ("/***", "\"**\" stands for whole segments; write it between separators"),
        ("/*/*/*/*/*/*/*/*/*", "it has 9 wildcards; 8 are the most"),
    ])
    func `a bad path pattern is refused`(pattern: String, message: String) {
        #expect(throws: PatternError(message: message)) { try SegmentPattern(path: pattern) }
    }

    @Test(arguments: ["", "a b", "exämple.com", "a/b", "example.com:80"])
    func `a bad host pattern is refused`(pattern: String) {
        #expect(throws: PatternError.self) { try SegmentPattern(host: pattern) }
    }
}
