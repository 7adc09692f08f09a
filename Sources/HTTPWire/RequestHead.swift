// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Request line and header fields of one request, checked; `RequestParser` fills it in place, again and again.
package struct RequestHead: Sendable, Equatable {
    package var method: HTTPMethod = .get
    /// Minor version of HTTP/1: 0 or 1.
    package var minorVersion = 1
    /// Request target in origin form (`/path?query`), or `*` for OPTIONS; absolute form was reduced to it.
    package var target: [UInt8] = []
    /// Where the path ends in `target`: at the question mark or at its end.
    package var pathEnd = 0
    package var fields = HeaderFields()
    package var framing = BodyFraming.none
    /// Whether the connection may carry another request after this one.
    package var keepAlive = true
    /// Whether the client waits for `100 Continue` before it sends the body; never so without a body or in HTTP/1.0.
    package var expectsContinue = false
    var authorityBytes: [UInt8] = []

    package init() {}

    /// What routing looks at of a head, for requests that came by no wire.
    package init(method: HTTPMethod, authority: [UInt8], fields: HeaderFields) {
        self.method = method
        self.fields = fields
        authorityBytes = authority
    }

    package var isHTTP10: Bool { minorVersion == 0 }

    /// Path as sent, percent-encoded, with its leading slash.
    package var path: ArraySlice<UInt8> { target[..<pathEnd] }

    /// Query as sent, without the question mark; nil if there is no question mark.
    package var query: ArraySlice<UInt8>? { pathEnd < target.count ? target[(pathEnd &+ 1)...] : nil }

    /// How many bytes the body has; nil where only its last chunk tells. A request without any framing has an empty body
    /// (RFC 9112 §6.3).
    package var bodyLength: UInt64? {
        switch framing {
        case .length(let count): count
        case .chunked: nil
        case .none, .untilClose: 0
        }
    }

    /// Host and optional port: of the target in absolute form, else of the Host field; empty for HTTP/1.0 without both.
    package var authority: ArraySlice<UInt8> { authorityBytes[...] }

    /// The authority without its port; an IPv6 address keeps its brackets.
    package var host: ArraySlice<UInt8> {
        // A name holds no colon and the colons of an address stand before its bracket (`Authority.isValid`).
        guard let last = authorityBytes.lastIndex(where: { $0 == Byte.colon || $0 == Byte.closeBracket }),
            authorityBytes[last] == Byte.colon
        else { return authorityBytes[...] }
        return authorityBytes[..<last]
    }
}
