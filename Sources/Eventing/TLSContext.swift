// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
internal import Glibc

/// What makes TLS sessions: certificates and rules, shared by all connections of a listener or store.
///
/// Wraps `SSL_CTX`, whose reference count and session cache are thread-safe, so loops may share one context.
@safe
package final class TLSContext: @unchecked Sendable {
    // Sendable is sound: SSL_CTX is not changed after init, and SSL_new on it is thread-safe (SSL_CTX_new(3)).
    private let context: OpaquePointer

    /// A context for accepting: TLS 1.2 and 1.3, a certificate chain and its key from PEM files, and where `clientCA` is
    /// given, clients must show a certificate that it signed.
    package static func server(certificate: String, key: String, clientCA: String?) throws(EventError) -> TLSContext {
        let result = try unsafe TLSContext(method: unsafe TLS_server_method())
        let context = unsafe result.context
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw tlsError("read certificate \(certificate)")
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
            throw tlsError("read private key \(key)")
        }
        guard unsafe SSL_CTX_check_private_key(context) == 1 else {
            throw tlsError("match private key \(key) with certificate \(certificate)")
        }
        var name = Array("putback".utf8)
        unsafe SSL_CTX_set_session_id_context(context, &name, UInt32(name.count))
        // Tickets carry the session; a cache would be a lock between the loops and memory for clients that never return.
        // Every loop can open the tickets of the others, because their keys are the context's.
        unsafe pb_ssl_ctx_cache_no_sessions(context)
        if let clientCA {
            guard unsafe SSL_CTX_load_verify_locations(context, clientCA, nil) == 1,
                let names = unsafe SSL_load_client_CA_file(clientCA)
            else { throw tlsError("read client CA \(clientCA)") }
            unsafe SSL_CTX_set_client_CA_list(context, names)
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        return result
    }

    /// A context for connecting: the peer's chain is verified against `authorities` (a PEM file), or where nil against
    /// the system's, and its name against the one given for each session.
    package static func client(authorities: String?) throws(EventError) -> TLSContext {
        let result = try unsafe TLSContext(method: unsafe TLS_client_method())
        let context = unsafe result.context
        if let authorities {
            guard unsafe SSL_CTX_load_verify_locations(context, authorities, nil) == 1 else {
                throw tlsError("read CA file \(authorities)")
            }
        } else {
            guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else { throw tlsError("load system CAs") }
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        // The one way to hear of sessions in both versions: TLS 1.3 sends tickets at any time after the handshake
        // (SSL_CTX_sess_set_new_cb(3)).
        _ = unsafe pb_ssl_ctx_cache_client_sessions(context)
        unsafe SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let ssl = unsafe ssl, let session = unsafe session, let kept = unsafe SSL_get_ex_data(ssl, 0)
            else { return 0 }
            unsafe Unmanaged<TLSResumption>.fromOpaque(kept).takeUnretainedValue().keep(session)
            return 1
        }
        return result
    }

    private init(method: OpaquePointer?) throws(EventError) {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(method) else { throw tlsError("SSL_CTX_new") }
        unsafe self.context = context
        _ = unsafe pb_ssl_ctx_set_min_version(context, TLS1_2_VERSION)
        unsafe pb_ssl_ctx_set_modes(context)
        unsafe pb_ssl_ctx_refuse_renegotiation_and_compression(context)
    }

    deinit { unsafe SSL_CTX_free(context) }

    /// The raw context, for sessions in this module.
    @unsafe var raw: OpaquePointer { unsafe context }
}

/// Drains OpenSSL's error queue of this thread into one error.
func tlsError(_ operation: String) -> EventError {
    var reasons: [String] = []
    while true {
        let code = ERR_get_error()
        guard code != 0 else { break }
        guard let text = unsafe ERR_reason_error_string(code) else { continue }
        reasons.append(unsafe String(cString: text))
    }
    return EventError(
        operation: operation, reason: reasons.isEmpty ? "unknown TLS error" : reasons.joined(separator: "; "))
}
