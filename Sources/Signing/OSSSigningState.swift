// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Octets

/// What a signer keeps from request to request: the key of the day, the date of the second, and storage for its texts.
///
/// One value, so that a signature enters it once rather than each of its parts.
struct OSSSigningState: ~Copyable {
    private let credentials: AccessKey
    private let region: [UInt8]
    private let product: [UInt8]
    private var day: Int64 = .min
    private var dayKey: OSSScopeKey?
    /// What stands in front of the signature in the `Authorization` of a request of the day without additional headers.
    private var authorizationStart: [UInt8] = []
    private(set) var date: [UInt8] = []
    /// The second whose basic form `date` is; nil if it is none.
    private var dateSecond: Int64?
    /// The key of the day behind the beginning that all strings to sign of a second share: one block less to hash for
    /// each.
    private var secondKey: KeyedHMACSHA256?
    private var secondOfKey: Int64 = .min
    private var digestText = OctetBuffer(capacity: 64)
    var canonical = OSSCanonicalText()

    init(credentials: AccessKey, region: [UInt8], product: [UInt8]) {
        self.credentials = credentials
        self.region = region
        self.product = product
    }

    /// The V4 key of the day that `now` falls into.
    mutating func key(for now: Int64) -> OSSScopeKey {
        let today = now >= 0 ? now / 86400 : (now - 86399) / 86400
        if today == day, let dayKey { return dayKey }
        var name: [UInt8] = []
        ISO8601.appendDay(now, to: &name)
        let key = OSSScopeKey(secret: credentials.secret, day: name, region: region, product: product)
        day = today
        dayKey = key
        secondOfKey = .min
        authorizationStart = Array("OSS4-HMAC-SHA256 Credential=\(credentials.id)/".utf8) + key.scope
        return key
    }

    /// Signs a V4 request in header form about a resource.
    mutating func signV4(
        method: String, resource: OSSResource, fields: inout HeaderFields, now: Int64, additionalHeaders: [String]
    ) {
        setV4Fields(in: &fields, now: now)
        let additional = OSSSigner.additionalList(additionalHeaders, in: fields)
        canonical.writeV4(method: method, resource: resource, fields: fields, additional: additional)
        appendV4Authorization(additional, to: &fields, now: now)
    }

    /// Signs a V4 request in header form about an object, without parameters.
    mutating func signV4(
        method: String, bucket: String, key: ArraySlice<UInt8>, fields: inout HeaderFields, now: Int64
    ) {
        setV4Fields(in: &fields, now: now)
        canonical.writeV4(method: method, bucket: bucket, key: key, fields: fields, additional: [])
        appendV4Authorization([], to: &fields, now: now)
    }

    /// The hexadecimal signature in URL form; the date is that of `now`.
    mutating func v4Signature(
        method: String, resource: OSSResource, fields: HeaderFields, additional: [UInt8], now: Int64
    ) -> [UInt8] {
        writeBasicDate(now)
        let key = key(for: now)
        canonical.writeV4(method: method, resource: resource, fields: fields, additional: additional)
        let date = date
        canonical.writeStringToSign(key, date: date.span)
        return canonical.v4Signature(key)
    }

    /// Sets `Date`, which stands in the date slot of V1.
    mutating func setDate(in fields: inout HeaderFields, now: Int64) {
        dateSecond = nil
        date.removeAll(keepingCapacity: true)
        HTTPDate.append(now, to: &date)
        fields.set("Date", bytes: date.span)
    }

    private mutating func setV4Fields(in fields: inout HeaderFields, now: Int64) {
        writeBasicDate(now)
        fields.set("x-oss-date", bytes: date.span)
        fields.set("x-oss-content-sha256", "UNSIGNED-PAYLOAD")
    }

    /// Made anew once a second.
    private mutating func writeBasicDate(_ now: Int64) {
        guard now != dateSecond else { return }
        dateSecond = now
        date.removeAll(keepingCapacity: true)
        ISO8601.appendBasic(now, to: &date)
    }

    /// A copy of the V4 string to sign of what was signed last; for people and tests.
    var stringToSign: [UInt8] {
        guard let dayKey else { return [] }
        var text = OctetBuffer()
        dayKey.writeStringToSign(date: date.span, canonicalDigest: canonical.digest.span, to: &text)
        return Array(text)
    }

    private mutating func beginSecond(_ now: Int64) {
        let key = key(for: now)
        let date = date
        secondKey = key.key(date: date.span)
        secondOfKey = now
    }

    /// Signs what `canonical` holds, in the second whose date was written.
    private mutating func appendV4Authorization(_ additional: [UInt8], to fields: inout HeaderFields, now: Int64) {
        if secondOfKey != now { beginSecond(now) }
        digestText.removeAll()
        digestText.appendHex(canonical.digest.span)
        let additionalStart: StaticString = ",AdditionalHeaders="
        let signatureStart: StaticString = ",Signature="
        let count =
            authorizationStart.count + additionalStart.utf8CodeUnitCount + additional.count
            + signatureStart.utf8CodeUnitCount + 64
        fields.append("Authorization", upTo: count) { output in
            output.append(authorizationStart.span)
            if !additional.isEmpty {
                output.append(additionalStart.octets)
                output.append(additional.span)
            }
            output.append(signatureStart.octets)
            secondKey?.appendHex(of: digestText.span, to: &output)
        }
    }
}
