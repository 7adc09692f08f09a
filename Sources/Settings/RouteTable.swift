// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire

/// All routes in order; the first one whose conditions an upload meets takes it.
package final class RouteTable: Sendable {
    package let routes: [Route]
    /// Whether any condition looks at the query.
    package let needsQuery: Bool
    /// The cheapest conditions, side by side.
    private let gates: [Gate]
    private let index: RouteIndex

    private struct Gate: Sendable {
        let listeners: UInt64
        let methods: UInt16
        let lowerSize: UInt64
        let upperSize: UInt64
    }

    init(_ routes: [Route]) {
        self.routes = routes
        needsQuery = routes.contains { !$0.conditions.query.isEmpty }
        gates = routes.map { route in
            let conditions = route.conditions
            return Gate(
                listeners: conditions.listeners, methods: conditions.methods.rawValue,
                lowerSize: conditions.size.lower, upperSize: conditions.size.upper ?? .max)
        }
        index = RouteIndex(routes.map(\.conditions))
    }

    /// The first route that takes `request`; nil when none does. Allocates nothing.
    package func match(_ request: RouteRequest) -> RouteMatch? {
        let listener = UInt64(1) << UInt64(request.listenerIndex)
        let method = MethodSet(request.head.method).rawValue
        let host = Authority.host(request.head.authority)
        var candidates = index.candidates(path: request.path.span, host: host.span, fields: request.head.fields)
        var captures = PathCaptures()
        while let candidate = index.next(&candidates) {
            let gate = gates[candidate]
            guard gate.listeners & listener != 0, gate.methods & method != 0 else { continue }
            if let length = request.contentLength, length < gate.lowerSize || length > gate.upperSize { continue }
            let route = routes[candidate]
            if route.conditions.failure(request, host: host, captures: &captures) == nil {
                return RouteMatch(route: route, captures: captures, sizeLimitBytes: route.uploadLimitBytes)
            }
        }
        return nil
    }
}

/// The part of a request that a route does not take.
enum RouteCondition: Sendable, Equatable {
    case listener, method, host, path, contentType, size
    /// The condition's place in its list.
    case header(Int), query(Int)
}

extension RouteConditions {
    /// The first condition that `request` does not meet, cheap ones first; nil when it meets all of them.
    func firstFailure(
        _ request: RouteRequest, host: ArraySlice<UInt8>, captures: inout PathCaptures
    ) -> RouteCondition? {
        if listeners & (1 << UInt64(request.listenerIndex)) == 0 { return .listener }
        if !methods.contains(MethodSet(request.head.method)) { return .method }
        if let length = request.contentLength, !size.contains(length) { return .size }
        return failure(request, host: host, captures: &captures)
    }

    /// The same for what remains once listener, method and size are known to fit.
    func failure(
        _ request: RouteRequest, host: ArraySlice<UInt8>, captures: inout PathCaptures
    ) -> RouteCondition? {
        if !hosts.isEmpty {
            var hostCaptures = PathCaptures()
            if !Self.anyMatches(hosts, host.span, captures: &hostCaptures) { return .host }
        }
        if !paths.isEmpty, !Self.anyMatches(paths, request.path.span, captures: &captures) { return .path }
        if paths.isEmpty { captures.keep(0) }
        if !contentTypes.isEmpty, !meetsContentType(request.head.fields) { return .contentType }
        for index in headers.indices where !meetsHeader(headers[index], request.head.fields) { return .header(index) }
        for index in query.indices where !meetsQuery(query[index], request.query) { return .query(index) }
        return nil
    }

    private static func anyMatches(
        _ patterns: [SegmentPattern], _ text: Span<UInt8>, captures: inout PathCaptures
    ) -> Bool {
        for index in patterns.indices where patterns[index].matches(text, captures: &captures) { return true }
        return false
    }

    /// A missing type is an empty one.
    private func meetsContentType(_ fields: HeaderFields) -> Bool {
        let type = fields.first("content-type").map(Self.mediaType) ?? []
        for index in contentTypes.indices where contentTypes[index].matches(type.span, foldingCase: true) {
            return true
        }
        return false
    }

    /// The value up to its parameters (RFC 9110 section 8.3.1).
    private static func mediaType(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var type = value.prefix { $0 != UInt8(ascii: ";") }
        while let last = type.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { type.removeLast() }
        return type
    }

    private func meetsHeader(_ condition: Named, _ fields: HeaderFields) -> Bool {
        var next = fields.firstIndex(of: condition.name)
        while let index = next {
            if condition.pattern.matches(fields.value(at: index).span) { return true }
            next = fields.nextIndex(of: condition.name, from: index + 1)
        }
        return false
    }

    private func meetsQuery(_ condition: Named, _ query: QueryItems) -> Bool {
        for parameter in query.items
        where condition.name.utf8.elementsEqual(parameter.name) && condition.pattern.matches(parameter.value.span) {
            return true
        }
        return false
    }
}
