// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Octets

/// The signing key of one secret for one day and region, with the scope it belongs to (page 129226 of the TOS help).
///
/// Deriving it takes four HMACs, so owners keep it for the day.
struct TOSScopeKey: Sendable {
    /// `YYYYMMDD/region/tos/request`.
    let scope: [UInt8]
    private let key: KeyedHMACSHA256

    init(secret: [UInt8], day: Span<UInt8>, region: Span<UInt8>) {
        var scope: [UInt8] = []
        scope.append(day)
        scope.append("/")
        scope.append(region)
        scope.append("/tos/request")
        self.scope = scope
        key = KeyedHMACSHA256(key: Self.bytes(secret: secret, day: day, region: region).span)
    }

    /// The 32 bytes of the signing key; nothing stands in front of the secret.
    static func bytes(secret: [UInt8], day: Span<UInt8>, region: Span<UInt8>) -> [UInt8] {
        var key = HMAC.sha256(key: secret.span, message: day)
        key = HMAC.sha256(key: key.span, message: region)
        key = HMAC.sha256(key: key.span, message: "tos".utf8.span)
        return HMAC.sha256(key: key.span, message: "request".utf8.span)
    }

    /// Appends the signature, 64 lower-case hexadecimal digits, to where somebody writes in place.
    func appendSignature(of text: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        key.appendHex(of: text, to: &output)
    }

    /// Appends the signature, 64 lower-case hexadecimal digits.
    func appendSignature(of text: Span<UInt8>, to bytes: inout [UInt8]) {
        key.appendHex(of: text, to: &bytes)
    }
}
