// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// One Swift file of the package, as text: what the architecture rules look at.
struct SourceFile: Sendable, CustomTestStringConvertible {
    /// Path below the package, with forward slashes.
    let path: String
    let lines: [String]

    var testDescription: String { path }

    /// The target that the file belongs to: the folder below `Sources` or `Tests`.
    var module: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    /// The lines without comments and without the text of string literals, so that a rule sees code only.
    var code: [String] {
        var insideText = false
        return lines.map { line in
            let marks = line.components(separatedBy: "\"\"\"").count - 1
            let wasInsideText = insideText
            if !marks.isMultiple(of: 2) { insideText.toggle() }
            return wasInsideText || marks > 0 ? "" : Self.codeOnly(line)
        }
    }

    /// Every import line, with its number.
    var imports: [(line: Int, statement: ImportStatement)] {
        code.enumerated().compactMap { index, line in ImportStatement(line).map { (index + 1, $0) } }
    }

    static func codeOnly(_ line: String) -> String {
        var result = ""
        var quoted = false
        var escaped = false
        var previous: Character = " "
        for character in line {
            if escaped {
                escaped = false
            } else if character == "\"" {
                quoted.toggle()
                result.append(character)
            } else if quoted {
                escaped = character == "\\"
            } else if character == "/", previous == "/" {
                return String(result.dropLast())
            } else {
                result.append(character)
            }
            previous = character
        }
        return result
    }
}

extension SourceFile {
    /// The folder that holds Package.swift.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let sources = files(below: "Sources")
    static let tests = files(below: "Tests")

    private static func files(below folder: String) -> [SourceFile] {
        let base = root.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let text = (try? String(contentsOf: base.appending(path: name), encoding: .utf8)) ?? ""
            return SourceFile(
                path: "\(folder)/\(name)",
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }
}

/// An import line taken apart.
struct ImportStatement: Equatable {
    /// `private`, `package`, …; empty when none is written, which means internal in this package.
    let access: String
    let module: String

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]

    init?(_ line: String) {
        var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })[...]
        while let first = words.first, first.hasPrefix("@") { words.removeFirst() }
        var access = ""
        if let first = words.first, ["public", "package", "internal", "fileprivate", "private"].contains(first) {
            access = String(first)
            words.removeFirst()
        }
        guard words.popFirst() == "import", var name = words.popFirst() else { return nil }
        if Self.kinds.contains(name), let next = words.popFirst() { name = next }
        self.access = access
        self.module = name.split(separator: ".").first.map(String.init) ?? ""
    }

    init(access: String, module: String) {
        self.access = access
        self.module = module
    }
}
