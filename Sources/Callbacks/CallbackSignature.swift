// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Digests
package import HTTPWire
private import Octets

/// What a callback's RSA signature covers.
enum CallbackSignature {
    /// Percent-decoded path, raw query with its question mark, newline, body (OSS, page Callback, "Sign the request").
    ///
    /// A bare `?` counts as no query: the servers in OSS's examples see an empty query string and leave it out.
    static func text(of url: CallbackURL, body: [UInt8]) -> [UInt8] {
        // The escapes were checked when the URL was parsed.
        text(rawPath: [UInt8](url.rawPath.utf8), rawQuery: url.rawQuery.map { [UInt8]($0.utf8) } ?? [], body: body)
            ?? [UInt8](url.rawPath.utf8)
    }

    /// Nil when the path has a `%` without two hexadecimal digits.
    static func text(rawPath: [UInt8], rawQuery: [UInt8], body: [UInt8]) -> [UInt8]? {
        guard var text = Percent.decode(rawPath.span) else { return nil }
        if !rawQuery.isEmpty {
            text.append(UInt8(ascii: "?"))
            text += rawQuery
        }
        text.append(UInt8(ascii: "\n"))
        text += body
        return text
    }
}

/// Checks, as an app does, that a callback comes from the store.
package struct CallbackSignatureVerifier: Sendable {
    /// Why a callback is not to be trusted.
    package enum Failure: Error, Sendable, Equatable {
        /// `Authorization` or `x-oss-pub-key-url` is missing, repeated or not Base64.
        case unsigned
        /// The key's URL begins with none of the trusted prefixes: anyone can sign with a key of their own.
        case untrustedKey(url: String)
        /// The signature is not of this request.
        case mismatch
    }

    /// Where OSS publishes its key (OSS, page Callback).
    package static let vendorPrefixes = ["http://gosspublic.alicdn.com/", "https://gosspublic.alicdn.com/"]

    /// A key whose URL begins with one of these may be fetched and believed. Each should end in a slash.
    package let trustedPrefixes: [String]

    package init(trustedPrefixes: [String] = vendorPrefixes) {
        self.trustedPrefixes = trustedPrefixes
    }

    /// Where the key of this callback is published.
    ///
    /// - Throws: ``Failure/unsigned`` or ``Failure/untrustedKey(url:)``.
    package func keyURL(of fields: HeaderFields) throws(Failure) -> String {
        guard fields.count(of: "x-oss-pub-key-url") == 1, let value = fields.first("x-oss-pub-key-url"),
            let decoded = Base64.decode(value.span), let url = String(validating: decoded.span)
        else { throw .unsigned }
        guard trustedPrefixes.contains(where: { url.hasPrefix($0) }) else { throw .untrustedKey(url: url) }
        return url
    }

    /// Checks the signature of a callback with the key found at ``keyURL(of:)``.
    ///
    /// - Parameters:
    ///   - path: as received, not decoded.
    ///   - query: as received, without its question mark; nil or empty when there is none.
    /// - Throws: ``Failure/unsigned`` or ``Failure/mismatch``.
    package func verify(
        path: [UInt8], query: [UInt8]?, fields: HeaderFields, body: [UInt8], key: RSAPublicKey
    ) throws(Failure) {
        guard fields.count(of: "authorization") == 1, let value = fields.first("authorization"),
            let signature = Base64.decode(value.span)
        else { throw .unsigned }
        guard let text = CallbackSignature.text(rawPath: path, rawQuery: query ?? [], body: body),
            key.verifyPKCS1MD5(text.span, signature: signature.span)
        else { throw .mismatch }
    }
}
