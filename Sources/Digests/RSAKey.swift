// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
private import Octets

/// An RSA key that signs; made for the callback signatures of OSS (Callback API page, "Signature").
package final class RSAPrivateKey: Sendable {
    private let key: KeyHandle

    private init(_ key: KeyHandle) {
        self.key = key
    }

    /// A new key. Anything below 2048 bits is weak; the stores use 512.
    package static func generate(bits: Int) throws(OpenSSLError) -> RSAPrivateKey {
        RSAPrivateKey(try KeyHandle.generate(bits: bits))
    }

    /// The key of a PEM text without a password (`PRIVATE KEY` or `RSA PRIVATE KEY`); throws if it holds none.
    package init(pem: String) throws(OpenSSLError) {
        key = try KeyHandle(pem: pem, isPrivate: true)
    }

    /// RSASSA-PKCS1-v1_5 with MD5 (RFC 8017 section 8.2), as long as the key.
    package func signPKCS1MD5(_ message: Span<UInt8>) throws(OpenSSLError) -> [UInt8] {
        let context = try SigningContext()
        return try context.sign(message, with: key)
    }

    /// The public half, `-----BEGIN PUBLIC KEY-----` …
    package var publicKeyPEM: String { key.pem(isPrivate: false) }

    /// The key itself, `-----BEGIN PRIVATE KEY-----` …, not encrypted.
    package var pem: String { key.pem(isPrivate: true) }
}

/// An RSA key that verifies.
package final class RSAPublicKey: Sendable {
    private let key: KeyHandle

    /// The key of a PEM text (`PUBLIC KEY`); throws if it holds none.
    package init(pem: String) throws(OpenSSLError) {
        key = try KeyHandle(pem: pem, isPrivate: false)
    }

    /// Whether the signature is RSASSA-PKCS1-v1_5 with MD5 of the message by this key; keys of 512 bits are fine.
    package func verifyPKCS1MD5(_ message: Span<UInt8>, signature: Span<UInt8>) -> Bool {
        guard let context = try? SigningContext() else { return false }
        return context.verify(message, signature: signature, with: key)
    }
}
