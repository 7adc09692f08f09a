// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks

extension SettingsBuilder {
    func readCallback(_ name: String, _ node: ConfigNode) -> CallbackPolicy? {
        let errorsBefore = reader.errorCount
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
        guard !urls.isEmpty, let body else { return nil }
        // Parts that could not be read are replaced, so that the others are judged all the same.
        let policy = CallbackPolicy(
            name: name, urls: urls, host: host, contentType: type ?? .form, body: body, variables: variables,
            by: maker, timeoutMilliseconds: timeout ?? CallbackPolicy.defaultTimeoutMilliseconds, onFailure: onFailure)
        for problem in policy.problems() { report(problem, in: node) }
        return reader.errorCount == errorsBefore ? policy : nil
    }

    /// A variable whose template is wrong is kept as an empty one, so that the body may name it.
    private func readVariables(_ node: ConfigNode) -> [CallbackPolicy.Variable] {
        reader.entries(node).compactMap { entry in
            guard let template = template(entry.node) ?? (try? Template(parsing: "")) else { return nil }
            return CallbackPolicy.Variable(name: entry.key, template: template)
        }
    }

    private func readOnFailure(_ node: ConfigNode) -> CallbackPolicy.FailureRule {
        var rule = CallbackPolicy.FailureRule()
        guard let fields = reader.fields(node, Schema.onFailure) else { return rule }
        if let status = fields["answer"].flatMap({ reader.count($0, in: 200...599) }) { rule.status = status }
        if let object = fields["object"].flatMap({ reader.choice($0, CallbackPolicy.FailureRule.Object.self) }) {
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

    func report(_ problem: CallbackProblem, in policy: ConfigNode) {
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
