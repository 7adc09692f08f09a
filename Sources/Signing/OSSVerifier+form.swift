// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Octets

/// Who signed a form.
package enum OSSFormAuthentication: Sendable {
    /// The signature is right and the fields keep to the policy, whose ``FormPolicy/lengthRange`` is left to the caller.
    case authenticated(keyID: String, FormPolicy)
    /// The form does not claim to come from anyone.
    case anonymous
    case refused(OSSAuthFailure)
}

// Source: "PostObject" and "A V4 signature in a PostObject request" of the OSS API reference; sample/post_object.go of
// the Go SDK v2.
extension OSSVerifier {
    /// Says who signed a form, once everything that its policy says of the fields holds.
    ///
    /// A form is signed in its fields; signatures in its header or URL do not count.
    ///
    /// - Parameters:
    ///   - fields: by lower-case name, as sent; besides them `bucket`, and as `content-type` the type of the object.
    ///   - now: Unix seconds.
    ///   - lookup: the credentials of a key id; nil for one that does not exist or may not be used.
    package func verifyForm(
        _ fields: [String: [UInt8]], now: Int64, key lookup: (String) -> AccessKey?
    ) -> OSSFormAuthentication {
        do throws(OSSAuthFailure) {
            guard let claim = try FormClaim(fields) else { return .anonymous }
            return try verify(claim, fields, now: now, lookup)
        } catch {
            return .refused(error)
        }
    }

    private func verify(
        _ claim: FormClaim, _ fields: [String: [UInt8]], now: Int64, _ lookup: Lookup
    ) throws(OSSAuthFailure) -> OSSFormAuthentication {
        let policy = try readPolicy(claim.policy)
        if case .v4(let scope, let date) = claim.version {
            try checkScope(scope)
            let (_, start) = try self.date(date[...], in: scope)
            if start - now > Self.skewSeconds { throw .notYetValid }
            if now - start > OSSSigner.longestURLSeconds { throw .policy(.expired) }
        }
        let token = fields["x-oss-security-token"]
        let credentials = try credentials(claim.id, token: token, lookup)
        let expected = signature(claim, credentials)
        guard constantTimeEqual(expected.span, claim.signature.span) else {
            let signed = SignedText(canonicalRequest: nil, stringToSign: claim.policy)
            throw .mismatch(id: claim.id, provided: String(octets: claim.signature.span), signed: signed)
        }
        if case .v4 = claim.version {
            let pinned = ["bucket", "x-oss-signature-version", "x-oss-credential", "x-oss-date"]
            for name in pinned where !policy.pins(name) { throw .unpinned(name) }
            if token != nil, !policy.pins("x-oss-security-token") { throw .unpinned("x-oss-security-token") }
        }
        do throws(FormPolicyFailure) {
            try policy.check(now: now) { fields[$0] }
        } catch {
            throw .policy(error)
        }
        return .authenticated(keyID: claim.id, policy)
    }

    private func readPolicy(_ text: [UInt8]) throws(OSSAuthFailure) -> FormPolicy {
        do throws(FormPolicyFailure) {
            return try FormPolicy(base64: text.span)
        } catch {
            throw .policy(error)
        }
    }

    /// What signs the text of the policy field.
    private func signature(_ claim: FormClaim, _ credentials: AccessKey) -> [UInt8] {
        var signature: [UInt8] = []
        switch claim.version {
        case .v1:
            signature.appendBase64(HMAC.sha1(key: credentials.secret.span, message: claim.policy.span).span)
        case .v4(let scope, _):
            key(credentials, scope).appendSignature(of: claim.policy.span, to: &signature)
        }
        return signature
    }

    /// What a form says about its signature.
    private struct FormClaim {
        enum Version {
            case v1
            case v4(OSSCredentialScope, date: [UInt8])
        }

        let version: Version
        let id: String
        let policy: [UInt8]
        let signature: [UInt8]

        /// nil: no field claims anything.
        init?(_ fields: [String: [UInt8]]) throws(OSSAuthFailure) {
            let v1 = ["ossaccesskeyid", "signature"].filter { fields[$0] != nil }
            let v4 = ["x-oss-signature-version", "x-oss-credential", "x-oss-signature"].filter { fields[$0] != nil }
            guard v1.isEmpty || v4.isEmpty else { throw .twoFormSignatures }
            policy = fields["policy"] ?? []
            if v1.isEmpty, v4.isEmpty, policy.isEmpty { return nil }
            guard !policy.isEmpty else { throw .emptyFormField("policy") }
            guard v4.isEmpty else {
                guard fields["x-oss-signature-version"]?.elementsEqual("OSS4-HMAC-SHA256".utf8) ?? false else {
                    throw .invalidFormVersion
                }
                guard let credential = fields["x-oss-credential"], !credential.isEmpty else {
                    throw .emptyFormField("x-oss-credential")
                }
                guard let signature = fields["x-oss-signature"], !signature.isEmpty else {
                    throw .emptyFormField("signature")
                }
                guard let date = fields["x-oss-date"], !date.isEmpty else { throw .emptyFormField("x-oss-date") }
                let scope = try OSSCredentialScope(credential[...])
                version = .v4(scope, date: date)
                id = scope.id
                self.signature = signature
                return
            }
            guard let id = fields["ossaccesskeyid"], !id.isEmpty else { throw .emptyFormField("accessKeyId") }
            guard let signature = fields["signature"], !signature.isEmpty else { throw .emptyFormField("signature") }
            version = .v1
            self.id = String(octets: id.span)
            self.signature = signature
        }
    }
}
