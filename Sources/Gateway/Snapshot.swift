// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Digests
internal import DirectoryStore
package import Eventing
package import Settings
internal import Upstream

/// The settings with all that is made from them once and shared by the loops: certificates, endpoints, open directories.
///
/// Immutable; a reload makes a new one, and uploads keep the one they began with.
package final class Snapshot: Sendable {
    package let settings: Settings
    let listenerTLS: [TLSContext?]
    let stores: [Place]
    let signer: CallbackRequest.Signer?
    /// For the callbacks that Putback makes over https; nil where none can be.
    let callbackTLS: TLSContext?
    let quotas: Quotas

    /// A store as the data path sees it.
    enum Place: Sendable {
        case remote(StoreEndpoint, RemoteStoreSettings)
        case directory(DirectoryStore)
    }

    /// Opens what the settings name.
    ///
    /// - Parameters:
    ///   - previous: its directories are kept open where they are still named.
    ///   - publicKeyURL: where apps can fetch the key that callbacks are signed with, unless the settings say.
    /// - Throws: ``EventError`` with the file and the cause.
    package init(settings: Settings, previous: Snapshot? = nil, publicKeyURL: String? = nil) throws(EventError) {
        self.settings = settings
        quotas = Quotas(settings, previous: previous?.quotas)
        var listenerTLS: [TLSContext?] = []
        for listener in settings.listeners {
            guard let tls = listener.tls else {
                listenerTLS.append(nil)
                continue
            }
            listenerTLS.append(
                try TLSContext.server(
                    certificate: tls.certificateFile, key: tls.keyFile, clientCA: tls.clientCAFile))
        }
        self.listenerTLS = listenerTLS
        var stores: [Place] = []
        for store in settings.stores {
            stores.append(try Self.place(store, settings.timeouts, previous))
        }
        self.stores = stores
        signer = try Self.signer(settings, previous, publicKeyURL)
        callbackTLS = Self.callsBackOverTLS(settings) ? try TLSContext.client(authorities: nil) : nil
    }

    private static func place(_ store: Store, _ timeouts: Timeouts, _ previous: Snapshot?) throws(EventError) -> Place {
        switch store.kind {
        case .directory(let directory):
            let path = directory.path
            if let open = previous?.directory(path) { return .directory(open) }
            do throws(StoreError) {
                return .directory(try DirectoryStore(root: path))
            } catch {
                throw EventError(operation: "open store \(store.name) at \(path)", reason: error.description)
            }
        case .remote(let remote):
            let tls = remote.endpoint.isTLS ? try TLSContext.client(authorities: remote.caFile) : nil
            var endpoint = StoreEndpoint(host: remote.endpoint.host, port: remote.endpoint.port, tls: tls)
            endpoint.addresses = remote.placesToDial
            endpoint.prefersFirst = remote.balance == .first
            endpoint.proxy = remote.proxy?.revealText()
            endpoint.connectTimeout = .milliseconds(timeouts.storeConnectMilliseconds)
            endpoint.answerTimeout = .milliseconds(timeouts.storeAnswerMilliseconds)
            return .remote(endpoint, remote)
        }
    }

    private func directory(_ path: String) -> DirectoryStore? {
        for (store, place) in zip(settings.stores, stores) {
            if case .directory(let open) = place, case .directory(let directory) = store.kind, directory.path == path {
                return open
            }
        }
        return nil
    }

    /// Apps check callbacks with the public half; a key of its own is made where none is configured but one is needed.
    private static func signer(
        _ settings: Settings, _ previous: Snapshot?, _ publicKeyURL: String?
    ) throws(EventError) -> CallbackRequest.Signer? {
        do throws(OpenSSLError) {
            if let signing = settings.signing, let pem = signing.callbackKey {
                let key = try RSAPrivateKey(pem: pem.revealText())
                return CallbackRequest.Signer(key: key, publicKeyURL: signing.publicKeyURL)
            }
            guard settings.signing != nil || needsOwnKey(settings),
                let url = settings.signing?.publicKeyURL ?? publicKeyURL
            else { return nil }
            // One that was made for this address stays; one that was configured does not outlive its config.
            if let previous, previous.settings.signing?.callbackKey == nil, let signer = previous.signer {
                return CallbackRequest.Signer(key: signer.key, publicKeyURL: url)
            }
            return CallbackRequest.Signer(key: try RSAPrivateKey.generate(bits: 2048), publicKeyURL: url)
        } catch {
            throw EventError(operation: "read signing.callbackKey", reason: error.description)
        }
    }

    /// Reading the authorities takes time and memory, so only where they may be asked.
    private static func callsBackOverTLS(_ settings: Settings) -> Bool {
        settings.routes.routes.contains { route in
            guard let index = route.callbackIndex else { return !route.clientCallbacks.patterns.isEmpty }
            return !route.callbackIsByStore
                && settings.callbacks[index].urls.contains { (try? CallbackURL(parsing: $0))?.isTLS ?? false }
        }
    }

    /// Making a key takes longer than everything else at the start, so only where a callback could be signed with it: one
    /// that an SDK client knows from its vendor.
    private static func needsOwnKey(_ settings: Settings) -> Bool {
        settings.listeners.contains(where: \.isSDK) && settings.stores.contains { !$0.makesCallbacks }
            && settings.routes.routes.contains { route in
                route.callbackIndex != nil && !route.callbackIsByStore || !route.clientCallbacks.patterns.isEmpty
            }
    }
}

extension RemoteStoreSettings {
    /// Where connections go.
    var placesToDial: [StorePlace] {
        addresses.map { StorePlace(host: $0.host, port: $0.port) }
    }
}
