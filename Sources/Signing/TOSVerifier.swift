// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Checks the signatures of requests as TOS does, in header, URL and form; confined to its loop.
package final class TOSVerifier {
    package typealias Parameters = [(name: [UInt8], value: [UInt8])]
    package typealias Lookup = (String) -> AccessKey?

    /// How far a client's clock may be off. TOS publishes no window; this is that of its neighbours.
    package static let skewSeconds: Int64 = 900
    private static let longestSeconds: UInt64 = 604_800

    private var canonical = TOSCanonicalText()
    private var keys = ScopeKeyCache<TOSScopeKey>()

    package init() {}

    /// What a request says of its signature.
    private struct Claim {
        var credential: TOSCredential
        /// `YYYYMMDD'T'HHMMSS'Z'`.
        var date: ArraySlice<UInt8>
        var signedNames: ArraySlice<UInt8>
        var signature: ArraySlice<UInt8>
        var payload: ArraySlice<UInt8>
        var token: ArraySlice<UInt8>?
    }

    /// The id of the key that signed the request; nil if the request does not say who sent it.
    ///
    /// - Parameters:
    ///   - path: decoded, as the client wrote it: in path style with the bucket.
    ///   - parameters: the decoded query.
    ///   - fields: as received.
    ///   - host: whom the request is for, with its port, where that is not what the field `Host` says: in a target that is a
    ///     whole URL (RFC 9112 section 3.2.2).
    ///   - now: Unix seconds.
    package func verify(
        method: String, path: [UInt8], parameters: Parameters, fields: HeaderFields, host: ArraySlice<UInt8>? = nil,
        now: Int64, key lookup: Lookup
    ) throws(TOSAuthFailure) -> String? {
        let inURL = Self.first("x-tos-signature", parameters) != nil
        guard fields.contains("Authorization") || inURL || Self.first("x-tos-credential", parameters) != nil else {
            return nil
        }
        guard !inURL || !fields.contains("Authorization") else { throw .both }
        let claim =
            fields.contains("Authorization")
            ? try Self.headerClaim(fields, now) : try Self.urlClaim(parameters, fields, now)
        let request = TOSCanonicalText.Request(
            method: method, bucket: nil, key: Array(path.dropFirst()), parameters: parameters)
        return try check(claim, request, fields, host ?? fields.first("Host") ?? [], lookup)
    }

    /// The id of the key that signed a form's policy; nil if no field says who sent it. Expiration and conditions are the
    /// caller's to check, with ``FormPolicy``.
    ///
    /// - Parameter fields: the value of a field, whatever the case of its name.
    package func verifyForm(
        fields: (String) -> [UInt8]?, now: Int64, key lookup: Lookup
    ) throws(TOSAuthFailure) -> String? {
        let names = [
            "policy", "x-tos-algorithm", "x-tos-credential", "x-tos-date", "x-tos-signature", "x-tos-security-token",
        ]
        guard names.contains(where: { fields($0) != nil }) else { return nil }
        guard let policy = fields("policy"), let algorithm = fields("x-tos-algorithm"),
            let date = fields("x-tos-date"), let signature = fields("x-tos-signature"),
            let credential = fields("x-tos-credential").flatMap({ TOSCredential($0[...]) })
        else { throw .malformedForm }
        guard algorithm.elementsEqual("TOS4-HMAC-SHA256".utf8) else { throw .algorithm }
        guard ISO8601.parseBasic(date.span) != nil, date.starts(with: credential.day) else { throw .noDate }
        let id = String(octets: credential.id.span)
        guard let key = lookup(id) else { throw .unknownKey }
        try Self.checkToken(fields("x-tos-security-token").map { $0[...] }, key)
        var expected: [UInt8] = []
        scopeKey(key, credential).appendSignature(of: policy.span, to: &expected)
        guard constantTimeEqual(expected.span, signature.span) else { throw .mismatch }
        return id
    }

    // MARK: - Claims

    private static func headerClaim(_ fields: HeaderFields, _ now: Int64) throws(TOSAuthFailure) -> Claim {
        guard fields.count(of: "Authorization") == 1, let value = fields.first("Authorization") else {
            throw .malformed
        }
        let authorization = try TOSAuthorization(value)
        let (date, seconds) = try date(of: fields)
        guard date.starts(with: authorization.credential.day) else { throw .noDate }
        guard abs(seconds - now) <= skewSeconds else { throw .skewed }
        return Claim(
            credential: authorization.credential, date: date, signedNames: authorization.signedNames,
            signature: authorization.signature, payload: fields.first("x-tos-content-sha256") ?? emptyPayload,
            token: fields.first("x-tos-security-token"))
    }

    /// The time of a request in header form: `x-tos-date`, or `Date` where that is missing (page 1188922). The SDKs send
    /// `Date` in the same compact form; the samples of the help have that of HTTP, which is signed in the compact form.
    private static func date(
        of fields: HeaderFields
    ) throws(TOSAuthFailure) -> (text: ArraySlice<UInt8>, seconds: Int64) {
        guard let text = fields.first("x-tos-date") ?? fields.first("Date") else { throw .noDate }
        if let seconds = ISO8601.parseBasic(text.span) { return (text, seconds) }
        guard !fields.contains("x-tos-date"), let seconds = HTTPDate.parse(text.span) else { throw .noDate }
        var compact: [UInt8] = []
        ISO8601.appendBasic(seconds, to: &compact)
        return (compact[...], seconds)
    }

    private static func urlClaim(
        _ parameters: Parameters, _ fields: HeaderFields, _ now: Int64
    ) throws(TOSAuthFailure) -> Claim {
        guard first("x-tos-algorithm", parameters)?.elementsEqual("TOS4-HMAC-SHA256".utf8) ?? false else {
            throw .algorithm
        }
        guard let credential = first("x-tos-credential", parameters).flatMap({ TOSCredential($0) }),
            let signed = first("x-tos-signedheaders", parameters), let signature = first("x-tos-signature", parameters)
        else { throw .malformedURL }
        guard let date = first("x-tos-date", parameters), let seconds = ISO8601.parseBasic(date.span),
            date.starts(with: credential.day)
        else { throw .noDate }
        guard let lifetime = first("x-tos-expires", parameters).flatMap({ UInt64(decimal: $0.span) }),
            (1...longestSeconds).contains(lifetime)
        else { throw .expires }
        guard seconds - now <= skewSeconds else { throw .skewed }
        guard now <= seconds + Int64(lifetime) else { throw .expired }
        return Claim(
            credential: credential, date: date, signedNames: signed, signature: signature,
            payload: fields.first("x-tos-content-sha256") ?? unsignedPayload,
            token: first("x-tos-security-token", parameters))
    }

    // MARK: - Check

    private func check(
        _ claim: Claim, _ request: TOSCanonicalText.Request, _ fields: HeaderFields, _ host: ArraySlice<UInt8>,
        _ lookup: Lookup
    ) throws(TOSAuthFailure) -> String {
        let signed = claim.signedNames
        guard signed.span.list(contains: "host".utf8.span) else { throw .unsigned }
        for index in fields.indices where fields.hasPrefix("x-tos-", at: index) {
            let name = fields.name(at: index)
            guard signed.span.list(contains: name.span) else { throw .unsigned }
        }
        let id = String(octets: claim.credential.id.span)
        guard let key = lookup(id) else { throw .unknownKey }
        try Self.checkToken(claim.token, key)
        let scopeKey = scopeKey(key, claim.credential)
        if isSigned(claim, request, fields, host, scopeKey) { return id }
        if let name = Self.withoutPort(host), isSigned(claim, request, fields, name, scopeKey) { return id }
        throw .mismatch
    }

    /// Whether the signature is right with blanks as they are, or else folded.
    private func isSigned(
        _ claim: Claim, _ request: TOSCanonicalText.Request, _ fields: HeaderFields, _ host: ArraySlice<UInt8>,
        _ key: TOSScopeKey
    ) -> Bool {
        for foldsBlanks in [false, true] {
            canonical.write(
                request, fields: fields, signed: claim.signedNames.span, host: host, payload: claim.payload.span,
                foldsBlanks: foldsBlanks)
            canonical.writeStringToSign(key, date: claim.date.span)
            if canonical.isSigned(key, by: claim.signature.span) { return true }
            guard canonical.hasFoldableBlanks else { return false }
        }
        return false
    }

    /// The Java SDK leaves the port out of what it signs for addresses and `localhost`.
    private static func withoutPort(_ host: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let colon = host.lastIndex(of: UInt8(ascii: ":")), colon > host.startIndex else { return nil }
        let port = host[(colon + 1)...]
        return UInt64(decimal: port.span) == nil ? nil : host[..<colon]
    }

    private static func checkToken(_ token: ArraySlice<UInt8>?, _ key: AccessKey) throws(TOSAuthFailure) {
        switch (token, key.token) {
        case (nil, nil): return
        case (let token?, let wanted?) where constantTimeEqual(token.span, wanted.utf8.span): return
        default: throw .token
        }
    }

    /// The signing key, derived or remembered.
    private func scopeKey(_ key: AccessKey, _ credential: TOSCredential) -> TOSScopeKey {
        keys.key(key, day: credential.day, region: credential.region) {
            TOSScopeKey(secret: key.secret, day: credential.day.span, region: credential.region.span)
        }
    }

    /// The first parameter of that name, letter case aside.
    private static func first(_ name: StaticString, _ parameters: Parameters) -> ArraySlice<UInt8>? {
        parameters.first { $0.name.span.equalsIgnoringCase(name) }?.value[...]
    }

    /// SHA-256 of nothing: what header signatures cover where no field names a hash, also with a body.
    private static let emptyPayload = Array(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".utf8)[...]
    private static let unsignedPayload = Array("UNSIGNED-PAYLOAD".utf8)[...]
}

/// Its texts and keys are reused from call to call, without a lock.
@available(*, unavailable)
extension TOSVerifier: Sendable {}
