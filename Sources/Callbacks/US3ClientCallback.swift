// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire
private import Octets

/// A callback as a client of US3 asked for it in a put policy, checked and with its variables replaced.
package struct US3ClientCallback: Sendable, Equatable {
    /// The only one.
    package var url: CallbackURL
    /// `callbackBody`.
    package var body: [UInt8]
    /// `callbackBodyType`; nil: the body is the query of the URL.
    package var contentType: String?

    package init(url: CallbackURL, body: [UInt8], contentType: String?) {
        self.url = url
        self.body = body
        self.contentType = contentType
    }

    /// The request that US3 makes: a POST, without a signature (上传回调 of the Go SDK's pages, the two comments of its
    /// example). Which further fields it has is not published.
    package func request() -> CallbackRequest {
        var fields = HeaderFields(roomFor: 4, bytes: 256)
        let body = contentType == nil ? [] : self.body
        fields.append("Host", url.authority)
        fields.append("Connection", "close")
        fields.append("Content-Length", decimal: UInt64(body.count))
        if let contentType { fields.append("Content-Type", contentType) }
        return CallbackRequest(
            url: contentType == nil ? urlWithQuery : url, fields: fields, body: body, sendsServerName: true)
    }

    /// The URL with the body as its query, behind one that it has; what cannot stand in a query is percent-encoded.
    private var urlWithQuery: CallbackURL {
        guard !body.isEmpty else { return url }
        var query: [UInt8] = []
        for (index, byte) in body.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < body.count && body[index + 1].isHexDigit
                && body[index + 2].isHexDigit
            if isEscape { query.append(byte) } else { query.appendPercentEncoded([byte].span, keeping: Self.query) }
        }
        let text = "\(url.description)\(url.rawQuery == nil ? "?" : "&")\(String(octets: query.span))"
        guard let whole = try? CallbackURL(parsing: text) else {
            preconditionFailure("a URL stays one when a query in the characters of RFC 3986 is added")
        }
        return whole
    }

    /// RFC 3986 section 3.4: `pchar`, slash and question mark.
    private static let query = PercentSet.unreserved.adding("!$&'()*+,;=:@/?")
}
