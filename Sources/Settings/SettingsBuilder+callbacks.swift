// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks

extension SettingsBuilder {
    func readCallback(_ name: String, _ node: ConfigNode) -> CallbackPolicy? {
        guard let fields = reader.fields(node, Schema.callback) else { return nil }
        let urls = fields["url"].map { reader.oneOrMore($0).compactMap(reader.text) } ?? []
        let host = fields["host"].flatMap(reader.text)
        let type = fields["type"].map { reader.choice($0, CallbackContentType.self) } ?? .json
        let body = fields["body"].flatMap { template($0) }
        let variables = fields["variables"].map(readVariables) ?? []
        let maker = fields["by"].flatMap { reader.choice($0, CallbackPolicy.Maker.self) }
        let timeout = fields["timeout"].flatMap { reader.milliseconds($0) }
        let onFailure = fields["onFailure"].map(readOnFailure) ?? CallbackPolicy.FailureRule()
        if let timeoutNode = fields["timeout"], maker == .store {
            reader.warning(timeoutNode, "it has no effect with \"by: store\"; the store has its own timeout")
        }
        guard !urls.isEmpty, let type, let body, let onFailure, let variables else { return nil }
        let policy = CallbackPolicy(
            name: name, urls: urls, host: host, contentType: type, body: body, variables: variables, by: maker,
            timeoutMilliseconds: timeout ?? CallbackPolicy.defaultTimeoutMilliseconds, onFailure: onFailure)
        let problems = policy.problems()
        for problem in problems { report(problem, in: node) }
        return problems.isEmpty ? policy : nil
    }

    private func readVariables(_ node: ConfigNode) -> [CallbackPolicy.Variable]? {
        let entries = reader.entries(node)
        let variables = entries.compactMap { entry in
            template(entry.node).map { CallbackPolicy.Variable(name: entry.key, template: $0) }
        }
        return variables.count == entries.count ? variables : nil
    }

    private func readOnFailure(_ node: ConfigNode) -> CallbackPolicy.FailureRule? {
        guard let fields = reader.fields(node, Schema.onFailure) else { return nil }
        var rule = CallbackPolicy.FailureRule()
        if let answer = fields["answer"] {
            guard let status = reader.count(answer, in: 200...599) else { return nil }
            rule.status = status
        }
        if let node = fields["object"] {
            guard let object = reader.choice(node, CallbackPolicy.FailureRule.Object.self) else { return nil }
            rule.object = object
        }
        return rule
    }

    /// A template, with a problem at the very character that is wrong where its column is known.
    func template(_ node: ConfigNode) -> Template? {
        guard let text = reader.text(node) else { return nil }
        do {
            return try Template(parsing: text)
        } catch {
            reader.error(node, "\(error.message), at character \(Self.character(error.offset, in: text))")
            return nil
        }
    }

    private func report(_ problem: CallbackProblem, in policy: ConfigNode) {
        let node = Self.node(problem.key, in: policy) ?? policy
        var message = problem.message
        if let offset = problem.offset, case .text(let text) = node.value {
            message += ", at character \(Self.character(offset, in: text))"
        }
        reader.error(node, message)
    }

    /// The place of a UTF-8 offset in characters, from 1.
    private static func character(_ offset: Int, in text: String) -> Int {
        String(decoding: text.utf8.prefix(offset), as: UTF8.self).count + 1
    }

    /// The descendant at `key`, such as `url[1]` or `onFailure.answer`, or the nearest ancestor of it that exists.
    private static func node(_ key: String, in root: ConfigNode) -> ConfigNode? {
        let path = root.child(named: key)
        var best: ConfigNode?
        func visit(_ node: ConfigNode) {
            let isOnTheWay = path == node.path || path.hasPrefix(node.path + ".") || path.hasPrefix(node.path + "[")
            guard isOnTheWay else { return }
            best = node
            switch node.value {
            case .null, .text: return
            case .list(let items): items.forEach(visit)
            case .mapping(let entries): entries.forEach { visit($0.node) }
            }
        }
        visit(root)
        return best
    }
}
