// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Reads values out of a document, noting every problem instead of stopping at the first.
///
/// Each method returns nil after it has reported why. Used by one thread, for one file.
final class ConfigReader {
    let file: String
    /// Relative paths in the file begin here.
    let directory: String
    let environment: [String: String]
    let secretPolicy: SettingsLoader.SecretPolicy
    private(set) var problems: [Problem] = []

    init(
        file: String, directory: String, environment: [String: String], secretPolicy: SettingsLoader.SecretPolicy
    ) {
        self.file = file
        self.directory = directory
        self.environment = environment
        self.secretPolicy = secretPolicy
    }

    private(set) var errorCount = 0

    var hasErrors: Bool { errorCount > 0 }

    // MARK: Problems

    func error(_ node: ConfigNode, _ message: String) { report(.error, node.position, node.path, message) }

    func warning(_ node: ConfigNode, _ message: String) { report(.warning, node.position, node.path, message) }

    func report(_ severity: Problem.Severity, _ position: Position, _ path: String, _ message: String) {
        if severity == .error { errorCount += 1 }
        problems.append(
            Problem(
                severity: severity, file: file, line: position.line, column: position.column, path: path,
                message: message))
    }

    /// Puts the problems into the order of the file; those of one place stay in the order in which they were found.
    func sortProblems() {
        problems = problems.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset)
                < (right.element.line, right.element.column, right.offset)
        }.map(\.element)
    }

    // MARK: Structure

    /// The values of a mapping with known keys.
    func fields(_ node: ConfigNode, _ section: Schema.Section) -> Fields? {
        guard case .mapping(let entries) = node.value else {
            error(node, "expected a mapping, found \(node.kind)")
            return nil
        }
        var nodes: [String: ConfigNode] = [:]
        for entry in entries {
            guard section.keys.contains(entry.key) else {
                reportUnknown(entry, in: node, section)
                continue
            }
            nodes[entry.key] = present(entry)
        }
        let given = Set(entries.map(\.key))
        for key in section.required where !given.contains(key) {
            error(node, "\"\(key)\" is missing")
        }
        return Fields(node: node, section: section, nodes: nodes)
    }

    private func reportUnknown(_ entry: ConfigNode.Entry, in node: ConfigNode, _ section: Schema.Section) {
        let hint = Suggestion.text(for: entry.key, among: section.keys)
        // In braces where a value was meant, a secret would be a key.
        let found = section.holdsSecrets && hint.isEmpty ? "" : " \(Self.shown(entry.key))"
        let expected = hint.isEmpty ? "; expected \(Self.alternatives(section.keys))" : hint
        report(.error, entry.keyPosition, node.path, "unknown key\(found)\(expected)")
    }

    /// The entries of a mapping whose keys are names chosen by the operator.
    func entries(_ node: ConfigNode) -> [ConfigNode.Entry] {
        guard case .mapping(let entries) = node.value else {
            error(node, "expected a mapping of names, found \(node.kind)")
            return []
        }
        return entries.filter { present($0) != nil }
    }

    private func present(_ entry: ConfigNode.Entry) -> ConfigNode? {
        if case .null = entry.node.value {
            report(.error, entry.keyPosition, entry.node.path, "it has no value; give one or leave the key out")
            return nil
        }
        return entry.node
    }

    func list(_ node: ConfigNode) -> [ConfigNode] {
        guard case .list(let items) = node.value else {
            error(node, "expected a list, found \(node.kind)")
            return []
        }
        if items.isEmpty { error(node, "the list is empty") }
        return items
    }

    /// A list, or one value that stands for a list of itself.
    func oneOrMore(_ node: ConfigNode) -> [ConfigNode] {
        if case .text = node.value { return [node] }
        return list(node)
    }

    func text(_ node: ConfigNode) -> String? {
        guard case .text(let text) = node.value else {
            error(node, "expected text, found \(node.kind)")
            return nil
        }
        if text.isEmpty {
            error(node, "the text is empty")
            return nil
        }
        return text
    }

    /// A name that appears in logs and metrics.
    func name(_ node: ConfigNode) -> String? {
        guard let text = text(node) else { return nil }
        return isName(text, node.position, node.path) ? text : nil
    }

    /// The same where a secret may stand by mistake, which no message must then show.
    func nameBesideSecret(_ node: ConfigNode) -> String? {
        guard let text = text(node) else { return nil }
        return isName(text, node.position, node.path, isShown: false) ? text : nil
    }

    func isName(_ text: String, _ position: Position, _ path: String, isShown: Bool = true) -> Bool {
        let isFine =
            (1...63).contains(text.utf8.count) && text.utf8.first.map(Self.isAlphanumeric) == true
            && text.utf8.allSatisfy { Self.isAlphanumeric($0) || "-_.".utf8.contains($0) }
        if !isFine {
            let rule = "expected a name of 1 to 63 letters, digits, \"-\", \"_\" and \".\""
            report(.error, position, path, isShown ? "\(rule), found \(Self.shown(text))" : rule)
        }
        return isFine
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    /// One of a closed set of words.
    func choice<Word>(_ node: ConfigNode, _ type: Word.Type) -> Word?
    where Word: RawRepresentable & CaseIterable, Word.RawValue == String {
        guard let text = text(node) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        let hint = Suggestion.text(for: text, among: words)
        error(node, "expected \(Self.alternatives(words)), found \(Self.shown(text))\(hint)")
        return nil
    }

    /// The place of a named thing in its list.
    func reference(_ node: ConfigNode, to what: String, among names: [String]) -> Int? {
        guard let text = text(node) else { return nil }
        if let index = names.firstIndex(of: text) { return index }
        error(node, "there is no \(what) \(Self.shown(text))\(Suggestion.text(for: text, among: names))")
        return nil
    }

    static func alternatives(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// Text from the file in quotes, cut short, without what may be a password.
    static func shown(_ text: String) -> String {
        if text.contains("@") || ["plain:", "env:", "file:"].contains(where: text.hasPrefix) {
            return "text that is not shown"
        }
        let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: printable.prefix(60))
        return "\"\(String(view))\(printable.count > 60 ? "…" : "")\""
    }
}

/// The values that a mapping gives to its keys.
struct Fields {
    let node: ConfigNode
    fileprivate let section: Schema.Section
    fileprivate let nodes: [String: ConfigNode]

    fileprivate init(node: ConfigNode, section: Schema.Section, nodes: [String: ConfigNode]) {
        self.node = node
        self.section = section
        self.nodes = nodes
    }

    subscript(key: String) -> ConfigNode? {
        precondition(section.keys.contains(key), "a key is read that the schema does not have")
        return nodes[key]
    }
}

/// The word that was probably meant.
enum Suggestion {
    /// `; did you mean "…"?`, or nothing when no candidate is near.
    static func text(for word: String, among candidates: [String]) -> String {
        let limit = word.count < 4 ? 1 : 2
        let near = candidates.map { (candidate: $0, distance: distance(word.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= limit && $0.distance < word.count }
        return near.min { $0.distance < $1.distance }.map { "; did you mean \"\($0.candidate)\"?" } ?? ""
    }

    /// Levenshtein distance; words beyond 64 characters are never near.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        guard left.count <= 64, right.count <= 64 else { return .max }
        var row = Array(0...right.count)
        for (leftIndex, leftCharacter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = leftIndex + 1
            for (rightIndex, rightCharacter) in right.enumerated() {
                let substituted = diagonal + (leftCharacter == rightCharacter ? 0 : 1)
                diagonal = row[rightIndex + 1]
                row[rightIndex + 1] = min(substituted, row[rightIndex] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
