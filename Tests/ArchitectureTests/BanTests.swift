// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

/// Words that stay out of the code, each with its reason.
@Suite struct BanTests {
    struct Ban: Sendable {
        let word: String
        /// Empty: everywhere in Sources.
        var modules: Set<String> = []
        /// Where the word is fine all the same.
        var except: Set<String> = []
        let reason: String
    }

    static let pure: Set<String> = ["Octets", "HTTPWire", "Signing", "Dialects", "Callbacks"]
    static let onTheLoop: Set<String> = ["Eventing", "HTTPServing", "Upstream", "Gateway"]

    static let bans: [Ban] = [
        Ban(word: "evhttp", reason: "libevent's HTTP parser accepts what lets requests be smuggled"),
        Ban(word: "AWS_SIGV4", reason: "curl signs awkward keys wrong; signatures are our own"),
        Ban(word: "String(format:", reason: "needs Foundation, follows the locale, allocates"),
        Ban(word: "DispatchQueue", reason: "work belongs to an event loop or to a named thread"),
        Ban(word: "Mutex<", reason: "the thread sanitizer reports false races on Linux; use Lock"),
        Ban(word: "Mutex(", reason: "the thread sanitizer reports false races on Linux; use Lock"),
        Ban(word: "NSLock", reason: "needs Foundation; use Lock"),
        Ban(
            word: "Task {", modules: onTheLoop,
            reason: "a task leaves the loop that owns the state"),
        Ban(word: "Task.detached", modules: onTheLoop, reason: "a task runs on another thread than the loop"),
        Ban(word: "await ", modules: onTheLoop, reason: "a suspension leaves the loop that owns the state"),
        Ban(word: "Date()", reason: "the wall clock is a parameter"),
        Ban(word: "clock_gettime", modules: pure, reason: "the wall clock is a parameter of pure code"),
        Ban(word: "time(nil)", modules: pure, reason: "the wall clock is a parameter of pure code"),
        Ban(word: ".random(", modules: pure, reason: "randomness is a parameter of pure code"),
        Ban(word: "SystemRandomNumberGenerator", modules: pure, reason: "randomness is a parameter of pure code"),
        Ban(
            word: "[String: String]", modules: ["HTTPWire", "HTTPServing", "Signing"],
            reason: "fields have an order and repeat"),
        Ban(word: "public ", reason: "nothing outside the package uses these modules; say package"),
        Ban(word: "print(", except: ["putback"], reason: "output belongs to the log or to a command"),
        Ban(word: "fatalError(", reason: "preconditionFailure names the belief that was wrong"),
        Ban(word: "preconditionFailure()", reason: "a sentence says which belief was wrong"),
        Ban(word: "usleep(", reason: "nothing waits by sleeping; a timer does"),
        Ban(word: "#warning", reason: "unfinished work is an issue, not a line"),
    ]

    /// Words that a comment on the line or just above must explain to a stranger.
    static let explained = ["@unchecked Sendable", "nonisolated(unsafe)", "try!", " as! "]

    @Test(arguments: SourceFile.sources)
    func `keeps out what is banned`(file: SourceFile) {
        #expect(Self.violations(of: file) == [])
    }

    @Test(arguments: SourceFile.sources)
    func `explains what escapes the compiler's checks`(file: SourceFile) {
        #expect(Self.unexplained(in: file) == [])
    }

    @Test(arguments: SourceFile.sources)
    func `leaves no unfinished work behind`(file: SourceFile) {
        let marks = file.lines.enumerated().filter { _, line in
            ["TODO", "FIXME", "HACK:", "XXX:"].contains { line.contains($0) }
        }
        #expect(marks.map { "\(file.path):\($0.offset + 1)" } == [])
    }

    @Test func `finds each banned word in code and none in comments or strings`() {
        for ban in Self.bans {
            let module = ban.modules.sorted().first ?? "Gateway"
            let found = SourceFile(path: "Sources/\(module)/Wrong.swift", lines: ["    \(ban.word) x"])
            #expect(Self.violations(of: found).count == 1, "\(ban.word)")
            let harmless = SourceFile(
                path: "Sources/\(module)/Right.swift",
                lines: ["// \(ban.word) x", "let text = \"a \\\" \(ban.word) x\"", "\"\"\"", ban.word, "\"\"\""])
            #expect(Self.violations(of: harmless) == [], "\(ban.word)")
        }
        let bare = SourceFile(path: "Sources/Gateway/A.swift", lines: ["", "", "final class A: @unchecked Sendable {"])
        #expect(Self.unexplained(in: bare).count == 1)
        let reasoned = SourceFile(
            path: "Sources/Gateway/A.swift", lines: ["/// Guarded by `lock`.", "final class A: @unchecked Sendable {"])
        #expect(Self.unexplained(in: reasoned) == [])
    }

    static func violations(of file: SourceFile) -> [String] {
        let active = bans.filter {
            ($0.modules.isEmpty || $0.modules.contains(file.module)) && !$0.except.contains(file.module)
        }
        return file.code.enumerated().flatMap { index, line in
            active.filter { contains($0.word, in: line) }.map { "\(file.path):\(index + 1): \($0.word): \($0.reason)" }
        }
    }

    static func unexplained(in file: SourceFile) -> [String] {
        file.code.enumerated().filter { _, line in explained.contains { line.contains($0) } }.compactMap { index, _ in
            let near = file.lines[max(0, index - 2)...index]
            return near.contains { $0.contains("//") }
                ? nil : "\(file.path):\(index + 1): needs a comment that says why"
        }
    }

    /// Whether the word stands in the line, not as the tail of a longer name.
    private static func contains(_ word: String, in line: String) -> Bool {
        var rest = line[...]
        while let found = rest.firstRange(of: word) {
            let before = found.lowerBound == line.startIndex ? " " : line[line.index(before: found.lowerBound)]
            let startsName = word.first.map { $0.isLetter } ?? false
            if !startsName || !(before.isLetter || before.isNumber || before == "_") { return true }
            rest = rest[found.upperBound...]
        }
        return false
    }
}
