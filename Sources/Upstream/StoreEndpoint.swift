// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing

/// Where a store is reached, and how its connections are made and kept.
package struct StoreEndpoint: Sendable {
    /// Host name, address literal (IPv6 without brackets), without port.
    package var host: String
    package var port: UInt16
    /// nil for plain text.
    package var tls: TLSContext?
    /// The name that the store's certificate must bear, and that is asked for; `host` where nil.
    package var serverName: String?
    /// Whether TLS asks for it.
    package var sendsServerName = true
    /// A proxy's URL; nil for none. The environment's proxies are for people's tools, not for a server.
    package var proxy: String?
    /// Until the connection, TLS included, is made.
    package var connectTimeout = Duration.seconds(5)
    /// From the last byte of a request, or the last one that the store took, to the store's answer.
    package var answerTimeout = Interval.seconds(60)
    /// How long an unused connection is kept.
    package var idleTimeout = Interval.seconds(50)
    /// Unused connections that are kept, on each loop.
    package var idleLimit = Self.usualIdleLimit
    package static let usualIdleLimit = 256
    /// Whether an address, 4 or 16 octets, may be connected to; asked after resolution, for each address, which is the
    /// one that is then connected to. nil: any. Not together with a proxy, whose address it would be asked about.
    package var mayConnect: (@Sendable ([UInt8]) -> Bool)?

    /// Where connections go instead; certificates bear the name of `host` in any case.
    package var addresses: [StorePlace] = []
    /// Whether the first place that works is used, and not one after the other.
    package var prefersFirst = false

    /// Where connections go.
    package var places: [StorePlace] { addresses.isEmpty ? [StorePlace(host: host, port: port)] : addresses }

    package init(host: String, port: UInt16, tls: TLSContext? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }
}

/// Why a store could not be talked to.
package struct StoreFailure: Error, Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// The name did not resolve.
        case resolve
        /// The address may not be connected to (``StoreEndpoint/mayConnect``).
        case forbidden
        /// Nobody accepted the connection.
        case connect
        /// No connection in time.
        case connectTimeout = "connect-timeout"
        /// TLS could not be agreed on, or the certificate is not acceptable.
        case tls
        /// The connection ended before the answer was complete.
        case closed
        /// The store's bytes are no HTTP answer, or more of one than is kept.
        case badAnswer = "bad-answer"
        /// The store took no bytes, or did not answer, in time.
        case answerTimeout = "answer-timeout"
    }

    package let kind: Kind
    /// The cause in words, for logs and operators; never holds a secret.
    package let reason: String
    /// Whether the whole request was handed to the store's side before it failed: the object may be stored.
    package let mayBeStored: Bool

    package init(_ kind: Kind, _ reason: String, mayBeStored: Bool = false) {
        self.kind = kind
        self.reason = reason
        self.mayBeStored = mayBeStored
    }
}
