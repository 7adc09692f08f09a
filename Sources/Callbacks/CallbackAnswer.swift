// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// What an app answered to a callback.
package struct CallbackAnswer: Sendable {
    /// The most of an app's answer that is read, in bytes (OSS, page Callback: 1 MB).
    package static let maximumBodyBytes = 1 << 20

    /// The HTTP status.
    package var status: Int
    /// The header fields, as received.
    package var fields: HeaderFields
    /// At most ``maximumBodyBytes`` and one; one byte more than allowed is enough to know that it is too long.
    package var body: [UInt8]

    package init(status: Int, fields: HeaderFields, body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// Why there is no answer to judge.
package enum CallbackTransportFailure: Error, Sendable, Equatable {
    /// The host has no address.
    case unresolved
    /// The address may not be called (see ``TargetRules``).
    case forbidden
    /// Nothing listens, or no way there.
    case unreachable
    /// The TLS handshake failed.
    case tls
    /// No complete answer in time. `peer` is `address:port`.
    case timeout(peer: String, milliseconds: Int)
    /// The connection ended before the answer was complete.
    case closed
    /// What came back is not HTTP.
    case malformed
    /// The answer is longer than its reader takes.
    case tooLong

    /// A bounded word for logs and metrics.
    package var label: String {
        switch self {
        case .unresolved: "unresolved"
        case .forbidden: "forbidden"
        case .unreachable: "unreachable"
        case .tls: "tls"
        case .timeout: "timeout"
        case .closed: "closed"
        case .malformed: "malformed"
        case .tooLong: "too-long"
        }
    }
}
