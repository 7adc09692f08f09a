// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// A whole answer, of a store or to a client; the body is empty where the caller streams one.
package struct WireAnswer: Sendable, Equatable {
    package var status: Int
    package var fields: HeaderFields
    package var body: [UInt8]

    package init(status: Int, fields: HeaderFields, body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// What an answer says about the request and the server, whatever the operation.
package struct AnswerContext: Sendable {
    /// 24 upper-case hexadecimal digits; vendors who write it otherwise derive theirs from it.
    package var requestID: String
    /// Host of the request, bucket included; becomes `HostId`.
    package var host: String
    /// Unix seconds of the answer; clients correct their clocks by it.
    package var now: Int64
    /// How long the request took, for `x-oss-server-time`.
    package var elapsedMilliseconds: UInt64
    /// Whether the connection can carry another request.
    package var keepAlive: Bool
    /// Whether the client came over TLS.
    package var isTLS: Bool

    package init(
        requestID: String, host: String, now: Int64, elapsedMilliseconds: UInt64, keepAlive: Bool, isTLS: Bool = false
    ) {
        self.requestID = requestID
        self.host = host
        self.now = now
        self.elapsedMilliseconds = elapsedMilliseconds
        self.keepAlive = keepAlive
        self.isTLS = isTLS
    }

    /// The object's address as the client named it.
    package func location(of request: ClientRequest) -> String {
        let key = Percent.encode(request.key.span, keeping: .unreservedAndSlash)
        let place = request.addressing == .path ? "\(request.bucket)/\(key)" : key
        return "\(isTLS ? "https" : "http")://\(host)/\(place)"
    }
}
