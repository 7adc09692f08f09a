// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Callbacks

/// All that the configuration says: validated, immutable, and shared by every worker.
///
/// A reload makes a new one; uploads in flight keep the one they began with. Lists keep the order of the file, and the
/// parts refer to each other by index, so that counters can be arrays.
package final class Settings: Sendable {
    /// Tells one text of the configuration from another: the first 12 hexadecimal digits of its SHA-256. Secrets that it
    /// takes from elsewhere are no part of it.
    package let version: String
    package let listeners: [Listener]
    /// Where health, metrics and the status page are served.
    package let admin: ListenAddress
    /// Event loops to run; by default as many as processors may be used.
    package let workers: Int
    package let limits: Limits
    package let timeouts: Timeouts
    package let clients: [ClientGroup]
    package let stores: [Store]
    package let callbacks: [CallbackPolicy]
    package let routes: RouteTable
    /// How callbacks made by Putback are signed; nil leaves them unsigned.
    package let signing: CallbackSigning?
    /// The directory in which uploads in parts that Putback itself makes are noted, so that those which a crash left
    /// behind are aborted at the next start; nil notes none.
    package let statePath: String?

    init(
        version: String, listeners: [Listener], admin: ListenAddress, workers: Int, limits: Limits, timeouts: Timeouts,
        clients: [ClientGroup], stores: [Store], callbacks: [CallbackPolicy], routes: RouteTable,
        signing: CallbackSigning?, statePath: String?
    ) {
        self.version = version
        self.listeners = listeners
        self.admin = admin
        self.workers = workers
        self.limits = limits
        self.timeouts = timeouts
        self.clients = clients
        self.stores = stores
        self.callbacks = callbacks
        self.routes = routes
        self.signing = signing
        self.statePath = statePath
    }
}

/// The identity of callbacks that Putback makes itself, in the manner of OSS (page Callback, "Verify the signature").
package struct CallbackSigning: Sendable {
    /// A private RSA key in PEM; nil for one that is made at the start.
    package let callbackKey: Secret?
    /// Where applications fetch the public key; sent in base64 as `x-oss-pub-key-url`.
    package let publicKeyURL: String
}
