// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Signing

@Suite struct OSSVerifierURLTests {
    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `accepts a URL up to its last second`(version: OSSSignatureVersion) throws {
        var request = SignedRequest(version: version, url: true, validSeconds: 60)
        #expect(request.isAuthentic)
        request.now += 60
        #expect(request.isAuthentic)
        request.now += 1
        let failure = try #require(request.failure)
        #expect(failure.code == "AccessDenied")
        #expect(failure.status == 403)
        #expect(failure.message == "Request has expired.")
        #expect(failure.details.map(\.element) == ["Expires", "ServerTime"])
        #expect(failure.details.map(\.text) == ["2023-11-14T22:14:20.000Z", "2023-11-14T22:14:21.000Z"])
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `looks at the time before the signature`(version: OSSSignatureVersion) {
        var request = SignedRequest(version: version, url: true, validSeconds: 60)
        request.resource.key = Array("other".utf8)
        #expect(request.failure?.code == "SignatureDoesNotMatch")
        request.now += 61
        #expect(request.failure?.message == "Request has expired.")
    }

    @Test func `lets a V4 URL start up to fifteen minutes ahead`() {
        var request = SignedRequest(version: .v4, url: true)
        request.now -= 900
        #expect(request.isAuthentic)
        request.now -= 1
        #expect(request.failure?.ec == "0002-00000235")
        #expect(request.failure?.code == "AccessDenied")
    }

    @Test(arguments: ["OSSAccessKeyId", "Expires", "Signature"])
    func `asks for all three parameters of V1`(name: String) {
        var request = SignedRequest(version: .v1, url: true)
        request.removeParameter(name)
        #expect(request.failure?.code == "AccessDenied")
        #expect(request.failure?.status == 403)
    }

    @Test(arguments: ["", "soon", "1700003600.5", "-1", "+1700003600", " 1700003600", "99999999999999999999"])
    func `asks for seconds in Expires`(value: String) {
        var request = SignedRequest(version: .v1, url: true)
        request.setParameter("Expires", value)
        #expect(request.failure?.message == "Invalid date (should be seconds since epoch).")
    }

    @Test func `survives an Expires beyond all times`() {
        var request = SignedRequest(version: .v1, url: true)
        request.setParameter("Expires", "\(UInt64.max)")
        #expect(request.failure?.code == "SignatureDoesNotMatch")
    }

    @Test(arguments: [
        ("x-oss-expires", nil, "0002-00000215"),
        ("x-oss-credential", nil, "0002-00000217"),
        ("x-oss-credential", "", "0002-00000218"),
        ("x-oss-signature", nil, "0002-00000219"),
        ("x-oss-signature", "", "0002-00000220"),
        ("x-oss-additional-headers", "", "0002-00000209"),
        ("x-oss-additional-headers", "host;", "0002-00000210"),
        ("x-oss-credential", "id/20231114/cn-beijing/oss/aliyun_v4_request", "0002-00000228"),
        ("x-oss-credential", "id/20231113/cn-hangzhou/oss/aliyun_v4_request", "0002-00000212"),
    ])
    func `refuses incomplete V4 URLs by their sub-codes`(name: String, value: String?, ec: String) {
        var request = SignedRequest(version: .v4, url: true)
        request.removeParameter(name)
        if let value { request.setParameter(name, value) }
        #expect(request.failure?.ec == ec)
        #expect(request.failure?.code == "InvalidArgument")
        #expect(request.failure?.status == 400)
    }

    @Test(arguments: ["0", "604801", "-1", "1h", ""])
    func `lets a V4 URL live for seven days at most`(value: String) {
        var request = SignedRequest(version: .v4, url: true)
        request.setParameter("x-oss-expires", value)
        #expect(request.failure?.code == "InvalidArgument")
        #expect(SignedRequest(version: .v4, url: true, validSeconds: 604_800).isAuthentic)
    }

    @Test(arguments: [nil, "OSS2", "OSS4-HMAC-SHA512"])
    func `refuses other versions in URLs`(value: String?) {
        var request = SignedRequest(version: .v4, url: true)
        request.removeParameter("x-oss-signature-version")
        if let value { request.setParameter("x-oss-signature-version", value) }
        #expect(request.failure?.code == "InvalidArgument")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `refuses a signature in the URL and in a header`(version: OSSSignatureVersion) {
        var request = SignedRequest(version: version, url: true)
        request.set("Authorization", SignedRequest(version: .v4).text("Authorization"))
        #expect(request.failure?.code == "InvalidArgument")
        #expect(request.failure?.status == 400)
    }

    @Test func `lets V1 URLs have further parameters and V4 URLs none`() {
        for version in [OSSSignatureVersion.v1, .v4] {
            var request = SignedRequest(version: version, url: true)
            request.setParameter("utm_source", "mail")
            #expect(request.isAuthentic == (version == .v1))
            request = SignedRequest(version: version, url: true)
            request.setParameter("callback", "e30=")
            #expect(request.failure?.code == "SignatureDoesNotMatch")
        }
    }

    @Test func `counts the first of a repeated V1 parameter`() {
        var request = SignedRequest(version: .v1, url: true, parameters: [("callback", "mine")])
        request.resource.parameters.append((name: Array("callback".utf8), value: Array("evil".utf8)))
        request.resource.parameters.append((name: Array("Signature".utf8), value: Array("evil".utf8)))
        #expect(request.isAuthentic)
        #expect(request.resource.first("callback") == Array("mine".utf8))
        request.resource.parameters.insert((name: Array("callback".utf8), value: Array("evil".utf8)), at: 0)
        #expect(request.failure?.code == "SignatureDoesNotMatch")
    }

    @Test func `refuses a second signature in a V4 URL`() {
        var request = SignedRequest(version: .v4, url: true)
        request.resource.parameters.append((name: Array("x-oss-signature".utf8), value: Array("evil".utf8)))
        #expect(request.failure?.code == "SignatureDoesNotMatch")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `wants the token of a temporary key in the URL`(version: OSSSignatureVersion) {
        let request = SignedRequest(version: version, url: true, token: OSSVector.token)
        #expect(request.isAuthentic)
        let name = version == .v1 ? "security-token" : "x-oss-security-token"
        var outside = request
        outside.removeParameter(name)
        #expect(outside.failure?.code == "InvalidAccessKeyId")
        outside.set("x-oss-security-token", OSSVector.token)
        #expect(outside.failure?.code == "InvalidRequest")
        #expect(outside.failure?.status == 400)
        var other = request
        other.setParameter(name, "other")
        #expect(other.failure?.code == "InvalidSecurityToken")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `holds the sender of a URL to the fields that were signed`(version: OSSSignatureVersion) {
        let request = SignedRequest(version: version, url: true, fields: [("Content-Type", "image/png")])
        #expect(request.isAuthentic)
        for (name, value) in [("Content-Type", "text/html"), ("Content-MD5", "x"), ("x-oss-object-acl", "public-read")]
        {
            var changed = request
            changed.set(name, value)
            #expect(changed.failure?.code == "SignatureDoesNotMatch", "\(name)")
        }
        var harmless = request
        harmless.set("Date", "whenever")
        harmless.set("User-Agent", "test")
        #expect(harmless.isAuthentic)
    }
}
