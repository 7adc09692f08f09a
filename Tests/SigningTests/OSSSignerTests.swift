// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Signing

@Suite struct OSSSignerTests {
    @Test func `has every known answer`() {
        #expect(OSSVector.headerV1.count == 6)
        #expect(OSSVector.urlV1.count == 5)
        #expect(OSSVector.headerV4.count == 10)
        #expect(OSSVector.urlV4.count == 10)
        #expect(OSSVector.publishedV1.count == 5)
    }

    @Test(arguments: OSSVector.headerV1)
    func `signs V1 header requests like the SDKs`(vector: OSSVector) {
        let signed = Signed(vector, version: .v1)
        #expect(signed.text("Authorization") == vector.text("authorization"))
        #expect(signed.text("Date") == vector.text("date"))
        #expect(String(decoding: signed.signedText.stringToSign, as: UTF8.self) == vector.text("string_to_sign"))
        #expect(signed.signedText.canonicalRequest == nil)
    }

    @Test(arguments: OSSVector.headerV4)
    func `signs V4 header requests like the SDKs`(vector: OSSVector) {
        let signed = Signed(vector, version: .v4)
        #expect(signed.text("Authorization").hasSuffix(",Signature=\(vector.signature)"))
        for name in ["authorization", "canonical_request", "string_to_sign"] where vector.json[name] != nil {
            let mine =
                switch name {
                case "authorization": signed.text("Authorization")
                case "canonical_request": String(decoding: signed.signedText.canonicalRequest ?? [], as: UTF8.self)
                default: String(decoding: signed.signedText.stringToSign, as: UTF8.self)
                }
            #expect(mine == vector.text(name))
        }
    }

    @Test(arguments: OSSVector.headerV4.prefix(2))
    func `signs alike whatever second and day was signed before`(vector: OSSVector) {
        let signer = OSSSigner(credentials: vector.credentials, region: vector.region, product: vector.product)
        func authorization(now: Int64) -> String? {
            var fields = vector.fields
            signer.sign(
                method: vector.method, resource: vector.resource, fields: &fields, now: now,
                additionalHeaders: vector.list("additional_headers"))
            return fields.string("Authorization")
        }
        let expected = Signed(vector, version: .v4).text("Authorization")
        #expect(expected.hasSuffix(",Signature=\(vector.signature)"))
        for other: Int64 in [0, 1, 86_400, -86_400] {
            #expect((authorization(now: vector.now + other) == expected) == (other == 0))
            #expect(authorization(now: vector.now) == expected)
            // In URL form nothing of a second is kept, but the key of the day is.
            _ = signer.presign(
                method: vector.method, resource: vector.resource, fields: vector.fields, now: vector.now + other,
                validSeconds: 60)
            #expect(authorization(now: vector.now) == expected)
        }
    }

    @Test(arguments: OSSVector.urlV1)
    func `signs V1 URLs like the SDKs`(vector: OSSVector) {
        let (signer, added) = Self.presign(vector, version: .v1, validSeconds: 3600)
        #expect(added.first { $0.name == "Signature" }?.value == vector.signature)
        #expect(added.first { $0.name == "Expires" }?.value == vector.json["expires"]?.integerValue.map(String.init))
        #expect(String(decoding: signer.signedText.stringToSign, as: UTF8.self) == vector.text("string_to_sign"))
        #expect(Self.encoded(added).allSatisfy { vector.text("url_v2").contains($0) })
    }

    @Test(arguments: OSSVector.urlV4)
    func `signs V4 URLs like the SDKs`(vector: OSSVector) {
        let published = vector.signedParameters.first { $0.name == "x-oss-expires" }?.value
        let seconds = Int64(published ?? vector.text("x-oss-expires")) ?? 3600
        let (signer, added) = Self.presign(vector, version: .v4, validSeconds: seconds)
        #expect(added.first { $0.name == "x-oss-signature" }?.value == vector.signature)
        for parameter in vector.signedParameters where parameter.name.hasPrefix("x-oss-") {
            #expect(added.contains { $0 == parameter })
        }
        guard vector.json["canonical_request"] != nil else { return }
        let request = String(decoding: signer.signedText.canonicalRequest ?? [], as: UTF8.self)
        #expect(request == vector.text("canonical_request"))
        #expect(String(decoding: signer.signedText.stringToSign, as: UTF8.self) == vector.text("string_to_sign"))
        #expect(Self.encoded(added).allSatisfy { vector.text("url_v2").contains($0) })
    }

    @Test func `derives the V4 signing key of the vectors`() {
        for vector in OSSVector.headerV4 {
            guard let expected = vector.json["signing_key_hex"]?.stringValue else { continue }
            let key = OSSScopeKey.bytes(
                secret: vector.credentials.secret, day: Array("20231114".utf8), region: Array(vector.region.utf8),
                product: Array(vector.product.utf8))
            #expect(Hex.encode(key.span) == expected)
        }
    }

    @Test(arguments: OSSVector.publishedV1)
    func `makes the published V1 strings from requests`(vector: OSSVector) {
        let published = PublishedV1(vector.text("string_to_sign"))
        var canonical = OSSCanonicalText()
        canonical.writeV1(
            method: published.method, resource: published.resource, fields: published.fields,
            date: published.date.utf8.span)
        #expect(String(decoding: canonical.text, as: UTF8.self) == vector.text("string_to_sign"))
        let signer = OSSSigner(version: .v1, credentials: vector.credentials, region: "")
        let code = signer.v1Signature(
            method: published.method, resource: published.resource, fields: published.fields,
            slot: published.date.utf8.span)
        #expect(Base64.encode(code.span) == vector.signature)
    }

    @Test(arguments: OSSVector.all("post_policy"))
    func `signs PostObject policies like the SDKs`(vector: OSSVector) {
        let isV4 = vector.json["form_fields"]?["x-oss-signature"] != nil
        let signer = OSSSigner(
            version: isV4 ? .v4 : .v1, credentials: vector.credentials, region: vector.region)
        let policy = vector.json["form_fields"]?["policy"]?.stringValue ?? ""
        let expected = vector.json["form_fields"]?[isV4 ? "x-oss-signature" : "Signature"]?.stringValue
        #expect(!policy.isEmpty)
        #expect(signer.signature(ofPolicy: policy.utf8.span, now: vector.now) == expected)
    }

    static func presign(
        _ vector: OSSVector, version: OSSSignatureVersion, validSeconds: Int64
    ) -> (OSSSigner, [(name: String, value: String)]) {
        let signer = OSSSigner(
            version: version, credentials: vector.credentials, region: vector.region, product: vector.product)
        let added = signer.presign(
            method: vector.method, resource: vector.resource, fields: vector.fields, now: vector.now,
            validSeconds: validSeconds, additionalHeaders: vector.list("additional_headers"))
        return (
            signer, added.map { (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)) }
        )
    }

    static func encoded(_ parameters: [(name: String, value: String)]) -> [String] {
        parameters.map { "\($0.name)=\(Percent.encode($0.value))" }
    }
}

/// A vector signed in header form.
struct Signed {
    var fields: HeaderFields
    let signedText: SignedText

    init(_ vector: OSSVector, version: OSSSignatureVersion) {
        let signer = OSSSigner(
            version: version, credentials: vector.credentials, region: vector.region, product: vector.product)
        fields = vector.fields
        signer.sign(
            method: vector.method, resource: vector.resource, fields: &fields, now: vector.now,
            additionalHeaders: vector.list("additional_headers"))
        signedText = signer.signedText
    }

    func text(_ name: String) -> String { fields.string(name) ?? "" }
}

/// A request with a published V1 string to sign, taken from that string.
struct PublishedV1 {
    let method: String
    let date: String
    var fields = HeaderFields()
    let resource: OSSResource

    init(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let last = lines.removeLast().split(separator: "?", maxSplits: 1).map(String.init)
        method = lines[0]
        date = lines[3]
        if !lines[1].isEmpty { fields.append("Content-MD5", lines[1]) }
        if !lines[2].isEmpty { fields.append("Content-Type", lines[2]) }
        // Worst order and letter case for the signer.
        for line in lines[4...].reversed() {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            fields.append(name: parts[0].uppercased(), " \(parts[1]) ")
        }
        let path = last[0].dropFirst().split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let parameters = (last.count > 1 ? last[1] : "").split(separator: "&").reversed().map { item in
            let pair = item.split(separator: "=", maxSplits: 1).map { Array($0.utf8) }
            return (name: pair[0], value: pair.count > 1 ? pair[1] : [])
        }
        resource = OSSResource(
            bucket: String(path[0]), key: path[1].isEmpty ? nil : Array(path[1].utf8), parameters: parameters)
    }
}
