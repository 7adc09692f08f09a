// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Octets

/// The V4 signing key of one secret for one day, region and product, with the scope it belongs to.
///
/// Source: oss/signer/v4.go of the Go SDK v2. Deriving it takes four HMACs, so owners keep it for the day.
struct OSSScopeKey: Sendable {
    /// `YYYYMMDD/region/product/aliyun_v4_request`.
    let scope: [UInt8]
    private let key: KeyedHMACSHA256

    /// - Parameter day: the date as `YYYYMMDD`.
    init(secret: [UInt8], day: [UInt8], region: [UInt8], product: [UInt8]) {
        scope = day + Self.slash + region + Self.slash + product + Self.slash + Self.terminator
        key = KeyedHMACSHA256(
            key: Self.bytes(secret: secret, day: day, region: region, product: product).span)
    }

    /// The 32 bytes of the signing key.
    static func bytes(secret: [UInt8], day: [UInt8], region: [UInt8], product: [UInt8]) -> [UInt8] {
        var key = Array("aliyun_v4".utf8) + secret
        for step in [day, region, product, terminator] {
            key = HMAC.sha256(key: key.span, message: step.span)
        }
        return key
    }

    /// Appends the string to sign for a canonical request.
    ///
    /// - Parameters:
    ///   - date: `x-oss-date` as it stands in the request.
    ///   - canonicalDigest: SHA-256 of the canonical request.
    func writeStringToSign(date: Span<UInt8>, canonicalDigest: Span<UInt8>, to text: inout OctetBuffer) {
        writeBeginning(date: date, to: &text)
        text.appendHex(canonicalDigest)
    }

    /// The key for all strings to sign of that date: it signs what follows their common beginning, which is the digest of
    /// the canonical request in hexadecimal.
    func key(date: Span<UInt8>) -> KeyedHMACSHA256 {
        var text = OctetBuffer()
        writeBeginning(date: date, to: &text)
        return key.beginning(with: text.span)
    }

    private func writeBeginning(date: Span<UInt8>, to text: inout OctetBuffer) {
        text.append("OSS4-HMAC-SHA256\n")
        text.append(date)
        text.append(0x0A)
        text.append(scope.span)
        text.append(0x0A)
    }

    /// Appends the signature, 64 lower-case hexadecimal digits.
    func appendSignature(of text: Span<UInt8>, to bytes: inout [UInt8]) {
        key.appendHex(of: text, to: &bytes)
    }

    static let terminator = Array("aliyun_v4_request".utf8)
    private static let slash = Array("/".utf8)
}
