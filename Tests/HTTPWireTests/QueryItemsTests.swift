// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct QueryItemsTests {
    private func describe(_ query: String, plusIsSpace: Bool = false) -> [String]? {
        QueryItems(query.utf8.span, plusIsSpace: plusIsSpace)?.items
            .map { text($0.name) + ($0.hadEquals ? "=" : "!") + text($0.value) }
    }

    @Test(arguments: [
        ("", []), ("a=1&b=2", ["a=1", "b=2"]), ("acl", ["acl!"]), ("acl=", ["acl="]), ("&a&&b&", ["a!", "b!"]),
        ("=x", ["=x"]), ("a=b=c", ["a=b=c"]), ("a%3Db=%26%3d", ["a=b=&="]), ("a+b=c+d", ["a+b=c+d"]),
        ("a;b=1", ["a;b=1"]), ("a=1&a=2", ["a=1", "a=2"]), ("%E4%BD%A0=%e5%a5%bd", ["\u{4F60}=\u{597D}"]),
    ])
    func `takes queries apart`(_ query: String, _ items: [String]) {
        #expect(describe(query) == items)
    }

    @Test func `reads plus as space where asked`() {
        #expect(describe("a+b=c+%2B", plusIsSpace: true) == ["a b=c +"])
    }

    @Test(arguments: ["%", "a=%", "a=%4", "a=%4g", "%zz=1", "a=1&%", "a%00b", "a=%00"])
    func `refuses broken encoding and NUL`(_ query: String) {
        #expect(describe(query) == nil)
    }

    @Test func `finds the first of a name`() throws {
        let parsed = QueryItems("uploadId=1&uploadId=2&UPLOADID=3&acl".utf8.span)
        let items = try #require(parsed)
        #expect(items.first("uploadId").map(text) == "1")
        #expect(items.first("acl") == [])
        #expect(items.first("uploadid") == nil)
        #expect(items.contains("UPLOADID") && items.count == 4 && !items.isEmpty)
    }

    @Test(arguments: [
        ("/a/b%20c", "a/b c"), ("/", ""), ("", ""), ("//a", "/a"), ("a", "a"), ("/%2Fa/../b+c", "/a/../b+c"),
    ])
    func `decodes the key that a path names`(_ path: String, _ key: String) {
        #expect(PathText.decodeKey(path.utf8.span).map(text) == key)
    }

    @Test(arguments: ["/%", "/a%0", "/a%0x", "/a%00"])
    func `refuses paths with broken encoding and NUL`(_ path: String) {
        #expect(PathText.decodeKey(path.utf8.span) == nil)
        #expect(PathText.decode(path.utf8.span) == nil)
    }
}
