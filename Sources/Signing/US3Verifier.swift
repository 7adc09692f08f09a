// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Who sent a request to a US3 listener.
package enum US3Authentication: Sendable, Equatable {
    /// The signature is right. `policy` is the put policy that it covers, in base64 as it came; nil: none.
    case authenticated(keyID: String, policy: [UInt8]?)
    /// The request does not claim to come from anyone.
    case anonymous
    case refused(US3AuthFailure)
}

/// What of a request to US3 its signature is about.
package struct US3Claim {
    package var method: String
    package var bucket: String
    /// Decoded; empty for requests about the bucket.
    package var key: [UInt8]
    /// All decoded query parameters.
    package var parameters: [(name: [UInt8], value: [UInt8])]
    /// As received.
    package var fields: HeaderFields

    package init(
        method: String, bucket: String, key: [UInt8], parameters: [(name: [UInt8], value: [UInt8])],
        fields: HeaderFields
    ) {
        self.method = method
        self.bucket = bucket
        self.key = key
        self.parameters = parameters
        self.fields = fields
    }

    fileprivate func first(_ name: String) -> [UInt8]? {
        parameters.first { $0.name.elementsEqual(name.utf8) }?.value
    }
}

/// Checks the signatures of requests as US3 does, in header, URL and form field; confined to its loop.
///
/// What can be refused without a key is refused first: the form, then the end of a URL's time, then key id and token,
/// and last the signature, compared in constant time. Header signatures have no time: the service reads `Date` as text
/// only.
package final class US3Verifier {
    private var canonical = US3CanonicalText()
    /// Of the key that signed the last request.
    private var prepared: (secret: [UInt8], hmac: KeyedHMACSHA1)?

    package init() {}

    /// Says who sent the request.
    ///
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - lookup: the credentials of a public key; nil for one that does not exist or may not be used.
    package func verify(_ claim: US3Claim, now: Int64, key lookup: (String) -> AccessKey?) -> US3Authentication {
        let isInURL = claim.first("Signature") != nil || claim.first("UCloudPublicKey") != nil
        do throws(US3AuthFailure) {
            guard claim.fields.contains("Authorization") else {
                return isInURL ? try verifyURL(claim, now: now, lookup) : .anonymous
            }
            guard !isInURL else { throw .headerAndURL }
            return try verifyHeader(claim, lookup)
        } catch {
            return .refused(error)
        }
    }

    /// Says who sent a form. A put policy in it is refused: only PutFile and Finish take one (putpolicy.md).
    ///
    /// - Parameters:
    ///   - authorization: the form's field `Authorization`; nil: it has none.
    ///   - fileMD5: `Content-MD5` as it came; empty: none.
    ///   - fileType: Content-Type of the file's part; empty: none.
    package func verifyForm(
        authorization: [UInt8]?, bucket: String, key: [UInt8], fileMD5: [UInt8], fileType: [UInt8], token: [UInt8]?,
        lookup: (String) -> AccessKey?
    ) -> US3Authentication {
        guard let authorization else { return .anonymous }
        do throws(US3AuthFailure) {
            let authorization = try US3Authorization(authorization[...])
            guard authorization.policy == nil else { throw .noAuthorization }
            let credentials = try credentials(authorization.id, token: token, lookup)
            canonical.writeForm(bucket: bucket, key: key, fileMD5: fileMD5.span, fileType: fileType.span)
            try compare(authorization.signature, credentials)
            return .authenticated(keyID: authorization.id, policy: nil)
        } catch {
            return .refused(error)
        }
    }

    private func verifyHeader(
        _ claim: US3Claim, _ lookup: (String) -> AccessKey?
    ) throws(US3AuthFailure) -> US3Authentication {
        let fields = claim.fields
        guard fields.count(of: "Authorization") == 1, let value = fields.first("Authorization") else {
            throw .noAuthorization
        }
        // Only the first of them would be signed.
        for name in Self.single where fields.count(of: name) > 1 { throw .invalidSignature }
        let authorization = try US3Authorization(value)
        let credentials = try credentials(
            authorization.id, token: fields.first("SecurityToken").map(Array.init), lookup)
        let policy = authorization.policy ?? []
        canonical.write(
            method: claim.method, bucket: claim.bucket, key: claim.key, fields: fields, expires: nil,
            policy: policy.span)
        try compare(authorization.signature, credentials)
        return .authenticated(keyID: authorization.id, policy: authorization.policy.map(Array.init))
    }

    private func verifyURL(
        _ claim: US3Claim, now: Int64, _ lookup: (String) -> AccessKey?
    ) throws(US3AuthFailure) -> US3Authentication {
        guard let id = claim.first("UCloudPublicKey"), let expires = claim.first("Expires"),
            let signature = claim.first("Signature"), let end = UInt64(decimal: expires.span)
        else { throw .noAuthorization }
        for name in Self.single where claim.fields.count(of: name) > 1 { throw .invalidSignature }
        if now > 0, UInt64(now) > end { throw .expired }
        let text = String(octets: id.span)
        let credentials = try credentials(text, token: claim.first("SecurityToken"), lookup)
        canonical.write(
            method: claim.method, bucket: claim.bucket, key: claim.key, fields: claim.fields, expires: expires.span,
            policy: nil)
        // The Python SDK leaves the plus signs of a signature bare (`private_download_url`), and a query's become
        // spaces.
        let space = UInt8(ascii: " ")
        let written = signature.map { $0 == space ? UInt8(ascii: "+") : $0 }
        try compare(written[...], credentials)
        return .authenticated(keyID: text, policy: nil)
    }

    private func credentials(
        _ id: String, token: [UInt8]?, _ lookup: (String) -> AccessKey?
    ) throws(US3AuthFailure) -> AccessKey {
        guard let credentials = lookup(id) else { throw .invalidSignature }
        switch (credentials.token, token) {
        case (nil, nil): break
        case (let expected?, let token?):
            guard constantTimeEqual(expected.utf8.span, token.span) else { throw .invalidSignature }
        case (nil, _?), (_?, nil): throw .invalidSignature
        }
        return credentials
    }

    /// Compares with the signature of what `canonical` holds.
    private func compare(_ signature: ArraySlice<UInt8>, _ credentials: AccessKey) throws(US3AuthFailure) {
        let hmac: KeyedHMACSHA1
        if let prepared, prepared.secret == credentials.secret {
            hmac = prepared.hmac
        } else {
            hmac = KeyedHMACSHA1(key: credentials.secret.span)
            prepared = (credentials.secret, hmac)
        }
        let code = canonical.withText { hmac.code(of: $0) }
        var expected: [UInt8] = []
        expected.appendBase64(code.span)
        guard constantTimeEqual(expected.span, signature.span) else { throw .invalidSignature }
    }

    private static let single: [StaticString] = ["Content-MD5", "Content-Type", "Date"]
}

/// Its text is reused from call to call, without a lock.
@available(*, unavailable)
extension US3Verifier: Sendable {}
