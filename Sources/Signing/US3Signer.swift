// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Signs requests to US3 with one access key; confined to its loop.
///
/// Key blocks are hashed once and the text is built in storage that is kept, so that signing in header form allocates
/// next to nothing. The body is never signed.
package final class US3Signer {
    private let credentials: AccessKey
    private let key: KeyedHMACSHA1
    /// `UCloud <public key>:`
    private let authorizationStart: [UInt8]
    private var canonical = US3CanonicalText()

    package init(credentials: AccessKey) {
        self.credentials = credentials
        key = KeyedHMACSHA1(key: credentials.secret.span)
        authorizationStart = Array("UCloud \(credentials.id):".utf8)
    }

    /// Adds to `fields` what authenticates the request, in header form: `SecurityToken` for a temporary key, which
    /// nothing signs, and `Authorization`. All other fields must be there already: what is signed may not change.
    ///
    /// - Parameters:
    ///   - key: decoded; empty for requests about the bucket.
    ///   - policy: base64 of a put policy, signed and sent exactly as it stands; empty: none.
    package func sign(
        method: String, bucket: String, key: [UInt8], policy: String = "", fields: inout HeaderFields
    ) {
        fields.remove("Authorization")
        if let token = credentials.token { fields.set("SecurityToken", token) }
        let length = policy.utf8.count
        canonical.write(
            method: method, bucket: bucket, key: key, fields: fields, expires: nil, policy: policy.utf8.span)
        let code = code()
        let start = authorizationStart
        let count = start.count + Self.signatureBytes + (length == 0 ? 0 : 1 + length)
        fields.append("Authorization", upTo: count) { output in
            output.append(start.span)
            output.appendBase64(code.span)
            guard length > 0 else { return }
            output.append(UInt8(ascii: ":"))
            output.append(policy.utf8.span)
        }
    }

    /// The parameters that authenticate a request in URL form, decoded, in the order of the Go SDK (`GenPresignedURL`).
    /// There is no put policy in it.
    ///
    /// - Parameters:
    ///   - fields: those that the sender of the URL will send and that a signature covers.
    ///   - expires: Unix seconds.
    package func presign(
        method: String, bucket: String, key: [UInt8], fields: HeaderFields, expires: Int64
    ) -> [(name: [UInt8], value: [UInt8])] {
        let end = String(expires)
        canonical.write(
            method: method, bucket: bucket, key: key, fields: fields, expires: end.utf8.span, policy: nil)
        var parameters = [
            Self.parameter("Expires", end), Self.parameter("Signature", signature),
            Self.parameter("UCloudPublicKey", credentials.id),
        ]
        if let token = credentials.token { parameters.append(Self.parameter("SecurityToken", token)) }
        return parameters
    }

    /// The value of the field `Authorization` of a PostFile form.
    ///
    /// - Parameters:
    ///   - fileMD5: `Content-MD5` in hexadecimal digits; empty: none.
    ///   - fileType: Content-Type of the file's part; empty: none.
    package func formAuthorization(bucket: String, key: [UInt8], fileMD5: String = "", fileType: String) -> String {
        canonical.writeForm(bucket: bucket, key: key, fileMD5: fileMD5.utf8.span, fileType: fileType.utf8.span)
        let start = authorizationStart
        return String(octets: start.span) + signature
    }

    /// The text that `sign` would sign for the same arguments; for people, not for the data path.
    package func canonicalText(
        method: String, bucket: String, key: [UInt8], policy: String = "", fields: HeaderFields
    ) -> SignedText {
        canonical.write(
            method: method, bucket: bucket, key: key, fields: fields, expires: nil, policy: policy.utf8.span)
        return signedText
    }

    /// What was signed last.
    var signedText: SignedText { SignedText(canonicalRequest: nil, stringToSign: canonical.text) }

    private var signature: String {
        let code = code()
        return Base64.encode(code.span)
    }

    private func code() -> [20 of UInt8] { canonical.withText { key.code(of: $0) } }

    /// Base64 of 20 bytes.
    private static let signatureBytes = 28

    private static func parameter(_ name: String, _ value: String) -> (name: [UInt8], value: [UInt8]) {
        (name: Array(name.utf8), value: Array(value.utf8))
    }
}

/// Its text is reused from call to call, without a lock.
@available(*, unavailable)
extension US3Signer: Sendable {}
