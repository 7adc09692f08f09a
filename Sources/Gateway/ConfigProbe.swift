// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
package import Settings

/// Reads what a config names without serving anything, for `putback check`.
package enum ConfigProbe {
    /// The first certificate, key or authority that cannot be used; nil when all can.
    package static func problem(of settings: Settings) -> String? {
        do throws(EventError) {
            for listener in settings.listeners {
                guard let tls = listener.tls else { continue }
                _ = try TLSContext.server(
                    certificate: tls.certificateFile, key: tls.keyFile, clientCA: tls.clientCAFile)
            }
            for store in settings.stores {
                guard case .remote(let remote) = store.kind, remote.endpoint.isTLS else { continue }
                _ = try TLSContext.client(authorities: remote.caFile)
            }
        } catch {
            return error.description
        }
        guard let key = settings.signing?.callbackKey else { return nil }
        do throws(OpenSSLError) {
            _ = try RSAPrivateKey(pem: key.revealText())
            return nil
        } catch {
            return "signing.callbackKey: \(error.description)"
        }
    }
}
