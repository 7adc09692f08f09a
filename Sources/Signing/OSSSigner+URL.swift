// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

extension OSSSigner {
    /// The longest life of a V4 URL: seven days, in seconds.
    package static let longestURLSeconds: Int64 = 604_800

    /// The parameters that authenticate a request in URL form, decoded, to be added behind those of `resource`.
    ///
    /// Source: "Add signatures to a URL" of the OSS API reference; oss2 `_sign_url`; oss/signer of the Go SDK v2.
    ///
    /// - Parameters:
    ///   - fields: the fields that the sender of the URL will send and that a signature covers.
    ///   - now: Unix seconds; with V4 the URL is valid from then on.
    ///   - validSeconds: how long; with V4 1…604800.
    ///   - additionalHeaders: V4 only, as for `sign`.
    package func presign(
        method: String, resource: OSSResource, fields: HeaderFields, now: Int64, validSeconds: Int64,
        additionalHeaders: [String] = []
    ) -> [(name: [UInt8], value: [UInt8])] {
        switch version {
        case .v1:
            presignV1(method: method, resource: resource, fields: fields, expires: now + validSeconds)
        case .v4:
            presignV4(
                method: method, resource: resource, fields: fields, now: now, validSeconds: validSeconds,
                additional: Self.additionalList(additionalHeaders, in: fields))
        }
    }

    private func presignV1(
        method: String, resource: OSSResource, fields: HeaderFields, expires: Int64
    ) -> [(name: [UInt8], value: [UInt8])] {
        var added: [(name: [UInt8], value: [UInt8])] = []
        if let token = credentials.token { added.append(Self.parameter("security-token", token.utf8)) }
        var signed = resource
        signed.parameters += added
        let slot = String(expires)
        let code = v1Signature(method: method, resource: signed, fields: fields, slot: slot.utf8.span)
        added.append(Self.parameter("OSSAccessKeyId", credentials.id.utf8))
        added.append(Self.parameter("Expires", slot.utf8))
        added.append(Self.parameter("Signature", Base64.encode(code.span).utf8))
        return added
    }

    private func presignV4(
        method: String, resource: OSSResource, fields: HeaderFields, now: Int64, validSeconds: Int64,
        additional: [UInt8]
    ) -> [(name: [UInt8], value: [UInt8])] {
        precondition((1...Self.longestURLSeconds).contains(validSeconds), "a V4 URL lives for 1 to 604800 seconds")
        let scope = key(for: now).scope
        var added = [
            Self.parameter("x-oss-signature-version", "OSS4-HMAC-SHA256".utf8),
            Self.parameter("x-oss-date", ISO8601.basic(now).utf8),
            Self.parameter("x-oss-expires", String(validSeconds).utf8),
            Self.parameter("x-oss-credential", Array("\(credentials.id)/".utf8) + scope),
        ]
        if !additional.isEmpty { added.append(Self.parameter("x-oss-additional-headers", additional)) }
        if let token = credentials.token { added.append(Self.parameter("x-oss-security-token", token.utf8)) }
        var signed = resource
        signed.parameters += added
        let signature = v4Signature(method: method, resource: signed, fields: fields, additional: additional, now: now)
        added.append(Self.parameter("x-oss-signature", signature))
        return added
    }

    /// The signature of a PostObject policy, which covers the base64 text of the document and nothing else.
    ///
    /// - Parameter now: Unix seconds; only V4 uses it, for the day of the credential.
    package func signature(ofPolicy base64: Span<UInt8>, now: Int64) -> String {
        switch version {
        case .v1:
            let secret = credentials.secret
            let code = HMAC.sha1(key: secret.span, message: base64)
            return Base64.encode(code.span)
        case .v4:
            var signature: [UInt8] = []
            key(for: now).appendSignature(of: base64, to: &signature)
            return String(octets: signature.span)
        }
    }

    private static func parameter(_ name: String, _ value: some Sequence<UInt8>) -> (name: [UInt8], value: [UInt8]) {
        (name: Array(name.utf8), value: Array(value))
    }
}
