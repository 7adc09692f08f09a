// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Signs requests to TOS with one access key, in header form; confined to its loop.
///
/// The signing key is derived once a day. The body is not signed (`UNSIGNED-PAYLOAD`), so that it can be streamed; this is
/// what the Python SDK does.
package final class TOSSigner {
    private let key: AccessKey
    private let region: String
    private var day = ""
    private var dayKey: KeyedHMACSHA256?

    /// - Parameter region: of the bucket, such as `cn-beijing`; never taken from the host.
    package init(key: AccessKey, region: String) {
        self.key = key
        self.region = region
    }

    /// Adds to `fields` what authenticates the request: `x-tos-date`, `x-tos-content-sha256`, `x-tos-security-token` of a
    /// temporary key, and `Authorization`. All other fields must be there already.
    ///
    /// Signed are Content-Type, Host and every field whose name begins with `x-tos-`: TOS refuses one that is not (page
    /// 1188916).
    ///
    /// - Parameters:
    ///   - path: decoded, with its leading slash; in path style with the bucket.
    ///   - parameters: decoded.
    ///   - now: Unix seconds.
    package func sign(
        method: String, path: [UInt8], parameters: [(name: [UInt8], value: [UInt8])], fields: inout HeaderFields,
        now: Int64
    ) {
        begin(&fields, now: now)
        let (signed, _, text) = texts(method: method, path: path, parameters: parameters, fields: fields, now: now)
        var authorization = Array(
            "\(TOSCanonicalText.algorithm) Credential=\(key.id)/\(scope(now)), SignedHeaders=".utf8)
        authorization.append(signed.joined(separator: ";"))
        authorization.append(", Signature=")
        dayKey(now).appendHex(of: text.span, to: &authorization)
        fields.append("Authorization", bytes: authorization.span)
    }

    /// The texts that `sign` would sign for the same arguments; for people.
    package func canonicalText(
        method: String, path: [UInt8], parameters: [(name: [UInt8], value: [UInt8])], fields: HeaderFields, now: Int64
    ) -> SignedText {
        var fields = fields
        begin(&fields, now: now)
        let (_, request, text) = texts(method: method, path: path, parameters: parameters, fields: fields, now: now)
        return SignedText(canonicalRequest: request, stringToSign: text)
    }

    private func begin(_ fields: inout HeaderFields, now: Int64) {
        fields.remove("Authorization")
        fields.set("x-tos-date", ISO8601.basic(now))
        fields.set("x-tos-content-sha256", TOSCanonicalText.unsignedPayload)
        if let token = key.token { fields.set("x-tos-security-token", token) }
    }

    private func texts(
        method: String, path: [UInt8], parameters: [(name: [UInt8], value: [UInt8])], fields: HeaderFields, now: Int64
    ) -> (signed: [String], request: [UInt8], text: [UInt8]) {
        let signed = Self.signedNames(fields)
        let request = TOSCanonicalText.request(
            method: method, path: path, parameters: parameters, fields: fields, signed: signed,
            payload: TOSCanonicalText.unsignedPayload)
        let text = TOSCanonicalText.stringToSign(date: ISO8601.basic(now), scope: scope(now), request: request)
        return (signed, request, text)
    }

    private func scope(_ now: Int64) -> String { "\(ISO8601.day(now))/\(region)/tos/\(TOSCanonicalText.terminator)" }

    private func dayKey(_ now: Int64) -> KeyedHMACSHA256 {
        let today = ISO8601.day(now)
        if today == day, let dayKey { return dayKey }
        let made = KeyedHMACSHA256(
            key: TOSCanonicalText.key(secret: key.secret, day: today, region: region).span)
        (day, dayKey) = (today, made)
        return made
    }

    private static func signedNames(_ fields: HeaderFields) -> [String] {
        var names: Set<String> = []
        for index in fields.indices {
            let name = String(octets: fields.name(at: index).span).lowercased()
            if name == "host" || name == "content-type" || name.hasPrefix("x-tos-") { names.insert(name) }
        }
        return names.sorted()
    }
}

/// Its key is reused from call to call, without a lock.
@available(*, unavailable)
extension TOSSigner: Sendable {}
