// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Why a request to TOS is not authenticated, as TOS says it.
package struct TOSAuthFailure: Error, Sendable, Equatable {
    package let status: Int
    package let code: String
    package let message: String
    /// The sub-code, where one is known (pages 1188916, 1188922, 1188923, 1188927 and 1188928 of the TOS help).
    package let ec: String?

    init(_ status: Int, _ code: String, _ message: String, ec: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.ec = ec
    }

    static let malformed = TOSAuthFailure(400, "AuthorizationHeaderMalformed", "The authorization is malformed.")
    static let both = TOSAuthFailure(400, "InvalidArgument", "Only one of header and query may hold the signature.")
    static let algorithm = TOSAuthFailure(
        400, "AuthorizationQueryParametersError", "X-Tos-Algorithm must be TOS4-HMAC-SHA256.", ec: "0002-00000030")
    static let expires = TOSAuthFailure(
        400, "AuthorizationQueryParametersError", "X-Tos-Expires must be from 1 to 604800.", ec: "0002-00000031")
    static let expired = TOSAuthFailure(403, "AccessDenied", "Request has expired.")
    static let unsigned = TOSAuthFailure(
        403, "AccessDenied", "The host and every x-tos- header must be signed.", ec: "0002-00000016")
    static let skewed = TOSAuthFailure(
        403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
        ec: "0002-00000018")
    static let noDate = TOSAuthFailure(403, "MissingSecurityHeader", "The request has no valid x-tos-date.")
    static let unknownKey = TOSAuthFailure(
        403, "InvalidAccessKeyId", "The access key id does not exist in our records.")
    static let token = TOSAuthFailure(403, "InvalidSecurityToken", "The security token is invalid.")
    static let mismatch = TOSAuthFailure(
        403, "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ec: "0002-00000024")
}

/// Checks the signatures of requests as TOS does, in header, URL and form; confined to its loop.
package final class TOSVerifier {
    package typealias Parameters = [(name: [UInt8], value: [UInt8])]
    package typealias Lookup = (String) -> AccessKey?

    /// How far a client's clock may be off. TOS publishes no window; this is that of its neighbours.
    package static let skewSeconds: Int64 = 900
    private static let longestSeconds: Int64 = 604_800

    package init() {}

    private struct Claim {
        var id: String
        var day: String
        var region: String
        var date: String
        var signed: [String]
        var signature: [UInt8]
        var payload: String
        var token: [UInt8]?

        var scope: String { "\(day)/\(region)/tos/\(TOSCanonicalText.terminator)" }

        /// Of `ID/YYYYMMDD/region/tos/request`.
        static func credential(_ text: String) -> (id: String, day: String, region: String)? {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
            guard parts.count >= 5, parts.suffix(2) == ["tos", TOSCanonicalText.terminator] else { return nil }
            let id = parts.dropLast(4).joined(separator: "/")
            return id.isEmpty ? nil : (id, parts[parts.count - 4], parts[parts.count - 3])
        }
    }

    /// The id of the key that signed the request; nil if the request does not say who sent it.
    ///
    /// - Parameters:
    ///   - path: decoded, as the client wrote it: in path style with the bucket.
    ///   - parameters: the decoded query.
    ///   - fields: as received.
    ///   - now: Unix seconds.
    package func verify(
        method: String, path: [UInt8], parameters: Parameters, fields: HeaderFields, now: Int64, key lookup: Lookup
    ) throws(TOSAuthFailure) -> String? {
        let inURL = Self.first("x-tos-signature", parameters) != nil
        guard fields.contains("Authorization") else {
            guard inURL || Self.first("x-tos-credential", parameters) != nil else { return nil }
            let claim = try urlClaim(parameters, fields, now)
            return try check(claim, method, path, parameters, fields, lookup)
        }
        guard !inURL else { throw .both }
        let claim = try headerClaim(fields, now)
        return try check(claim, method, path, parameters, fields, lookup)
    }

    /// The id of the key that signed a form's policy; nil if no field says who sent it. Expiration and conditions are the
    /// caller's to check, with ``FormPolicy``.
    ///
    /// - Parameter fields: the value of a field, whatever the case of its name.
    package func verifyForm(
        fields: (String) -> [UInt8]?, now: Int64, key lookup: Lookup
    ) throws(TOSAuthFailure) -> String? {
        func text(_ name: String) -> String? { fields(name).map { String(octets: $0.span) } }
        let names = ["policy", "x-tos-algorithm", "x-tos-credential", "x-tos-date", "x-tos-signature"]
        guard names.contains(where: { fields($0) != nil }) else { return nil }
        guard let policy = fields("policy"), let credential = text("x-tos-credential"), let date = text("x-tos-date"),
            let signature = fields("x-tos-signature"), let parts = Claim.credential(credential)
        else { throw .malformed }
        guard text("x-tos-algorithm") == TOSCanonicalText.algorithm else { throw .algorithm }
        guard ISO8601.parseBasic(date.utf8.span) != nil, date.hasPrefix(parts.day) else { throw .noDate }
        guard let key = lookup(parts.id) else { throw .unknownKey }
        try Self.checkToken(fields("x-tos-security-token"), key)
        var expected: [UInt8] = []
        Self.hmac(key, parts.day, parts.region).appendHex(of: policy.span, to: &expected)
        guard constantTimeEqual(expected.span, signature.span) else { throw .mismatch }
        return key.id
    }

    // MARK: - Claims

    private func headerClaim(_ fields: HeaderFields, _ now: Int64) throws(TOSAuthFailure) -> Claim {
        guard fields.count(of: "Authorization") == 1, let value = fields.string("Authorization") else {
            throw .malformed
        }
        guard value.hasPrefix(TOSCanonicalText.algorithm + " ") else { throw .malformed }
        var parts: [(name: Substring, value: String)] = []
        for part in value.dropFirst(TOSCanonicalText.algorithm.utf8.count + 1).split(separator: ",") {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, !parts.contains(where: { $0.name == pair[0] }) else { throw .malformed }
            parts.append((pair[0], String(pair[1])))
        }
        func first(_ name: String) -> String? { parts.first { $0.name == name }?.value }
        guard let credential = first("Credential").flatMap({ Claim.credential($0) }),
            let signed = first("SignedHeaders"), let signature = first("Signature")
        else { throw .malformed }
        // The Python SDK sends `Date` in the same compact form; either counts (page 1188922).
        let date = fields.string("x-tos-date") ?? fields.string("date") ?? ""
        guard let seconds = ISO8601.parseBasic(date.utf8.span), date.hasPrefix(credential.day) else { throw .noDate }
        guard abs(seconds - now) <= Self.skewSeconds else { throw .skewed }
        return Claim(
            id: credential.id, day: credential.day, region: credential.region, date: date,
            signed: signed.split(separator: ";").map { String($0) }, signature: Array(signature.utf8),
            payload: fields.string("x-tos-content-sha256") ?? TOSCanonicalText.emptyPayload,
            token: fields.first("x-tos-security-token").map { Array($0) })
    }

    private func urlClaim(
        _ parameters: Parameters, _ fields: HeaderFields, _ now: Int64
    ) throws(TOSAuthFailure) -> Claim {
        func text(_ name: String) -> String? { Self.first(name, parameters).map { String(octets: $0.span) } }
        guard text("x-tos-algorithm") == TOSCanonicalText.algorithm else { throw .algorithm }
        guard let credential = text("x-tos-credential").flatMap({ Claim.credential($0) }),
            let signed = text("x-tos-signedheaders"), let signature = Self.first("x-tos-signature", parameters)
        else { throw .malformed }
        guard let date = text("x-tos-date"), let seconds = ISO8601.parseBasic(date.utf8.span),
            date.hasPrefix(credential.day)
        else { throw .noDate }
        guard let lifetime = text("x-tos-expires").flatMap({ Int64($0) }), (1...Self.longestSeconds).contains(lifetime)
        else { throw .expires }
        guard seconds - now <= Self.skewSeconds else { throw .skewed }
        guard now <= seconds + lifetime else { throw .expired }
        return Claim(
            id: credential.id, day: credential.day, region: credential.region, date: date,
            signed: signed.split(separator: ";").map { String($0) }, signature: signature,
            payload: fields.string("x-tos-content-sha256") ?? TOSCanonicalText.unsignedPayload,
            token: Self.first("x-tos-security-token", parameters))
    }

    // MARK: - Check

    private func check(
        _ claim: Claim, _ method: String, _ path: [UInt8], _ parameters: Parameters, _ fields: HeaderFields,
        _ lookup: Lookup
    ) throws(TOSAuthFailure) -> String {
        guard claim.signed.contains("host") else { throw .unsigned }
        for index in fields.indices {
            let name = String(octets: fields.name(at: index).span).lowercased()
            guard !name.hasPrefix("x-tos-") || claim.signed.contains(name) else { throw .unsigned }
        }
        guard let key = lookup(claim.id) else { throw .unknownKey }
        try Self.checkToken(claim.token, key)
        let hmac = Self.hmac(key, claim.day, claim.region)
        for host in Self.hosts(fields) {
            let request = TOSCanonicalText.request(
                method: method, path: path, parameters: parameters, fields: fields, signed: claim.signed, host: host,
                payload: claim.payload)
            let text = TOSCanonicalText.stringToSign(date: claim.date, scope: claim.scope, request: request)
            var expected: [UInt8] = []
            hmac.appendHex(of: text.span, to: &expected)
            if constantTimeEqual(expected.span, claim.signature.span) { return key.id }
        }
        throw .mismatch
    }

    /// As sent; and without its port, which the Java SDK leaves out of what it signs for addresses and `localhost`.
    private static func hosts(_ fields: HeaderFields) -> [[UInt8]] {
        let host = fields.first("Host").map { Array($0) } ?? []
        guard let colon = host.lastIndex(of: UInt8(ascii: ":")), colon > 0 else { return [host] }
        guard host.dropFirst(colon + 1).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return [host]
        }
        return [host, Array(host[..<colon])]
    }

    private static func checkToken(_ token: [UInt8]?, _ key: AccessKey) throws(TOSAuthFailure) {
        guard token != nil || key.token != nil else { return }
        let (given, wanted) = (token ?? [], Array((key.token ?? "").utf8))
        guard constantTimeEqual(given.span, wanted.span) else { throw .token }
    }

    private static func hmac(_ key: AccessKey, _ day: String, _ region: String) -> KeyedHMACSHA256 {
        KeyedHMACSHA256(key: TOSCanonicalText.key(secret: key.secret, day: day, region: region).span)
    }

    private static func first(_ name: String, _ parameters: Parameters) -> [UInt8]? {
        parameters.first { String(octets: $0.name.span).lowercased() == name }?.value
    }
}
