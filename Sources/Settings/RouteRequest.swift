// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// What routing looks at. It is read from the head alone, before anything of the body.
package struct RouteRequest: Sendable {
    /// The listener's place in ``Settings/listeners``.
    package var listenerIndex: Int
    /// As received. The authority's port, a final dot and case do not matter.
    package var head: RequestHead
    /// The decoded path without its leading slash; on SDK listeners the object key.
    package var path: ArraySlice<UInt8>
    /// Decoded parameters in order; may be left empty when ``RouteTable/needsQuery`` is false.
    package var query: QueryItems
    /// `Content-Length`, nil when the length is not known beforehand.
    package var contentLength: UInt64?

    package init(
        listenerIndex: Int, head: consuming RequestHead, path: ArraySlice<UInt8>, query: QueryItems = QueryItems(),
        contentLength: UInt64?
    ) {
        self.listenerIndex = listenerIndex
        self.head = head
        self.path = path
        self.query = query
        self.contentLength = contentLength
    }
}

/// The route that takes an upload.
package struct RouteMatch: Sendable {
    package let route: Route
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
