// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
package import HTTPWire
internal import Octets

/// Signs requests to TOS with one access key, in header form; confined to its loop.
///
/// The signing key is derived once a day and all texts are built in storage that is kept, so that signing allocates
/// nothing. The body is not signed (`UNSIGNED-PAYLOAD`), so that it can be streamed; this is what the Python SDK does.
package final class TOSSigner {
    private var state: State

    /// - Parameter region: of the bucket, such as `cn-beijing`; never taken from the host.
    package init(key: AccessKey, region: String) {
        state = State(credentials: key, region: Array(region.utf8))
    }

    /// Adds to `fields` what authenticates the request: `x-tos-date`, `x-tos-content-sha256`, `x-tos-security-token` of a
    /// temporary key, and `Authorization`. All other fields must be there already.
    ///
    /// Signed are Content-Type, Host and every field whose name begins with `x-tos-`: TOS refuses one that is not (page
    /// 1188916).
    ///
    /// - Parameters:
    ///   - bucket: in path style; nil elsewhere.
    ///   - key: decoded.
    ///   - parameters: decoded.
    ///   - now: Unix seconds.
    package func sign(
        method: String, bucket: String?, key: [UInt8], parameters: [(name: [UInt8], value: [UInt8])],
        fields: inout HeaderFields, now: Int64
    ) {
        state.sign(
            TOSCanonicalText.Request(method: method, bucket: bucket, key: key, parameters: parameters),
            fields: &fields, now: now)
    }

    /// The texts that `sign` would sign for the same arguments; for people.
    package func canonicalText(
        method: String, bucket: String?, key: [UInt8], parameters: [(name: [UInt8], value: [UInt8])],
        fields: HeaderFields, now: Int64
    ) -> SignedText {
        var fields = fields
        sign(method: method, bucket: bucket, key: key, parameters: parameters, fields: &fields, now: now)
        return SignedText(canonicalRequest: state.canonical.text, stringToSign: state.canonical.stringToSign)
    }
}

/// Its texts and key are reused from call to call, without a lock.
@available(*, unavailable)
extension TOSSigner: Sendable {}

/// What a signer keeps from request to request: the key of the day, the date of the second, and storage for its texts.
private struct State: ~Copyable {
    private let credentials: AccessKey
    private let region: [UInt8]
    private var day: Int64 = .min
    private var dayKey: TOSScopeKey?
    /// What stands in front of the signed names in the `Authorization` of a request of the day.
    private var authorizationStart: [UInt8] = []
    private var date: [UInt8] = []
    /// The second whose basic form `date` is; nil if it is none.
    private var dateSecond: Int64?
    private var order: [Int] = []
    private var names: [UInt8] = []
    private(set) var canonical = TOSCanonicalText()

    init(credentials: AccessKey, region: [UInt8]) {
        self.credentials = credentials
        self.region = region
    }

    mutating func sign(_ request: TOSCanonicalText.Request, fields: inout HeaderFields, now: Int64) {
        writeDate(now)
        fields.remove("Authorization")
        fields.set("x-tos-date", bytes: date.span)
        fields.set("x-tos-content-sha256", "UNSIGNED-PAYLOAD")
        if let token = credentials.token { fields.set("x-tos-security-token", token) }
        writeNames(of: fields)
        let names = names
        let date = date
        let key = key(for: now)
        let payload: StaticString = "UNSIGNED-PAYLOAD"
        canonical.write(request, fields: fields, signed: names.span, payload: payload.octets)
        canonical.writeStringToSign(key, date: date.span)
        let signatureStart: StaticString = ", Signature="
        let count = authorizationStart.count + names.count + signatureStart.utf8CodeUnitCount + 64
        fields.append("Authorization", upTo: count) { output in
            output.append(authorizationStart.span)
            output.append(names.span)
            output.append(signatureStart.octets)
            canonical.appendSignature(key, to: &output)
        }
    }

    /// Made anew once a second.
    private mutating func writeDate(_ now: Int64) {
        guard now != dateSecond else { return }
        dateSecond = now
        date.removeAll(keepingCapacity: true)
        ISO8601.appendBasic(now, to: &date)
    }

    /// The key of the day that `now` falls into.
    private mutating func key(for now: Int64) -> TOSScopeKey {
        let today = now >= 0 ? now / 86400 : (now - 86399) / 86400
        if today == day, let dayKey { return dayKey }
        let key = TOSScopeKey(secret: credentials.secret, day: date.span.extracting(0..<8), region: region.span)
        day = today
        dayKey = key
        authorizationStart =
            Array("TOS4-HMAC-SHA256 Credential=\(credentials.id)/".utf8) + key.scope + Array(", SignedHeaders=".utf8)
        return key
    }

    /// The names of the fields to sign: lower-case, sorted, each once, with semicolons.
    private mutating func writeNames(of fields: HeaderFields) {
        fields.sort(into: &order) {
            fields.hasPrefix("x-tos-", at: $0) || fields.isNamed("host", at: $0)
                || fields.isNamed("content-type", at: $0)
        }
        names.removeAll(keepingCapacity: true)
        var previous: Int?
        for index in order {
            if let previous, fields.haveSameName(previous, index) { continue }
            if previous != nil { names.append(UInt8(ascii: ";")) }
            names.appendLowercased(fields.bytes.span.extracting(fields.nameRange(at: index)))
            previous = index
        }
    }
}
