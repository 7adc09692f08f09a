// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Settings
import Testing

@Suite struct YAMLTests {
    @Test(arguments: [
        (
            "a: [1, 2\nb: }",
            "f:2:2: error: not YAML: while parsing a flow sequence, line 1: did not find expected ',' or ']'"
        ),
        (
            "version: 1\n---\nversion: 1",
            "f:2:1: error: not YAML: expected a single document in the stream, line 1: but found another document"
        ),
        (
            "version: 1\n\tlimits: x",
            "f:2:1: error: not YAML: while scanning a plain scalar, line 1: found a tab character that violates indentation"
        ),
        ("version: \u{1}", "f:1:10: error: not YAML: control characters are not allowed"),
        ("version: \u{F012}", "f:1:10: error: characters U+F000 to U+F0FF cannot be used"),
    ])
    func `what is not YAML is reported where it stops being so`(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test func `a byte order mark and foreign line ends do not move columns`() {
        #expect(problems("\u{FEFF}version: 1\r\nworkerz: 1").contains { $0.hasPrefix("f:2:1: error: unknown key") })
        #expect(problems("# 日本\nworkers: 日").contains { $0.hasPrefix("f:2:10: error: workers:") })
    }

    @Test func `aliases cannot blow up`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...40 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n? *a\(level)\n: x\n"
        }
        let found = problems(text)
        #expect(found.contains { $0.contains("is an alias in YAML") })
    }

    @Test func `an alias as a key or value is reported`() {
        #expect(
            problems("version: 1\nlisteners: &a x\nroutes: *a").contains {
                $0.hasPrefix("f:3:9: error: routes: text that begins with * is an alias in YAML")
            })
    }

    @Test func `deep nesting is refused`() {
        #expect(problems(String(repeating: "[", count: 200_000)).count == 1)
        let deep = "limits: " + String(repeating: "{a: ", count: 100) + String(repeating: "}", count: 100)
        #expect(problems(deep).contains { $0.contains("nested more than 32 deep") })
        #expect(problems(String(repeating: "- ", count: 100_000)).count == 1)
    }

    @Test func `a file beyond 1 MiB is refused`() {
        let text = "version: 1\n" + String(repeating: "#", count: 1 << 20)
        #expect(problems(text) == ["f: error: it is longer than 1048576 bytes"])
    }

    @Test func `keys that are repeated very often end in one message`() {
        let text = String(repeating: "a: 1\n", count: 100)
        #expect(problems(text) == ["f:33:1: error: this key is given more than once in its mapping"])
    }

    @Test func `a repeated key that is spelt with an escape is found`() {
        #expect(
            problems("\"\\x61dmin\": 1\nadmin: 2")
                == ["f:1:1: error: this key is given more than once in its mapping"])
    }

    @Test func `stars stay what they are`() throws {
        let table = try routeTable(
            """
              - name: a
                match: {path: "/**/*.jpg", contentType: image/*, header: {X: 'a*b'}}
                store: shelf
                key: "\\x2a${path.1}"
            """)
        let conditions = table.routes[0].conditions
        #expect(conditions.paths[0].source == "/**/*.jpg")
        #expect(conditions.contentTypes[0].source == "image/*")
        #expect(conditions.headers[0].pattern.source == "a*b")
        #expect(table.routes[0].key.source == "*${path.1}")
    }
}
