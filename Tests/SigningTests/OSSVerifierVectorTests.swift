// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Signing

@Suite struct OSSVerifierVectorTests {
    @Test(arguments: OSSVector.headerV1)
    func `accepts V1 header requests of the SDKs`(vector: OSSVector) {
        #expect(SignedRequest(header: vector, authorization: vector.text("authorization")).isAuthentic)
    }

    @Test(arguments: OSSVector.all("v4_header"))
    func `accepts V4 header requests in each spelling`(vector: OSSVector) {
        for spelling in ["authorization", "authorization_oss2_style"] {
            #expect(SignedRequest(header: vector, authorization: vector.text(spelling)).isAuthentic)
        }
    }

    @Test(arguments: OSSVector.all("published_known_answers", kind: "v4_header"))
    func `accepts the published V4 header requests`(vector: OSSVector) {
        #expect(SignedRequest(header: vector, authorization: Self.authorization(vector)).isAuthentic)
    }

    @Test(arguments: OSSVector.urlV1 + OSSVector.all("v4_url"))
    func `accepts URLs of the SDKs`(vector: OSSVector) {
        for url in ["url_oss2", "url_v2"] where vector.json[url] != nil {
            let query = vector.text(url).split(separator: "?", maxSplits: 1)[1]
            #expect(SignedRequest(url: vector, query: query).isAuthentic)
        }
    }

    @Test(arguments: OSSVector.all("published_known_answers", kind: "v4_url"))
    func `accepts the published V4 URLs`(vector: OSSVector) {
        #expect(Self.publishedURL(vector).isAuthentic)
    }

    @Test(arguments: OSSVector.headerV1 + OSSVector.headerV4)
    func `refuses header requests with any byte changed`(vector: OSSVector) {
        let authorization =
            vector.json["authorization"]?.stringValue ?? Self.authorization(vector)
        let request = SignedRequest(header: vector, authorization: authorization)
        #expect(request.isAuthentic)
        let unsigned = Self.unsigned(in: request, additional: vector.list("additional_headers"))
        let tampered = Tampering.all(of: request, leavingFields: unsigned)
        #expect(tampered.count > 100)
        #expect(tampered.filter { $0.request.failure == nil }.map(\.what) == [])
    }

    @Test(arguments: OSSVector.urlV1 + OSSVector.urlV4)
    func `refuses URLs with any byte changed`(vector: OSSVector) {
        let request =
            vector.json["url_v2"].map { _ in
                SignedRequest(url: vector, query: vector.text("url_v2").split(separator: "?", maxSplits: 1)[1])
            } ?? Self.publishedURL(vector)
        #expect(request.isAuthentic)
        let unsigned = Self.unsigned(in: request, additional: vector.list("additional_headers"))
        let tampered = Tampering.all(of: request, leavingFields: unsigned)
        #expect(tampered.count > 100)
        #expect(tampered.filter { $0.request.failure == nil }.map(\.what) == [])
    }

    private static func authorization(_ vector: OSSVector) -> String {
        let day = vector.members("headers").first { $0.key == "x-oss-date" }?.value.stringValue?.prefix(8) ?? ""
        let additional = vector.list("additional_headers").joined(separator: ";")
        return "OSS4-HMAC-SHA256 Credential=\(vector.credentials.id)/\(day)/\(vector.region)/\(vector.product)"
            + "/aliyun_v4_request\(additional.isEmpty ? "" : ",AdditionalHeaders=\(additional)")"
            + ",Signature=\(vector.signature)"
    }

    private static func publishedURL(_ vector: OSSVector) -> SignedRequest {
        var request = SignedRequest(url: vector, query: "")
        for (name, value) in vector.signedParameters { request.setParameter(name, value) }
        request.setParameter("x-oss-signature", vector.signature)
        return request
    }

    /// Names of the fields that no signature covers.
    private static func unsigned(in request: SignedRequest, additional: [String]) -> Set<String> {
        let isV1 = request.text("Authorization").hasPrefix("OSS ")
        let signed = ["authorization", "content-md5", "content-type"] + (isV1 ? ["date"] : additional)
        return Set(
            request.fields.map { $0.name.lowercased() }.filter { !$0.hasPrefix("x-oss-") && !signed.contains($0) })
    }
}

/// All requests that differ from one in a single byte.
enum Tampering {
    static func all(
        of request: SignedRequest, leavingFields unsigned: Set<String>
    ) -> [(what: String, request: SignedRequest)] {
        var found: [(String, SignedRequest)] = []
        for method in changes(of: Array(request.method.utf8)) {
            var changed = request
            changed.method = String(decoding: method, as: UTF8.self)
            found.append(("method \(changed.method)", changed))
        }
        for bucket in changes(of: Array((request.resource.bucket ?? "").utf8)) {
            var changed = request
            changed.resource.bucket = String(decoding: bucket, as: UTF8.self)
            found.append(("bucket", changed))
        }
        for key in changes(of: request.resource.key ?? []) {
            var changed = request
            changed.resource.key = key
            found.append(("key \(key)", changed))
        }
        for (index, parameter) in request.resource.parameters.enumerated() {
            for name in changes(of: parameter.name) {
                var changed = request
                changed.resource.parameters[index].name = name
                found.append(("name of parameter \(index)", changed))
            }
            for value in changes(of: parameter.value) {
                var changed = request
                changed.resource.parameters[index].value = value
                found.append(("value of parameter \(index)", changed))
            }
        }
        for (index, field) in request.fields.enumerated() where !unsigned.contains(field.name.lowercased()) {
            for value in changes(of: field.value) where HeaderFields.isValidValue(value.span) {
                var changed = request
                changed.fields[index].value = value
                let text = String(decoding: value, as: UTF8.self)
                // More blanks between the elements of an Authorization field mean the same.
                if field.name == "Authorization", text.contains("4-HMAC-SHA256  Credential") { continue }
                found.append(("\(field.name): \(text)", changed))
            }
        }
        return found
    }

    /// One bit flipped, letter case flipped, a byte dropped and a byte added, at each place.
    /// Each byte changed in two ways, left out and doubled.
    static func changes(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.flatMap { index -> [[UInt8]] in
            var flipped = bytes
            flipped[index] ^= 1
            var other = bytes
            other[index] ^= 0x20
            var shorter = bytes
            shorter.remove(at: index)
            var longer = bytes
            longer.insert(bytes[index], at: index)
            return [flipped, other, shorter, longer]
        }
    }
}
