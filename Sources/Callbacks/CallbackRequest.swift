// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Digests
package import HTTPWire
private import Octets

/// One attempt of a callback, ready to be sent: always a POST with a body of known length.
package struct CallbackRequest: Sendable {
    /// Where to connect to, and the target of the request line.
    package let url: CallbackURL
    /// Every header of the request, `Host` and `Content-Length` included.
    package var fields: HeaderFields
    /// Its length is in `Content-Length`.
    package let body: [UInt8]
    /// Whether a TLS connection names its host.
    package let sendsServerName: Bool

    /// Request line and fields as they are sent, with the blank line.
    package func encodedHead() -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(fields.bytes.count + url.rawPath.utf8.count + (url.rawQuery?.utf8.count ?? 0) + 32)
        HTTPEncoder.appendRequest(method: .post, target: url.target.utf8.span, fields: fields, to: &head)
        return head
    }

    /// The signer of a store's callbacks and where its public key is published.
    package struct Signer: Sendable {
        /// Signs every callback.
        package let key: RSAPrivateKey
        /// Sent in Base64 as `x-oss-pub-key-url`, or its like in TOS.
        package let publicKeyURL: String

        package init(key: RSAPrivateKey, publicKeyURL: String) {
            self.key = key
            self.publicKeyURL = publicKeyURL
        }
    }

    /// The request as the client's vendor sends it.
    ///
    /// - Parameters:
    ///   - requester: account id of the uploader; nil leaves `x-oss-requester` out.
    ///   - now: Unix seconds.
    /// - Throws: ``CallbackBodyError``; `OpenSSLError` when the body cannot be signed.
    package static func client(
        _ callback: ClientCallback, to url: CallbackURL, facts: CallbackFacts, signer: Signer?,
        requester: String? = nil, now: Int64
    ) throws -> CallbackRequest {
        switch callback.vendor {
        case .oss: try oss(callback, to: url, facts: facts, signer: signer, requester: requester, now: now)
        case .tos: try tos(callback, to: url, facts: facts, signer: signer)
        }
    }

    /// Captures of 2018 and 2024 in OSS, page Callback.
    private static func oss(
        _ callback: ClientCallback, to url: CallbackURL, facts: CallbackFacts, signer: Signer?, requester: String?,
        now: Int64
    ) throws -> CallbackRequest {
        let body = try callback.renderBody(facts)
        var fields = commonFields(
            host: callback.host ?? url.authority, contentType: callback.contentType, body: body, now: now,
            closes: true)
        fields.append("User-Agent", "aliyun-oss-callback")
        try sign(&fields, url: url, body: body, facts: facts, signer: signer)
        if let requester { fields.append("x-oss-requester", requester) }
        for header in callback.additionalHeaders { fields.append(name: header.name, header.value) }
        return CallbackRequest(url: url, fields: fields, body: body, sendsServerName: callback.sendsServerName)
    }

    /// Page 196411 names `Host` and `Content-Type`, a third party's code the two fields of the signature; no other is known.
    private static func tos(
        _ callback: ClientCallback, to url: CallbackURL, facts: CallbackFacts, signer: Signer?
    ) throws -> CallbackRequest {
        let body = try callback.renderBody(facts)
        var fields = HeaderFields(roomFor: 6, bytes: 768)
        fields.append("Host", callback.host ?? url.authority)
        fields.append("Connection", "close")
        fields.append("Content-Length", decimal: UInt64(body.count))
        fields.append("Content-Type", callback.contentType.rawValue)
        if let signer { try sign(&fields, as: .tos, url: url, body: body, signer: signer) }
        return CallbackRequest(url: url, fields: fields, body: body, sendsServerName: callback.sendsServerName)
    }

    /// The request that Putback itself sends for an operator's policy, with the fields and the signature that OSS sends, so
    /// that one app can serve both; only the connection may stay.
    ///
    /// - Parameter now: Unix seconds.
    /// - Throws: `OpenSSLError` when the body cannot be signed.
    package static func putback(
        _ policy: CallbackPolicy, to url: CallbackURL, facts: CallbackFacts, signer: Signer?, now: Int64
    ) throws(OpenSSLError) -> CallbackRequest {
        let body = policy.renderBody(facts)
        var fields = commonFields(
            host: policy.host ?? url.authority, contentType: policy.contentType, body: body, now: now,
            closes: false)
        fields.append("User-Agent", "putback")
        fields.append("Putback-Request-Id", facts.requestID)
        try sign(&fields, url: url, body: body, facts: facts, signer: signer)
        return CallbackRequest(url: url, fields: fields, body: body, sendsServerName: true)
    }

    private static func sign(
        _ fields: inout HeaderFields, url: CallbackURL, body: [UInt8], facts: CallbackFacts, signer: Signer?
    ) throws(OpenSSLError) {
        if let signer {
            try sign(&fields, as: .oss, url: url, body: body, signer: signer)
            fields.append("x-oss-signature-version", "1.0")
        }
        fields.append("x-oss-tag", "CALLBACK")
        fields.append("x-oss-bucket", facts.bucket)
        fields.append("x-oss-request-id", facts.requestID)
    }

    private static func sign(
        _ fields: inout HeaderFields, as vendor: CallbackVendor, url: CallbackURL, body: [UInt8], signer: Signer
    ) throws(OpenSSLError) {
        let signature = try signer.key.signPKCS1MD5(CallbackSignature.text(of: url, body: body, as: vendor).span)
        fields.append("Authorization", Base64.encode(signature.span))
        fields.append(name: vendor.publicKeyField, Base64.encode(signer.publicKeyURL.utf8.span))
    }

    private static func commonFields(
        host: String, contentType: CallbackContentType, body: [UInt8], now: Int64, closes: Bool
    ) -> HeaderFields {
        // The common ones take 300 bytes; a signature of the usual 2048 bits and its key's URL 450.
        var fields = HeaderFields(roomFor: 14, bytes: 768)
        fields.append("Host", host)
        if closes { fields.append("Connection", "close") }
        fields.append("Content-Length", decimal: UInt64(body.count))
        fields.append("Content-Type", contentType.rawValue)
        fields.append("Content-MD5", Base64.encode(MD5.hash(body.span).span))
        fields.append("Date", HTTPDate.text(now))
        return fields
    }
}
