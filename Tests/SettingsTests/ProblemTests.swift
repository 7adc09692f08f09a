// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Settings
import Testing

private let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "broken")

@Suite struct ProblemTests {
    /// Each `broken/NAME.yaml` beside this file is read once; `broken/NAME.txt` holds all that must be said of it.
    @Test(arguments: ["listeners", "secrets", "stores", "dialects", "makers", "routes", "yaml", "missing"])
    func `every problem of a file is reported in one run, with its place`(name: String) throws {
        let text = try String(contentsOf: directory.appending(path: "\(name).yaml"), encoding: .utf8)
        let expected = try String(contentsOf: directory.appending(path: "\(name).txt"), encoding: .utf8)
        let result = SettingsLoader.load(
            text: text, name: "f", directory: "/nonexistent",
            environment: ["EMPTY": "", "PROXY": "http://user:hunter2@proxy"])
        #expect(result.settings == nil)
        #expect(result.hasErrors)
        let found = result.problems.map(\.description)
        for (found, expected) in zip(found, expected.split(separator: "\n")) { #expect(found == expected) }
        #expect(found.count == expected.split(separator: "\n").count)
    }

    @Test func `no problem shows a secret`() throws {
        let text = try String(contentsOf: directory.appending(path: "secrets.yaml"), encoding: .utf8)
        #expect(text.matches(of: /hunter2/).count >= 12)
        let result = SettingsLoader.load(
            text: text, environment: ["UNSET": "", "EMPTY": "hunter2 ", "PROXY": "http://user:hunter2@proxy"])
        for problem in result.problems { #expect(!problem.description.contains("hunter2")) }
    }

    @Test func `a problem of the file itself has no line`() {
        #expect(
            SettingsLoader.load(path: "/nonexistent/putback.yaml", environment: [:]).problems.map(\.description)
                == ["/nonexistent/putback.yaml: error: the file cannot be read: No such file or directory"])
        #expect(
            problems("") == ["f: error: the file is empty; expected a mapping that begins with \"version: 1\""])
        #expect(problems("- a") == ["f:1:1: error: expected a mapping, found a list"])
    }

    @Test func `a file that is not UTF-8 is refused`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "putback-\(UUID().uuidString).yaml").path
        try Data([0x61, 0x3A, 0xFF]).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = SettingsLoader.load(path: path, environment: [:])
        #expect(result.problems.map(\.message) == ["it is not UTF-8"])
    }

    @Test func `a word that is near is suggested, others are not`() {
        let found = problems(frame("  - {name: a, store: shelf, calback: x}\n  - {name: b, store: shelf, zzz: x}"))
        #expect(found.contains("f:7:29: error: routes[0]: unknown key \"calback\"; did you mean \"callback\"?"))
        #expect(found.contains { $0.hasPrefix("f:8:29: error: routes[1]: unknown key \"zzz\"; expected name, store,") })
    }
}
