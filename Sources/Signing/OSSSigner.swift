// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Signs requests to OSS with one access key; confined to its loop.
///
/// The V4 signing key is derived once a day and all texts are built in storage that is kept, so that signing in header
/// form allocates next to nothing.
package final class OSSSigner {
    /// Which signature it makes.
    package let version: OSSSignatureVersion
    let credentials: AccessKey
    let region: [UInt8]
    let product: [UInt8]
    private var state: OSSSigningState

    /// - Parameters:
    ///   - region: the bucket's region without `oss-` in front, such as `cn-hangzhou`; V1 does not use it.
    ///   - product: `oss`, or `oss-cloudbox` with the id of the box as region.
    package init(
        version: OSSSignatureVersion = .v4, credentials: AccessKey, region: String, product: String = "oss"
    ) {
        self.version = version
        self.credentials = credentials
        self.region = Array(region.utf8)
        self.product = Array(product.utf8)
        state = OSSSigningState(credentials: credentials, region: self.region, product: self.product)
    }

    /// Adds to `fields` what authenticates the request, in header form.
    ///
    /// V4 sets `x-oss-date` and `x-oss-content-sha256`, V1 sets `Date`; both set `x-oss-security-token` for a
    /// temporary key, and `Authorization`. All other fields must be there already: what is signed may not change.
    ///
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - additionalHeaders: V4 only: names of further fields to sign; those that are absent or signed anyway are
    ///     left out, as the SDKs do.
    package func sign(
        method: String, resource: OSSResource, fields: inout HeaderFields, now: Int64, additionalHeaders: [String] = []
    ) {
        begin(&fields)
        switch version {
        case .v1: signV1(method: method, resource: resource, fields: &fields, now: now)
        case .v4:
            state.signV4(
                method: method, resource: resource, fields: &fields, now: now, additionalHeaders: additionalHeaders)
        }
    }

    /// Adds to `fields` what authenticates a request about an object without parameters, as `sign` with a resource does,
    /// but without a resource to be made and thrown away.
    package func sign(method: String, bucket: String, key: ArraySlice<UInt8>, fields: inout HeaderFields, now: Int64) {
        guard version == .v4 else {
            let resource = OSSResource(bucket: bucket, key: Array(key))
            return sign(method: method, resource: resource, fields: &fields, now: now)
        }
        begin(&fields)
        state.signV4(method: method, bucket: bucket, key: key, fields: &fields, now: now)
    }

    private func begin(_ fields: inout HeaderFields) {
        fields.remove("Authorization")
        if let token = credentials.token { fields.set("x-oss-security-token", token) }
    }

    private func signV1(method: String, resource: OSSResource, fields: inout HeaderFields, now: Int64) {
        state.setDate(in: &fields, now: now)
        // `x-oss-date`, which browsers send because they may not set `Date`, takes the date slot if it is there.
        let slot = fields.first("x-oss-date").map(Array.init) ?? state.date
        let code = v1Signature(method: method, resource: resource, fields: fields, slot: slot.span)
        var authorization = Array("OSS \(credentials.id):".utf8)
        authorization.appendBase64(code.span)
        fields.append("Authorization", bytes: authorization.span)
    }

    /// The texts that `sign` would sign for the same arguments; for people, not for the data path.
    package func canonicalText(
        method: String, resource: OSSResource, fields: HeaderFields, now: Int64, additionalHeaders: [String] = []
    ) -> SignedText {
        var signed = fields
        sign(method: method, resource: resource, fields: &signed, now: now, additionalHeaders: additionalHeaders)
        return signedText
    }

    /// What was signed last.
    var signedText: SignedText {
        switch version {
        case .v1: SignedText(canonicalRequest: nil, stringToSign: state.canonical.text)
        case .v4: SignedText(canonicalRequest: state.canonical.text, stringToSign: state.stringToSign)
        }
    }

    /// The V4 key of the day that `now` falls into.
    func key(for now: Int64) -> OSSScopeKey { state.key(for: now) }

    /// The V1 signature, 20 bytes, for the date slot `slot`.
    func v1Signature(method: String, resource: OSSResource, fields: HeaderFields, slot: Span<UInt8>) -> [UInt8] {
        state.canonical.writeV1(method: method, resource: resource, fields: fields, date: slot)
        return state.canonical.v1Signature(secret: credentials.secret)
    }

    /// The hexadecimal signature in URL form.
    func v4Signature(
        method: String, resource: OSSResource, fields: HeaderFields, additional: [UInt8], now: Int64
    ) -> [UInt8] {
        state.v4Signature(method: method, resource: resource, fields: fields, additional: additional, now: now)
    }

    /// The names among `wanted` that are in the fields and not signed anyway: lower-case, sorted, with semicolons.
    static func additionalList(_ wanted: [String], in fields: HeaderFields) -> [UInt8] {
        guard !wanted.isEmpty else { return [] }
        let names = wanted.filter { name in
            fields.firstIndex(of: name).map { !OSSCanonicalText.isAlwaysSigned($0, in: fields) } ?? false
        }
        return Array(Set(names.map { $0.lowercased() }).sorted().joined(separator: ";").utf8)
    }
}

/// Its texts and keys are reused from call to call, without a lock.
@available(*, unavailable)
extension OSSSigner: Sendable {}
