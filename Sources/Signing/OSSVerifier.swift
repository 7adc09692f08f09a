// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Who sent a request to an OSS listener.
package enum OSSAuthentication: Sendable {
    /// The signature is right.
    case authenticated(keyID: String)
    /// The request does not claim to come from anyone.
    case anonymous
    case refused(OSSAuthFailure)
}

/// Checks the signatures of requests as OSS does: V4 and V1, in header and URL form; confined to its loop.
///
/// What can be refused without a key is refused first: the form, then the time, then the key id, the security token and
/// last the signature, compared in constant time.
package final class OSSVerifier {
    /// How far a client's clock may be off, in either direction ("RequestTimeTooSkewed" of OSS's error catalogue).
    package static let skewSeconds: Int64 = 900

    private let region: [UInt8]?
    private let product: [UInt8]
    private var canonical = OSSCanonicalText()
    private var keys = ScopeKeyCache<OSSScopeKey>()

    /// - Parameters:
    ///   - region: what V4 credentials must name; nil: any region.
    ///   - product: what V4 credentials must name.
    package init(region: String?, product: String = "oss") {
        self.region = region.map { Array($0.utf8) }
        self.product = Array(product.utf8)
    }

    /// Says who sent the request.
    ///
    /// - Parameters:
    ///   - resource: bucket and key from host and raw path, and all decoded query parameters.
    ///   - fields: as received.
    ///   - now: Unix seconds.
    ///   - lookup: the credentials of a key id; nil for one that does not exist or may not be used.
    package func verify(
        method: String, resource: OSSResource, fields: HeaderFields, now: Int64,
        key lookup: (String) -> AccessKey?
    ) -> OSSAuthentication {
        let request = Request(method: method, resource: resource, fields: fields, now: now)
        do throws(OSSAuthFailure) {
            let id: String? =
                switch try Form(request) {
                case .none: nil
                case .header: try verifyHeader(request, lookup)
                case .urlV1: try verifyV1URL(request, lookup)
                case .urlV4: try verifyV4URL(request, lookup)
                }
            return id.map { .authenticated(keyID: $0) } ?? .anonymous
        } catch {
            return .refused(error)
        }
    }

    // MARK: Header form

    private func verifyHeader(_ request: Request, _ lookup: Lookup) throws(OSSAuthFailure) -> String {
        let fields = request.fields
        guard fields.count(of: "Authorization") == 1, let value = fields.first("Authorization") else {
            throw .malformedAuthorization
        }
        let token = fields.first("x-oss-security-token").map(Array.init)
        switch try OSSAuthorization(value) {
        case .v1(let id, let signature):
            guard let slot = fields.first("x-oss-date") ?? fields.first("Date"),
                let date = HTTPDate.parse(slot.span)
            else { throw .invalidDate }
            try checkSkew(of: date, now: request.now)
            let credentials = try credentials(id, token: token, lookup)
            try compareV1(request, credentials, slot: Array(slot), signature: signature)
            return id
        case .v4(let scope, let additional, let signature):
            let claim = Claim(scope: scope, additional: additional, signature: signature, parameterIndex: nil)
            try checkScope(scope)
            guard fields.first("x-oss-content-sha256")?.elementsEqual("UNSIGNED-PAYLOAD".utf8) ?? false else {
                throw .invalidPayloadHash
            }
            let (date, seconds) = try date(fields.first("x-oss-date"), in: scope)
            try checkSkew(of: seconds, now: request.now)
            let credentials = try credentials(scope.id, token: token, lookup)
            try compareV4(request, credentials, claim, date: date)
            return scope.id
        }
    }

    private func checkSkew(of date: Int64, now: Int64) throws(OSSAuthFailure) {
        guard abs(date - now) <= Self.skewSeconds else { throw .tooSkewed }
    }

    // MARK: URL form

    private func verifyV1URL(_ request: Request, _ lookup: Lookup) throws(OSSAuthFailure) -> String {
        guard let id = request.resource.first("OSSAccessKeyId"), let slot = request.resource.first("Expires"),
            let signature = request.resource.first("Signature")
        else { throw .incompleteURL }
        guard let expires = UInt64(decimal: slot.span) else { throw .invalidExpires }
        if request.now > 0, UInt64(request.now) > expires { throw Self.expired(Int64(expires), request.now) }
        let text = String(octets: id.span)
        let credentials = try credentials(text, urlToken: "security-token", request, lookup)
        try compareV1(request, credentials, slot: slot, signature: signature)
        return text
    }

    private func verifyV4URL(_ request: Request, _ lookup: Lookup) throws(OSSAuthFailure) -> String {
        let resource = request.resource
        guard resource.first("x-oss-signature-version")?.elementsEqual("OSS4-HMAC-SHA256".utf8) ?? false else {
            throw .invalidURLVersion
        }
        let claim = try urlClaim(resource)
        guard let lifeText = resource.first("x-oss-expires") else { throw .missingURLExpires }
        guard let life = UInt64(decimal: lifeText.span), (1...UInt64(OSSSigner.longestURLSeconds)).contains(life) else {
            throw .invalidURLExpires
        }
        let (date, start) = try date(resource.first("x-oss-date")?[...], in: claim.scope)
        if start - request.now > Self.skewSeconds { throw .notYetValid }
        if request.now > start + Int64(life) { throw Self.expired(start + Int64(life), request.now) }
        let credentials = try credentials(claim.scope.id, urlToken: "x-oss-security-token", request, lookup)
        try compareV4(request, credentials, claim, date: date)
        return claim.scope.id
    }

    private func urlClaim(_ resource: OSSResource) throws(OSSAuthFailure) -> Claim {
        guard let credential = resource.first("x-oss-credential") else { throw .missingURLCredential }
        guard !credential.isEmpty else { throw .blankURLCredential }
        let index = resource.parameters.firstIndex { $0.name.elementsEqual("x-oss-signature".utf8) }
        guard let index else { throw .missingURLSignature }
        guard !resource.parameters[index].value.isEmpty else { throw .blankURLSignature }
        let scope = try OSSCredentialScope(credential[...])
        try checkScope(scope)
        let additional = resource.first("x-oss-additional-headers")
        if let additional { try OSSAuthorization.checkAdditional(additional[...]) }
        return Claim(
            scope: scope, additional: additional ?? [], signature: resource.parameters[index].value,
            parameterIndex: index)
    }

    private static func expired(_ expires: Int64, _ now: Int64) -> OSSAuthFailure {
        .expired(
            at: ISO8601.extendedMilliseconds(expires * 1000), serverTime: ISO8601.extendedMilliseconds(now * 1000))
    }

    // MARK: Parts of a claim

    func checkScope(_ scope: OSSCredentialScope) throws(OSSAuthFailure) {
        guard scope.product == product else { throw .malformedCredential }
        if let region, scope.region != region { throw .otherRegion }
    }

    /// The date of a V4 request, whose day the credential must name.
    func date(
        _ text: ArraySlice<UInt8>?, in scope: OSSCredentialScope
    ) throws(OSSAuthFailure) -> (text: [UInt8], seconds: Int64) {
        guard let text, let seconds = ISO8601.parseBasic(text.span) else { throw .invalidDate }
        guard text.starts(with: scope.day) else { throw .invalidCredentialDate }
        return (Array(text), seconds)
    }

    private func credentials(
        _ id: String, urlToken name: String, _ request: Request, _ lookup: Lookup
    ) throws(OSSAuthFailure) -> AccessKey {
        let token = request.resource.first(name)
        if token == nil, request.fields.contains("x-oss-security-token"), lookup(id)?.token != nil {
            throw .tokenOutsideQuery
        }
        return try credentials(id, token: token, lookup)
    }

    func credentials(
        _ id: String, token: [UInt8]?, _ lookup: Lookup
    ) throws(OSSAuthFailure) -> AccessKey {
        guard let credentials = lookup(id) else { throw .unknownKey(id) }
        switch (credentials.token, token) {
        case (nil, nil): break
        case (nil, .some): throw .tokenNotOfKey
        // OSS does not know a temporary key but together with its token.
        case (.some, nil): throw .unknownKey(id)
        case (let expected?, let token?):
            guard constantTimeEqual(expected.utf8.span, token.span) else { throw .invalidToken }
        }
        return credentials
    }

    // MARK: Comparing

    private func compareV1(
        _ request: Request, _ credentials: AccessKey, slot: [UInt8], signature: [UInt8]
    ) throws(OSSAuthFailure) {
        canonical.writeV1(
            method: request.method, resource: request.resource, fields: request.fields, date: slot.span)
        let code = canonical.v1Signature(secret: credentials.secret)
        var expected: [UInt8] = []
        expected.appendBase64(code.span)
        guard constantTimeEqual(expected.span, signature.span) else {
            let signed = SignedText(canonicalRequest: nil, stringToSign: canonical.text)
            throw .mismatch(id: credentials.id, provided: String(octets: signature.span), signed: signed)
        }
    }

    private func compareV4(
        _ request: Request, _ credentials: AccessKey, _ claim: Claim, date: [UInt8]
    ) throws(OSSAuthFailure) {
        canonical.writeV4(
            method: request.method, resource: request.resource, fields: request.fields, additional: claim.additional,
            leavingOut: claim.parameterIndex)
        let key = key(credentials, claim.scope)
        canonical.writeStringToSign(key, date: date.span)
        let expected = canonical.v4Signature(key)
        guard constantTimeEqual(expected.span, claim.signature.span) else {
            let signed = SignedText(canonicalRequest: canonical.text, stringToSign: canonical.stringToSign)
            throw .mismatch(id: credentials.id, provided: String(octets: claim.signature.span), signed: signed)
        }
    }

    /// The signing key, derived or remembered.
    func key(_ credentials: AccessKey, _ scope: OSSCredentialScope) -> OSSScopeKey {
        keys.key(credentials, day: scope.day, region: scope.region) {
            OSSScopeKey(secret: credentials.secret, day: scope.day, region: scope.region, product: scope.product)
        }
    }
}

/// Its texts and keys are reused from call to call, without a lock.
@available(*, unavailable)
extension OSSVerifier: Sendable {}
