// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import HTTPWire

extension SettingsBuilder {
    func readRoutes(_ node: ConfigNode) {
        for item in reader.list(node) {
            guard let fields = reader.fields(item, Schema.route) else { continue }
            let name = fields["name"].flatMap(reader.name)
            let route = readRoute(name ?? "", fields)
            guard let name, let nameNode = fields["name"] else { continue }
            if routes.contains(where: { $0.name == name }) {
                reader.error(nameNode, "there is already a route \"\(name)\"")
                continue
            }
            routes.append(Named(name: name, node: item, part: route))
        }
    }

    private func readRoute(_ name: String, _ fields: Fields) -> Route? {
        let conditions = fields["match"].map(readMatch) ?? .everything(listeners: allListeners)
        let store = fields["store"].flatMap(storeIndex)
        let clients = fields["clients"].flatMap(clientsIndex)
        let key = fields["key"].map(template) ?? (try? Template(parsing: "${path}"))
        let headers = fields["headers"].map(readHeaders) ?? []
        let callback = fields["callback"].flatMap(callbackIndex)
        let integrity = fields["integrity"].map { reader.choice($0, Route.Integrity.self) } ?? .full
        let allowance = fields["clientCallbacks"].map(readClientCallbacks) ?? TargetAllowance()
        let ownLimits = fields["limits"].flatMap { reader.fields($0, Schema.routeLimits) }
        let ownSize = ownLimits?["uploadSize"].flatMap { reader.bytes($0, in: 1...(1 << 60)) }
        let quota = ownLimits.map(readQuota) ?? .unlimited
        guard let conditions, let store, let key, let headers, let integrity, let allowance else { return nil }

        let references = key.references + headers.flatMap(\.value.references) + callbackReferences(callback)
        let route = Route(
            index: routes.count, name: name, conditions: conditions, clientsIndex: clients, storeIndex: store, key: key,
            headers: headers, callbackIndex: callback, callbackIsByStore: isByStore(callback, store, conditions),
            integrity: integrity, clientCallbacks: allowance,
            uploadLimitBytes: min(ownSize ?? limits.uploadSizeBytes, conditions.size.upper ?? .max),
            quota: quota,
            needsUUID: references.contains(.uuid), needsRequestID: references.contains(.requestID))
        checkRoute(route, fields)
        return route
    }

    var allListeners: UInt64 { listeners.count == 64 ? .max : (1 << UInt64(listeners.count)) - 1 }

    private func storeIndex(_ node: ConfigNode) -> Int? {
        let index = reader.reference(node, to: "store", among: stores.map(\.name))
        if let index { usedStores.insert(index) }
        return index
    }

    private func callbackIndex(_ node: ConfigNode) -> Int? {
        let index = reader.reference(node, to: "callback", among: callbacks.map(\.name))
        if let index { usedCallbacks.insert(index) }
        return index
    }

    func callbackReferences(_ callback: Int?) -> [TemplateVariable] {
        guard let callback, let policy = callbacks[callback].part else { return [] }
        return policy.variables.flatMap(\.template.references)
    }

    // MARK: Conditions

    private func readMatch(_ node: ConfigNode) -> RouteConditions? {
        guard let fields = reader.fields(node, Schema.match) else { return nil }
        let listenerNames = listeners.map(\.name)
        let indices = each(fields["listener"]) { reader.reference($0, to: "listener", among: listenerNames) }
        let methods = each(fields["methods"], method)
        let hosts = each(fields["host"]) { pattern($0) { text throws(PatternError) in try SegmentPattern(host: text) } }
        let paths = each(fields["path"]) { pattern($0) { text throws(PatternError) in try SegmentPattern(path: text) } }
        let types = each(fields["contentType"]) { reader.text($0).map { Glob($0.lowercased()) } }
        let headers = fields["header"].map { named($0, isHeader: true) } ?? []
        let query = fields["query"].map { named($0, isHeader: false) } ?? []
        let size = fields["size"].map(reader.sizeRange) ?? .any
        guard let indices, let methods, let hosts, let paths, let types, let headers, let query, let size else {
            return nil
        }
        return RouteConditions(
            listeners: indices.isEmpty ? allListeners : indices.reduce(0) { $0 | 1 << UInt64($1) },
            methods: methods.isEmpty ? .all : MethodSet(methods), hosts: hosts, paths: paths, contentTypes: types,
            headers: headers, query: query, size: size)
    }

    /// What every item of an optional list stands for; nil if one of them cannot be read.
    private func each<Value>(_ node: ConfigNode?, _ read: (ConfigNode) -> Value?) -> [Value]? {
        guard let node else { return [] }
        let items = reader.oneOrMore(node)
        let values = items.compactMap(read)
        return values.count == items.count && !values.isEmpty ? values : nil
    }

    private func pattern(
        _ node: ConfigNode, _ parse: (String) throws(PatternError) -> SegmentPattern
    ) -> SegmentPattern? {
        guard let text = reader.text(node) else { return nil }
        do {
            return try parse(text)
        } catch {
            reader.error(node, "\(ConfigReader.shown(text)) is no pattern: \(error.message)")
            return nil
        }
    }

    private func method(_ node: ConfigNode) -> MethodSet? {
        guard let text = reader.text(node) else { return nil }
        let known = MethodSet.named
        if let method = known.first(where: { $0.name == text }) { return MethodSet(method) }
        let names = known.map(\.name)
        let hint = Suggestion.text(for: text, among: names)
        reader.error(node, "expected \(ConfigReader.alternatives(names)), found \(ConfigReader.shown(text))\(hint)")
        return nil
    }

    private func named(_ node: ConfigNode, isHeader: Bool) -> [RouteConditions.Named]? {
        let entries = reader.entries(node)
        let conditions = entries.compactMap { entry -> RouteConditions.Named? in
            if isHeader, !HeaderFields.isToken(entry.key.utf8.span) {
                reader.report(.error, entry.keyPosition, entry.node.path, "this cannot be the name of a header")
                return nil
            }
            return reader.text(entry.node).map {
                RouteConditions.Named(name: isHeader ? entry.key.lowercased() : entry.key, pattern: Glob($0))
            }
        }
        return conditions.count == entries.count ? conditions : nil
    }

    // MARK: The rest of a route

    private func readHeaders(_ node: ConfigNode) -> [RouteHeader]? {
        let entries = reader.entries(node)
        let headers = entries.compactMap { entry -> RouteHeader? in
            let name = entry.key.lowercased()
            guard HeaderFields.isToken(name.utf8.span), !Self.isReservedHeader(name) else {
                reader.report(
                    .error, entry.keyPosition, entry.node.path,
                    "a route cannot set this header: it is not a header's name, or Putback sets it itself")
                return nil
            }
            guard let value = template(entry.node) else { return nil }
            guard HeaderFields.isValidValue(value.source.utf8.span) else {
                reader.error(entry.node, "a header's value holds no control characters")
                return nil
            }
            return RouteHeader(name: name, value: value)
        }
        return headers.count == entries.count ? headers : nil
    }

    /// Fields that frame, address or authenticate the store request, or carry the callback.
    private static func isReservedHeader(_ name: String) -> Bool {
        let names: Set = [
            "authorization", "connection", "content-length", "content-md5", "date", "expect", "host", "keep-alive",
            "securitytoken", "te", "trailer", "transfer-encoding", "upgrade", "x-oss-callback", "x-oss-callback-var",
            "x-oss-content-sha256", "x-oss-date", "x-oss-security-token", "x-tos-callback", "x-tos-callback-var",
            "x-tos-content-sha256", "x-tos-date", "x-tos-security-token",
        ]
        return names.contains(name) || name.hasPrefix("proxy-")
    }

    private func readClientCallbacks(_ node: ConfigNode) -> TargetAllowance? {
        guard let allow = reader.fields(node, Schema.clientCallbacks)?["allow"] else { return nil }
        let items = reader.oneOrMore(allow)
        let patterns = items.compactMap { item -> TargetPattern? in
            guard let text = reader.text(item) else { return nil }
            do throws(CallbackURL.Problem) {
                return try TargetPattern(parsing: text)
            } catch {
                reader.error(item, "expected a host, *.HOST, an address or a block of addresses: \(error.message)")
                return nil
            }
        }
        return patterns.count == items.count ? TargetAllowance(patterns) : nil
    }
}

extension RouteConditions {
    static func everything(listeners: UInt64) -> RouteConditions {
        RouteConditions(
            listeners: listeners, methods: .all, hosts: [], paths: [], contentTypes: [], headers: [], query: [],
            size: .any)
    }
}
