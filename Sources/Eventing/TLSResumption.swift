// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL

/// What the connecting side keeps of its last TLS handshake with one server, so that the next one is short: no
/// certificates, no public-key signature. Loop thread only.
///
/// Holds the `SSL_SESSION` that came last. It belongs to one context and one server name: a resumed session is not verified
/// again, so it must never be offered under another name or other authorities.
@safe
package final class TLSResumption {
    private var session: OpaquePointer?

    package init() {}

    deinit { forget() }

    /// Whether the next handshake may be short.
    package var hasSession: Bool { unsafe session != nil }

    /// Offers what is kept in the handshake of `ssl`.
    ///
    /// More than one connection may offer the same ticket. TLS 1.3 advises against it, so that nobody who listens can tell
    /// that two connections are of one client (RFC 8446 §C.4): a gateway has nothing to hide there.
    @unsafe func offer(in ssl: OpaquePointer) {
        guard let session = unsafe session, unsafe SSL_SESSION_is_resumable(session) == 1 else { return }
        _ = unsafe SSL_set_session(ssl, session)
    }

    /// Takes over one reference to `session`, instead of the one before.
    @unsafe func keep(_ session: OpaquePointer) {
        forget()
        unsafe self.session = session
    }

    /// Makes the next handshake a whole one.
    package func forget() {
        unsafe SSL_SESSION_free(session)
        unsafe session = nil
    }
}
