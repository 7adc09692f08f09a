// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Reads YAML into ``ConfigNode``s, reporting everything that configurations do not use.
///
/// The parser must never see an alias, or a file of a few lines could stand for billions of values. So every `*` is
/// replaced by a private-use character, one for one so that columns stay, and put back in each scalar; a plain
/// scalar that begins with it would have been an alias. Duplicate keys, which end the parser's work, are told apart by
/// replacing the first character of the earlier one, so that the rest of the document is still checked.
struct YAMLDocument {
    static var maximumBytes: Int { 1 << 20 }
    private static var maximumDepth: Int { 32 }
    private static var maximumDuplicates: Int { 32 }
    private static var reserved: ClosedRange<UInt32> { 0xF000...0xF0FF }
    private static var star: Unicode.Scalar { "\u{F000}" }

    private var scalars: [Unicode.Scalar]
    private let lineStarts: [Int]
    /// The keys that were made different, with the character that was replaced.
    private var renamed: [Position: Unicode.Scalar] = [:]
    private let report: (Position, String, String) -> Void

    /// - Parameter report: takes the place, the path and the message of each problem.
    init(_ text: String, report: @escaping (Position, String, String) -> Void) {
        scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        lineStarts = Self.lineStarts(scalars)
        self.report = report
    }

    /// The tree, or nil when the text is not YAML that can be read.
    mutating func parse() -> ConfigNode? {
        if let index = scalars.firstIndex(where: { Self.reserved.contains($0.value) }) {
            report(position(of: index), "", "characters U+F000 to U+F0FF cannot be used")
            return nil
        }
        let original = scalars
        for index in scalars.indices where scalars[index] == "*" { scalars[index] = Self.star }
        do {
            while let root = try YAMLComposer.compose(text) {
                guard let place = root.repeatedKey else { return convert(root, path: "", depth: 0) }
                guard renamed.count < Self.maximumDuplicates, rename(at: place) else {
                    report(place, "", "this key is given more than once in its mapping")
                    return nil
                }
            }
            report(.wholeFile, "", "the file is empty; expected a mapping that begins with \"version: 1\"")
        } catch {
            reportUnreadable(error, in: original)
        }
        return nil
    }

    private var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Makes the key at `place` unlike every other; false if its spelling leaves no character to do it with.
    private mutating func rename(at place: Position) -> Bool {
        guard let start = index(of: place), renamed[place] == nil else { return false }
        let isQuoted = scalars[start] == "\"" || scalars[start] == "'"
        let index = isQuoted ? start + 1 : start
        guard index < scalars.count, !"\"'&!\\|>\n".unicodeScalars.contains(scalars[index]) else { return false }
        renamed[place] = scalars[index]
        // 255 characters are reserved and far fewer duplicates tried.
        scalars[index] = Unicode.Scalar(UInt16(0xF000 + renamed.count))!
        return true
    }

    private func reportUnreadable(_ error: YAMLError, in original: [Unicode.Scalar]) {
        switch error {
        case .syntax(let place, let problem):
            report(place, "", "not YAML: \(problem)")
        case .character(let value, let problem):
            let index = original.firstIndex { $0.value == UInt32(bitPattern: value) }
            report(index.map(position) ?? .wholeFile, "", "not YAML: \(problem)")
        case .nestedTooDeep(let place):
            report(place, "", "nested more than \(Self.maximumDepth) deep")
        case .outOfMemory:
            report(.wholeFile, "", "not YAML that can be read")
        }
    }

    // MARK: Conversion

    private func convert(_ node: YAMLNode, path: String, depth: Int) -> ConfigNode {
        let place = node.position
        func result(_ value: ConfigNode.Value) -> ConfigNode {
            ConfigNode(value: value, position: place, path: path)
        }
        guard depth < Self.maximumDepth else {
            report(place, path, "nested more than \(Self.maximumDepth) deep")
            return result(.null)
        }
        checkTag(node, path: path)
        switch node.content {
        case .scalar(let text, let isPlain):
            return result(value(text, isPlain: isPlain, place, path))
        case .sequence(let items):
            return result(
                .list(
                    items.enumerated().map { index, item in
                        convert(item, path: "\(path)[\(index)]", depth: depth + 1)
                    }))
        case .mapping(let pairs):
            return result(.mapping(entries(of: pairs, path: path, depth: depth)))
        }
    }

    private func value(_ scalar: String, isPlain: Bool, _ place: Position, _ path: String) -> ConfigNode.Value {
        let text = restored(scalar)
        guard isPlain else { return .text(text) }
        if text.isEmpty || text == "~" || text == "null" { return .null }
        if scalar.unicodeScalars.first == Self.star {
            report(place, path, "text that begins with * is an alias in YAML, which is not supported; put it in quotes")
        }
        return .text(text)
    }

    private func entries(
        of pairs: [(key: YAMLNode, value: YAMLNode)], path: String, depth: Int
    ) -> [ConfigNode.Entry] {
        var entries: [ConfigNode.Entry] = []
        var firstLines: [String: Int] = [:]
        for (key, value) in pairs {
            let place = key.position
            guard case .scalar(let scalar, _) = key.content else {
                report(place, path, "a key is text, not a list or a mapping")
                continue
            }
            var name = restored(scalar)
            if let first = renamed[place] {
                name =
                    (first == Self.star ? "*" : String(first))
                    + String(String.UnicodeScalarView(name.unicodeScalars.dropFirst()))
            }
            let childPath = path.isEmpty ? name : "\(path).\(name)"
            if name == "<<" {
                report(place, path, "merge keys (<<) are not supported")
                continue
            }
            if let line = firstLines[name] {
                report(place, childPath, "duplicate key; it is already given in line \(line)")
                continue
            }
            firstLines[name] = place.line
            entries.append(
                ConfigNode.Entry(
                    key: name, keyPosition: place, node: convert(value, path: childPath, depth: depth + 1)))
        }
        return entries
    }

    private func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(Self.star) else { return text }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text.unicodeScalars.lazy.map { $0 == Self.star ? "*" : $0 })
        return String(view)
    }

    private func checkTag(_ node: YAMLNode, path: String) {
        let known = ["!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"]
        guard let tag = node.tag, !known.contains(tag) else { return }
        report(node.position, path, "tags (!…) are not supported")
    }

    // MARK: Positions

    /// Where each line begins, with the line breaks of YAML 1.1, as the parser counts them.
    private static func lineStarts(_ scalars: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n": continue
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": starts.append(index + 1)
            default: continue
            }
        }
        return starts
    }

    private func position(of index: Int) -> Position {
        let line = (lineStarts.firstIndex { $0 > index } ?? lineStarts.count) - 1
        return Position(line: line + 1, column: index - lineStarts[line] + 1)
    }

    private func index(of place: Position) -> Int? {
        guard (1...lineStarts.count).contains(place.line) else { return nil }
        let index = lineStarts[place.line - 1] + place.column - 1
        return index < scalars.count ? index : nil
    }
}
