// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Digests
package import HTTPWire
private import Octets

/// What a callback's RSA signature covers.
enum CallbackSignature {
    /// Percent-decoded path, query with its question mark, newline, body (OSS, page Callback, "Sign the request"). The query
    /// is as received in OSS; in TOS decoded, as `name=value`, and sorted by name (a third party's Go code, which decodes as
    /// `net/url` does: a plus sign is a space).
    ///
    /// A bare `?` counts as no query: the servers in OSS's examples see an empty query string and leave it out.
    static func text(of url: CallbackURL, body: [UInt8], as vendor: CallbackVendor) -> [UInt8] {
        let query = url.rawQuery.map { [UInt8]($0.utf8) } ?? []
        // The escapes were checked when the URL was parsed, but for a NUL in the query: then nobody can check it.
        return text(rawPath: [UInt8](url.rawPath.utf8), rawQuery: query, body: body, as: vendor)
            ?? [UInt8](url.rawPath.utf8)
    }

    /// Nil when a `%` that is decoded has not two hexadecimal digits.
    static func text(rawPath: [UInt8], rawQuery: [UInt8], body: [UInt8], as vendor: CallbackVendor) -> [UInt8]? {
        guard var text = Percent.decode(rawPath.span) else { return nil }
        switch vendor {
        case .oss:
            if !rawQuery.isEmpty { text += [UInt8(ascii: "?")] + rawQuery }
        case .tos:
            guard let query = QueryItems(rawQuery.span, plusIsSpace: true) else { return nil }
            // Sorted by position too, because Go keeps the values of one name in order.
            let items = query.items.enumerated().sorted { left, right in
                left.element.name == right.element.name
                    ? left.offset < right.offset : left.element.name.lexicographicallyPrecedes(right.element.name)
            }
            for (place, item) in items.enumerated() {
                text.append(UInt8(ascii: place == 0 ? "?" : "&"))
                text += item.element.name + [UInt8(ascii: "=")] + item.element.value
            }
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
        /// `Authorization` or the field with the key's URL is missing, repeated or not Base64.
        case unsigned
        /// The key's URL begins with none of the trusted prefixes: anyone can sign with a key of their own.
        case untrustedKey(url: String)
        /// The signature is not of this request.
        case mismatch
    }

    /// Where OSS publishes its key (OSS, page Callback). That of TOS is not published.
    package static let vendorPrefixes = ["http://gosspublic.alicdn.com/", "https://gosspublic.alicdn.com/"]

    /// Whose callbacks are checked.
    package let vendor: CallbackVendor
    /// A key whose URL begins with one of these may be fetched and believed. Each should end in a slash.
    package let trustedPrefixes: [String]

    package init(_ vendor: CallbackVendor = .oss, trustedPrefixes: [String] = vendorPrefixes) {
        self.vendor = vendor
        self.trustedPrefixes = trustedPrefixes
    }

    /// Where the key of this callback is published.
    ///
    /// - Throws: ``Failure/unsigned`` or ``Failure/untrustedKey(url:)``.
    package func keyURL(of fields: HeaderFields) throws(Failure) -> String {
        let name = vendor.publicKeyField
        guard fields.count(of: name) == 1, let value = fields.first(name),
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
        guard let text = CallbackSignature.text(rawPath: path, rawQuery: query ?? [], body: body, as: vendor),
            key.verifyPKCS1MD5(text.span, signature: signature.span)
        else { throw .mismatch }
    }
}
