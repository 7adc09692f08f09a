// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// What routing looks at. It is read from the head alone, before anything of the body.
package struct RouteRequest: Sendable {
    /// The listener's place in ``Settings/listeners``.
    package var listenerIndex: Int
    package var method: HTTPMethod
    /// The authority as sent; its port, a final dot and case do not matter.
    package var authority: ArraySlice<UInt8>
    /// The decoded path without its leading slash; on SDK listeners the object key.
    package var path: ArraySlice<UInt8>
    package var fields: HeaderFields
    /// Decoded parameters in order; may be left empty when ``RouteTable/needsQuery`` is false.
    package var query: QueryItems
    /// `Content-Length`, nil when the length is not known beforehand.
    package var contentLength: UInt64?

    package init(
        listenerIndex: Int, method: HTTPMethod, authority: ArraySlice<UInt8>, path: ArraySlice<UInt8>,
        fields: HeaderFields, query: QueryItems = QueryItems(), contentLength: UInt64?
    ) {
        self.listenerIndex = listenerIndex
        self.method = method
        self.authority = authority
        self.path = path
        self.fields = fields
        self.query = query
        self.contentLength = contentLength
    }
}

/// The route that takes an upload.
package struct RouteMatch: Sendable {
    /// Its place in ``RouteTable/routes``.
    package let routeIndex: Int
    /// What the wildcards of its path pattern stood for.
    package let captures: PathCaptures
    /// The longest body, to be enforced while streaming when the length is not known beforehand.
    package let sizeLimitBytes: UInt64
}

enum Authority {
    /// The host of `host`, `host:port` or `[v6]:port`, without a final dot.
    static func host(_ authority: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var host = authority
        if host.first == UInt8(ascii: "[") {
            guard let close = host.firstIndex(of: UInt8(ascii: "]")) else { return host }
            return host[...close]
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) { host = host[..<colon] }
        return host.last == .dot ? host.dropLast() : host
    }
}
