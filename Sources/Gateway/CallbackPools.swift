// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Eventing
internal import Settings
internal import Upstream

/// The connections of one snapshot on one loop to the apps that Putback calls back. Loop thread only.
///
/// Each URL of an operator's policy has a pool. Targets that clients name have none: there may be any number of them,
/// each address must pass its route's check, and OSS closes the connection behind each callback, which such apps know.
final class CallbackPools {
    /// Many servers drop connections that were unused for two or five seconds, and a callback that meets one at that
    /// moment could be lost. A connection only pays where callbacks follow each other closely anyway.
    private static let idleTimeout = Interval.seconds(1)

    private let context: UpstreamContext
    private let tls: TLSContext?
    /// By the policy's place in the settings and the URL's in the policy; made when first used.
    private var pools: [[StorePool?]]
    private var isClosed = false

    init(context: UpstreamContext, snapshot: Snapshot) {
        self.context = context
        tls = snapshot.callbackTLS
        pools = snapshot.settings.callbacks.map { Array(repeating: nil, count: $0.urls.count) }
    }

    /// Where connections for one of the callback's URLs come from.
    ///
    /// - Parameter sendsServerName: for a client's callback: OSS names no host in TLS unless it is asked to.
    func pool(for callback: OwnCallback, urlIndex: Int, sendsServerName: Bool) -> StorePool {
        switch callback.target {
        case .client(let allowance):
            let url = callback.urls[urlIndex]
            var endpoint = endpoint(url, callback)
            endpoint.idleLimit = 0
            endpoint.sendsServerName = sendsServerName
            endpoint.mayConnect = { allowance.allows(host: url.host, port: url.port, address: $0.span) }
            return StorePool(context: context, endpoint: endpoint)
        case .policy(let index):
            if let pool = pools[index][urlIndex] { return pool }
            let pool = StorePool(context: context, endpoint: endpoint(callback.urls[urlIndex], callback))
            if isClosed { pool.close() }
            pools[index][urlIndex] = pool
            return pool
        }
    }

    /// Closes idle connections, and each other one when its callback is over.
    func close() {
        isClosed = true
        for pool in pools.joined() { pool?.close() }
    }

    private func endpoint(_ url: CallbackURL, _ callback: OwnCallback) -> StoreEndpoint {
        precondition(!url.isTLS || tls != nil, "a snapshot with https among its targets has the context for it")
        var endpoint = StoreEndpoint(host: url.host, port: UInt16(url.port), tls: url.isTLS ? tls : nil)
        // The final dot of a fully qualified name is not part of it in certificates (RFC 6066 §3, RFC 9525 §3).
        if url.host.hasSuffix(".") { endpoint.serverName = String(url.host.dropLast()) }
        // The callback itself has one deadline for everything.
        endpoint.connectTimeout = .milliseconds(callback.timeoutMilliseconds)
        endpoint.answerTimeout = .milliseconds(callback.timeoutMilliseconds)
        endpoint.idleTimeout = Self.idleTimeout
        return endpoint
    }
}
