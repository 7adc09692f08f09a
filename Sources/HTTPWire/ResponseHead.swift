// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Status line and header fields of one answer, checked; `ResponseParser` fills it in place, again and again.
package struct ResponseHead: Sendable, Equatable {
    /// 100…599
    package var status = 200
    /// As sent; may be empty.
    package var reason: [UInt8] = []
    /// Minor version of HTTP/1: 0 or 1.
    package var minorVersion = 1
    package var fields = HeaderFields()
    package var framing = BodyFraming.none
    /// Whether the connection may carry another request once the body is read.
    package var keepAlive = true

    package init() {}

    /// Whether another head follows for the same request (RFC 9110 §15.2).
    package var isInterim: Bool { status < 200 }
}
