// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import HTTPWire

// What can only be judged once several parts are known.

extension SettingsBuilder {
    func checkRoute(_ route: Route, _ fields: Fields) {
        checkVariables(of: route.key.references, route, fields["key"] ?? fields.node, in: "the key")
        for header in route.headers {
            let name = header.name
            checkVariables(of: header.value.references, route, fields["headers"] ?? fields.node, in: "header \(name)")
        }
        if let callback = route.callbackIndex, let node = fields["callback"] {
            checkVariables(
                of: callbackReferences(callback), route, node, in: "callback \"\(callbacks[callback].name)\"")
            checkMaker(of: callback, route, node)
        }
        checkBuckets(route, fields)
        checkDialects(route, fields)
        checkKeyIsStable(route, fields)
        checkRouteClients(route, fields)
        if !route.clientCallbacks.patterns.isEmpty, takesPlainClients(route),
            dialects(of: route).allSatisfy({ $0 == nil }),
            let node = fields["clientCallbacks"]
        {
            reader.warning(node, "it has no effect: clients of plain listeners cannot ask for callbacks")
        }
    }

    func listeners(of conditions: RouteConditions) -> [Listener] {
        listeners.indices.filter { conditions.listeners & 1 << UInt64($0) != 0 }.compactMap { listeners[$0].part }
    }

    private func dialects(of route: Route) -> [DialectName?] { listeners(of: route.conditions).map(\.dialect) }

    private func takesPlainClients(_ route: Route) -> Bool { dialects(of: route).contains(nil) }

    private func checkVariables(
        of references: [TemplateVariable], _ route: Route, _ node: ConfigNode, in place: String
    ) {
        for reference in references {
            switch reference {
            case .pathMatch(let number) where number > route.conditions.captures:
                let count = route.conditions.captures
                let wildcards = count == 1 ? "1 wildcard" : "\(count) wildcards"
                reader.error(node, "\(place) uses ${path.\(number)}, but match.path has \(wildcards)")
            case .system(.bucket):
                if takesPlainClients(route) {
                    reader.error(node, "\(place) uses ${bucket}, which clients of plain listeners do not name")
                }
            case .system, .custom, .unknown:
                let hint = Suggestion.text(for: reference.name, among: Self.requestVariables)
                reader.error(node, "\(place) uses ${\(reference.name)}, which is not known of a request\(hint)")
            default: continue
            }
        }
    }

    private static var requestVariables: [String] {
        [
            "path", "path.1", "path.name", "path.extension", "host", "client.ip", "client.id", "uuid", "request.id",
            "bucket",
        ]
    }

    private func checkBuckets(_ route: Route, _ fields: Fields) {
        let store = stores[route.storeIndex]
        if store.part?.bucket.needsClientBucket == true, takesPlainClients(route),
            let node = fields["store"]
        {
            reader.error(
                node,
                "the bucket of \"\(store.name)\" is named by the client, which clients of plain listeners do not do;"
                    + " restrict match.listener")
        }
    }

    /// Requests of SDKs are passed on in their own dialect; a directory takes them all.
    private func checkDialects(_ route: Route, _ fields: Fields) {
        let store = stores[route.storeIndex]
        guard let spoken = store.part?.dialect, let node = fields["store"] else { return }
        for listener in listeners(of: route.conditions) {
            guard let dialect = listener.dialect, dialect != spoken else { continue }
            reader.error(
                node,
                "clients of listener \"\(listener.name)\" speak \(dialect.rawValue) and the store"
                    + " \"\(store.name)\" speaks \(spoken.rawValue), which this version does not translate;"
                    + " restrict match.listener, or use a store with dialect \(dialect.rawValue) or directory")
        }
    }

    /// An SDK uploads in parts with several requests, which must all lead to the same object.
    private func checkKeyIsStable(_ route: Route, _ fields: Fields) {
        guard let node = fields["key"], let variable = route.unstableKeyVariable,
            route.conditions.methods.contains(MethodSet(.post)),
            let listener = listeners(of: route.conditions).first(where: \.isSDK)
        else { return }
        reader.warning(
            node,
            "the key uses ${\(variable.name)}, which may differ between the requests of one upload in parts; such"
                + " uploads of clients of \"\(listener.name)\" will fail")
    }

    private func checkRouteClients(_ route: Route, _ fields: Fields) {
        guard let index = route.clientsIndex, let node = fields["clients"], let group = clients[index].part else {
            return
        }
        let dialects = dialects(of: route)
        if let dialect = dialects.first, !dialects.contains(where: group.canAuthenticate) {
            reader.error(node, group.whyUseless(to: dialect))
        }
    }

    // MARK: The whole file

    func checkAddresses(admin: ListenAddress?, adminNode: ConfigNode?) {
        var taken: [(String, String)] = []
        func claim(_ address: ListenAddress, _ owner: String, _ node: ConfigNode) {
            if case .tcp(_, 0) = address { return }
            if let other = taken.first(where: { $0.0 == address.description }) {
                reader.error(node, "\(address) is already the address of \(other.1)")
            }
            taken.append((address.description, owner))
        }
        for listener in listeners {
            if let part = listener.part { claim(part.address, "listener \"\(listener.name)\"", listener.node) }
        }
        if let admin, let node = adminNode ?? listeners.first?.node { claim(admin, "admin", node) }
    }

    /// An upload in parts does not say which of the stores that share a path it came by.
    func checkStoresOfOnePath() {
        var first: [String: (name: String, seconds: Int?)] = [:]
        for store in stores {
            guard case .directory(let directory) = store.part?.kind else { continue }
            guard let other = first[directory.path] else {
                first[directory.path] = (store.name, directory.abortUploadsAfterSeconds)
                continue
            }
            guard other.seconds != directory.abortUploadsAfterSeconds else { continue }
            reader.error(
                store.node, "the store \"\(other.name)\" has the same path and another \"abortUploadsAfter\"")
        }
    }

    func checkListenersHaveClients() {
        for (index, listener) in listeners.enumerated() {
            guard let part = listener.part, !part.address.isLocal, !part.isSDK, part.clientsIndex == nil,
                part.tls?.clientCAFile == nil
            else { continue }
            let isOpen = routes.contains { route in
                guard let route = route.part else { return false }
                return route.clientsIndex == nil && route.conditions.listeners & 1 << UInt64(index) != 0
            }
            if isOpen {
                let danger = "\(part.address) can be reached from other machines, and anybody may upload"
                reader.warning(listener.node, "\(danger); name \"clients\"")
            }
        }
    }

    func checkRoutesAreReached() {
        for (index, later) in routes.enumerated() {
            guard let conditions = later.part?.conditions else { continue }
            let earlier = routes[..<index].first { $0.part?.conditions.covers(conditions) == true }
            if let earlier {
                reader.error(
                    later.node,
                    "route \"\(later.name)\" is never reached: \"\(earlier.name)\" in line"
                        + " \(earlier.node.position.line) takes everything that it would match")
            }
        }
    }

    func checkEverythingIsUsed() {
        func check<Part>(_ parts: [Named<Part>], _ used: Set<Int>, _ what: String) {
            for (index, part) in parts.enumerated() where !used.contains(index) {
                reader.warning(part.node, "no \(what) \"\(part.name)\"")
            }
        }
        check(clients, usedClients, "listener or route names the clients")
        check(stores, usedStores, "route names the store")
        check(callbacks, usedCallbacks, "route names the callback")
    }
}
