// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// What an upload must be like for a route to take it; an empty list leaves its part of the request open.
package final class RouteConditions: Sendable {
    /// A field or query parameter that must be there, and one of its values fit.
    package struct Named: Sendable, Equatable {
        package let name: String
        package let pattern: Glob
    }

    /// Bit N is the listener N.
    package let listeners: UInt64
    package let methods: MethodSet
    package let hosts: [SegmentPattern]
    package let paths: [SegmentPattern]
    /// Lower-case patterns of the media type, without parameters.
    package let contentTypes: [Glob]
    package let headers: [Named]
    package let query: [Named]
    package let size: SizeRange

    init(
        listeners: UInt64, methods: MethodSet, hosts: [SegmentPattern], paths: [SegmentPattern], contentTypes: [Glob],
        headers: [Named], query: [Named], size: SizeRange
    ) {
        self.listeners = listeners
        self.methods = methods
        self.hosts = hosts
        self.paths = paths
        self.contentTypes = contentTypes
        self.headers = headers
        self.query = query
        self.size = size
    }

    /// How many wildcards every path pattern has at least, so that `path.N` is sure to have a value.
    package var captures: Int { paths.map(\.wildcards).min() ?? 0 }
}

/// Request methods as a set.
package struct MethodSet: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package init(_ method: HTTPMethod) {
        rawValue =
            switch method {
            case .get: 1 << 0
            case .head: 1 << 1
            case .put: 1 << 2
            case .post: 1 << 3
            case .delete: 1 << 4
            case .options: 1 << 5
            case .patch: 1 << 6
            case .connect, .trace, .other: 1 << 15
            }
    }

    package static var all: MethodSet { MethodSet(rawValue: .max) }

    /// The methods a configuration can name.
    static var named: [HTTPMethod] { [.put, .post, .get, .head, .delete, .options, .patch] }
}
