// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension ConfigReader {
    private static var maximumSecretBytes: Int { 64 << 10 }

    /// A secret: `env:NAME`, `file:PATH` (one trailing newline is dropped) or `plain:VALUE`.
    ///
    /// No message repeats the text, which may be the secret itself; only names of variables and files are shown.
    func secret(_ node: ConfigNode) -> Secret? {
        guard case .text(let text) = node.value else {
            error(node, "expected a secret as \"env:NAME\" or \"file:PATH\", found \(node.kind)")
            return nil
        }
        if let value = referenced(text, node) { return value.map { Secret($0) } }
        if text.hasPrefix("plain:") {
            let value = [UInt8](text.utf8.dropFirst(6))
            if value.isEmpty { error(node, "the secret after \"plain:\" is empty") }
            return value.isEmpty ? nil : Secret(value)
        }
        error(node, "a secret is \"env:NAME\" or \"file:PATH\"; a literal one must be written \"plain:…\"")
        return nil
    }

    /// Text that is not secret in itself, such as the id of a key, but may be kept where the secret is.
    func textOrReference(_ node: ConfigNode) -> String? {
        guard case .text(let text) = node.value else {
            error(node, "expected text, \"env:NAME\" or \"file:PATH\", found \(node.kind)")
            return nil
        }
        if let value = referenced(text, node) { return value.map { String(decoding: $0, as: UTF8.self) } }
        let literal = text.hasPrefix("plain:") ? String(text.dropFirst(6)) : text
        if literal.isEmpty { error(node, "the text is empty") }
        return literal.isEmpty ? nil : literal
    }

    /// Nil when the text refers to nothing; an inner nil when it does and has no usable value, which is reported.
    private func referenced(_ text: String, _ node: ConfigNode) -> [UInt8]?? {
        if text.hasPrefix("env:") { return .some(variable(String(text.dropFirst(4)), node)) }
        if text.hasPrefix("file:") { return .some(content(of: String(text.dropFirst(5)), node)) }
        return nil
    }

    private func variable(_ name: String, _ node: ConfigNode) -> [UInt8]? {
        let isName =
            name.utf8.first.map { !(0x30...0x39).contains($0) } == true
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x5F }
        guard isName else {
            error(node, "what follows \"env:\" is not the name of an environment variable")
            return nil
        }
        if secretPolicy == .assumed { return [UInt8]("assumed".utf8) }
        guard let value = environment[name] else {
            error(node, "the environment variable \(name) is not set")
            return nil
        }
        if value.isEmpty {
            error(node, "the environment variable \(name) is empty")
            return nil
        }
        return [UInt8](value.utf8)
    }

    private func content(of path: String, _ node: ConfigNode) -> [UInt8]? {
        if path.isEmpty {
            error(node, "\"file:\" is followed by no path")
            return nil
        }
        if secretPolicy == .assumed { return [UInt8]("assumed".utf8) }
        let resolved = resolve(path)
        do {
            var bytes = try TextFile.read(resolved, maximumBytes: Self.maximumSecretBytes)
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            if bytes.isEmpty { error(node, "the file \(resolved) is empty") }
            return bytes.isEmpty ? nil : bytes
        } catch {
            self.error(node, "the file \(resolved) cannot be read: \(error.reason)")
            return nil
        }
    }

    /// The path of a file that somebody else will read.
    func readableFile(_ node: ConfigNode) -> String? {
        guard let path = text(node).map(resolve) else { return nil }
        if secretPolicy == .required, let reason = TextFile.whyUnreadable(path) {
            error(node, "the file \(path) cannot be read: \(reason)")
            return nil
        }
        return path
    }

    /// Relative paths are relative to the directory of the configuration file.
    func resolve(_ path: String) -> String {
        path.hasPrefix("/") || directory.isEmpty ? path : "\(directory)/\(path)"
    }
}
