// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire

/// Why a route did or did not take a request.
package struct RouteExplanation: Sendable, Equatable {
    package let routeIndex: Int
    package let routeName: String
    /// The first condition that was not met, as a clause; nil for the route that took it.
    package let mismatch: String?
}

extension RouteTable {
    /// Every route up to the one that takes `request`, or all of them when none does.
    package func explainMatch(_ request: RouteRequest) -> [RouteExplanation] {
        let host = Authority.host(request.head.authority)
        var explanations: [RouteExplanation] = []
        for (index, route) in routes.enumerated() {
            var captures = PathCaptures()
            let failure = route.conditions.firstFailure(request, host: host, captures: &captures)
            let mismatch = failure.map { route.conditions.describe($0, request, host: host) }
            explanations.append(RouteExplanation(routeIndex: index, routeName: route.name, mismatch: mismatch))
            if failure == nil { break }
        }
        return explanations
    }
}

extension RouteConditions {
    fileprivate func describe(
        _ failure: RouteCondition, _ request: RouteRequest, host: ArraySlice<UInt8>
    ) -> String {
        switch failure {
        case .listener: "it is not for this listener"
        case .method: "method \(request.head.method.name) is not among \(Self.list(methodNames))"
        case .size: "size \(request.contentLength.map(String.init) ?? "unknown") is not in \(size)"
        case .host: "host \(Self.quoted(host)) does not match \(Self.list(hosts.map(\.source)))"
        case .path: "path \(Self.quoted([.slash] + request.path)) does not match \(Self.list(paths.map(\.source)))"
        case .contentType:
            "content type \(Self.quoted(request.head.fields.first("content-type") ?? []))"
                + " does not match \(Self.list(contentTypes.map(\.source)))"
        case .header(let index): "header \(headers[index].name) does not match \"\(headers[index].pattern)\""
        case .query(let index): "query parameter \(query[index].name) does not match \"\(query[index].pattern)\""
        }
    }

    private var methodNames: [String] { MethodSet.named.filter { methods.contains(MethodSet($0)) }.map(\.name) }

    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String { "\"\(String(decoding: bytes, as: UTF8.self))\"" }

    private static func list(_ items: [String]) -> String { items.joined(separator: ", ") }
}
