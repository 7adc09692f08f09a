// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Signing

@Suite struct OSSVerifierHeaderTests {
    @Test func `takes a request without credentials as anonymous`() {
        var request = SignedRequest(version: .v4)
        request.remove("Authorization")
        guard case .anonymous = request.verify() else {
            Issue.record("expected anonymous")
            return
        }
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `allows a clock to be off by fifteen minutes and not more`(version: OSSSignatureVersion) {
        for offset: Int64 in [-900, -1, 0, 1, 900] {
            var request = SignedRequest(version: version)
            request.now += offset
            #expect(request.isAuthentic, "\(offset)")
        }
        for offset: Int64 in [-901, 901, 86400, -86400] {
            var request = SignedRequest(version: version)
            request.now += offset
            let failure = request.failure
            #expect(failure?.code == "RequestTimeTooSkewed")
            #expect(failure?.status == 403)
            #expect(failure?.ec == "0002-00000504")
        }
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `asks for a date`(version: OSSSignatureVersion) {
        let name = version == .v1 ? "Date" : "x-oss-date"
        for value in [
            nil, "", "yesterday", "1700000000", version == .v1 ? "20231114T221320Z" : OSSVerifierHeaderTests.date,
        ] {
            var request = SignedRequest(version: version)
            request.remove(name)
            if let value { request.set(name, value) }
            #expect(request.failure?.code == "AccessDenied", "\(value ?? "none")")
            #expect(request.failure?.status == 403)
        }
    }

    static let date = "Tue, 14 Nov 2023 22:13:20 GMT"

    @Test func `takes the date of V1 from x-oss-date where that is sent`() {
        var request = SignedRequest(version: .v1, fields: [("x-oss-date", Self.date)])
        #expect(request.isAuthentic)
        // Browsers cannot set Date, and proxies set their own.
        request.set("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(request.isAuthentic)
        request.set("x-oss-date", "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(request.failure?.code == "RequestTimeTooSkewed")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `refuses a key id that it does not know`(version: OSSSignatureVersion) {
        var request = SignedRequest(version: version)
        request.credentials = AccessKey(id: "another", secret: request.credentials.secret)
        let failure = request.failure
        #expect(failure?.code == "InvalidAccessKeyId")
        #expect(failure?.status == 403)
        #expect(failure?.ec == "0002-00000902")
    }

    @Test func `refuses malformed V1 headers`() {
        for text in [
            "", "OSS", "OSS ", "OSS :", "OSS id", "OSS id:", "OSS :c2ln", "oss id:c2ln", "Bearer abc", "Basic YTpi",
            "OSS2 AccessKeyId:id,Signature:c2ln", "AWS id:c2ln",
        ] {
            var request = SignedRequest(version: .v1)
            request.set("Authorization", text)
            #expect(request.failure?.code == "InvalidArgument", "\(text)")
            #expect(request.failure?.status == 400)
        }
    }

    @Test func `refuses two Authorization headers`() {
        var request = SignedRequest(version: .v4)
        request.fields.append(("authorization", Array(request.text("Authorization").utf8)))
        #expect(request.failure?.code == "InvalidArgument")
    }

    /// Sub-codes by the pages of OSS's error catalogue.
    @Test(arguments: [
        ("", "0002-00000202"),
        ("Credential=C", "0002-00000202"),
        ("Signature=S", "0002-00000202"),
        ("Credential=C,Signature=", "0002-00000202"),
        ("Credential=C,Signature=S,Signature=S", "0002-00000202"),
        ("Credential=C,Signature=S,Colour=blue", "0002-00000202"),
        ("Credential=C,Signature=S,", "0002-00000202"),
        ("Credential=C;Signature=S", "0002-00000202"),
        ("Credential=C,AdditionalHeaders=,Signature=S", "0002-00000209"),
        ("Credential=C,AdditionalHeaders=host;,Signature=S", "0002-00000210"),
        ("Credential=C,AdditionalHeaders=;host,Signature=S", "0002-00000210"),
        ("Credential=id/2023-11-14/cn-hangzhou/oss/aliyun_v4_request,Signature=S", "0002-00000212"),
        ("Credential=id/20231131/cn-hangzhou/oss/aliyun_v4_request,Signature=S", "0002-00000212"),
        ("Credential=id/20231113/cn-hangzhou/oss/aliyun_v4_request,Signature=S", "0002-00000212"),
        ("Credential=id/20231114/cn-hangzhou/oss,Signature=S", "0002-00000213"),
        ("Credential=id/20231114/cn-hangzhou/oss/aws4_request,Signature=S", "0002-00000213"),
        ("Credential=/20231114/cn-hangzhou/oss/aliyun_v4_request,Signature=S", "0002-00000213"),
        ("Credential=id/20231114/cn-hangzhou/s3/aliyun_v4_request,Signature=S", "0002-00000213"),
        ("Credential=id/x/20231114/cn-hangzhou/oss/aliyun_v4_request,Signature=S", "0002-00000213"),
        ("Credential=id/20231114//oss/aliyun_v4_request,Signature=S", "0002-00000226"),
        ("Credential=id/20231114/CN_HANGZHOU/oss/aliyun_v4_request,Signature=S", "0002-00000226"),
        ("Credential=id/20231114/cn-beijing/oss/aliyun_v4_request,Signature=S", "0002-00000228"),
    ])
    func `refuses malformed V4 headers by their sub-codes`(elements: String, ec: String) {
        var request = SignedRequest(version: .v4)
        let scope = "id/20231114/cn-hangzhou/oss/aliyun_v4_request"
        let text = elements.replacing("Credential=C", with: "Credential=\(scope)")
        request.set("Authorization", "OSS4-HMAC-SHA256 \(text)")
        let failure = request.failure
        #expect(failure?.code == "InvalidArgument")
        #expect(failure?.status == 400)
        #expect(failure?.ec == ec)
    }

    @Test func `takes any region where the listener has none`() {
        var request = SignedRequest(version: .v4)
        request.region = nil
        #expect(request.isAuthentic)
    }

    @Test(arguments: [nil, "", "unsigned-payload", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"])
    func `accepts no payload hash`(value: String?) {
        var request = SignedRequest(version: .v4)
        request.remove("x-oss-content-sha256")
        if let value { request.set("x-oss-content-sha256", value) }
        #expect(request.failure?.ec == "0002-00000214")
        #expect(request.failure?.code == "InvalidArgument")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `says what it signed when the signature is wrong`(version: OSSSignatureVersion) throws {
        var request = SignedRequest(version: version, fields: [("Content-Type", "text/plain")])
        request.set("Content-Type", "text/html")
        let failure = try #require(request.failure)
        #expect(failure.code == "SignatureDoesNotMatch")
        #expect(failure.status == 403)
        #expect(failure.ec == "0002-00000040")
        let base = ["OSSAccessKeyId", "SignatureProvided", "StringToSign", "StringToSignBytes"]
        #expect(failure.details.map(\.element) == base + (version == .v4 ? ["CanonicalRequest"] : []))
        #expect(failure.details[0].text == OSSVector.keyID)
        #expect(request.text("Authorization").hasSuffix(failure.details[1].text))
        let text = failure.details[2].text
        #expect(text.hasPrefix(version == .v1 ? "PUT\n\ntext/html\n\(Self.date)\n" : "OSS4-HMAC-SHA256\n"))
        #expect(failure.details[3].text.hasPrefix(version == .v1 ? "50 55 54 0A " : "4F 53 53 34 "))
        #expect(failure.details[3].text.count == text.utf8.count * 3)
        if version == .v4 { #expect(failure.details[4].text.contains("\ncontent-type:text/html\n")) }
    }

    @Test func `holds the additional headers to the signature`() {
        let fields = [("Host", "a.example"), ("Range", "bytes=0-1"), ("User-Agent", "test")]
        let request = SignedRequest(
            version: .v4, fields: fields, additionalHeaders: ["Range", "host", "content-type", "x-oss-date", "absent"])
        #expect(request.text("Authorization").contains(",AdditionalHeaders=host;range,"))
        #expect(request.isAuthentic)
        for (name, isSigned) in [("Host", true), ("Range", true), ("User-Agent", false)] {
            var changed = request
            changed.set(name, "other")
            #expect(changed.isAuthentic == !isSigned, "\(name)")
            changed.remove(name)
            #expect(changed.isAuthentic == !isSigned, "\(name)")
        }
        var shortened = request
        let text = request.text("Authorization").replacing("host;range", with: "host")
        shortened.set("Authorization", text)
        #expect(shortened.failure?.code == "SignatureDoesNotMatch")
    }

    @Test func `takes an unsorted list of additional headers as it was signed`() {
        // oss2 sorts the names by their first character only.
        var request = SignedRequest(version: .v4, fields: [("Header-B", "1"), ("Header-A", "2")])
        var canonical = OSSCanonicalText()
        var head = SignedRequest(version: .v4, fields: [("Header-B", "1"), ("Header-A", "2")])
        head.remove("Authorization")
        canonical.writeV4(
            method: head.method, resource: head.resource, fields: head.head,
            additional: Array("header-b;header-a".utf8))
        let key = OSSScopeKey(
            secret: head.credentials.secret, day: Array("20231114".utf8), region: Array("cn-hangzhou".utf8),
            product: Array("oss".utf8))
        canonical.writeStringToSign(key, date: "20231114T221320Z".utf8.span)
        let signature = canonical.v4Signature(key)
        request.set(
            "Authorization",
            "OSS4-HMAC-SHA256 Credential=\(OSSVector.keyID)/20231114/cn-hangzhou/oss/aliyun_v4_request, "
                + "Signature=\(String(decoding: signature, as: UTF8.self)), AdditionalHeaders=header-b;header-a")
        #expect(request.isAuthentic)
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `joins repeated fields and trims their ends`(version: OSSSignatureVersion) {
        var request = SignedRequest(
            version: version, fields: [("x-oss-meta-a", "1,2"), ("Content-Type", "text/plain")])
        request.remove("x-oss-meta-a")
        request.fields.append(("X-OSS-Meta-A", Array(" 1\t".utf8)))
        request.fields.append(("x-oss-META-a", Array("2 ".utf8)))
        #expect(request.isAuthentic)
        request.fields.append(("content-type", Array("text/html".utf8)))
        #expect(request.failure?.code == "SignatureDoesNotMatch")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `holds tokens to their keys`(version: OSSSignatureVersion) {
        let request = SignedRequest(version: version, token: OSSVector.token)
        #expect(request.isAuthentic)
        var other = request
        other.set("x-oss-security-token", OSSVector.token + "x")
        #expect(other.failure?.code == "InvalidSecurityToken")
        // alibabacloud-oss-v2 1.4.1 sends the token of V1 as `security-token`, which is signed by nobody.
        var misnamed = request
        misnamed.remove("x-oss-security-token")
        misnamed.set("security-token", OSSVector.token)
        #expect(misnamed.failure?.code == "InvalidAccessKeyId")
        var permanent = request
        permanent.credentials = AccessKey(id: OSSVector.keyID, secret: Array(OSSVector.secret.utf8))
        #expect(permanent.failure?.code == "AccessKeyIdAndSecurityTokenNotMatch")
    }

    @Test func `signs the decoded key with V1 and the encoded one with V4`() {
        for version in [OSSSignatureVersion.v1, .v4] {
            var request = SignedRequest(version: version)
            #expect(request.isAuthentic)
            request.resource.key = Array("dir/a%20b%2Bc.txt".utf8)
            #expect(request.failure?.code == "SignatureDoesNotMatch")
        }
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `covers parameters as its version says`(version: OSSSignatureVersion) {
        let request = SignedRequest(version: version, parameters: [("uploads", ""), ("encoding-type", "url")])
        #expect(request.isAuthentic)
        var changed = request
        changed.setParameter("encoding-type", "other")
        #expect(changed.isAuthentic == (version == .v1))
        for name in ["callback", "x-oss-unheard-of", "acl"] {
            var added = request
            added.setParameter(name, "")
            #expect(added.failure?.code == "SignatureDoesNotMatch", "\(name)")
        }
    }

    @Test func `lets a changed secret take effect at once`() {
        let verifier = OSSVerifier(region: nil)
        let request = SignedRequest(version: .v4)
        var secret = request.credentials.secret
        for isRight in [true, false, true] {
            secret = isRight ? request.credentials.secret : Array("rotated".utf8)
            let answer = verifier.verify(
                method: request.method, resource: request.resource, fields: request.head, now: request.now
            ) { AccessKey(id: $0, secret: secret) }
            guard case .authenticated = answer else {
                #expect(!isRight)
                continue
            }
            #expect(isRight)
        }
    }

    @Test func `remembers more keys than it has room for`() {
        let verifier = OSSVerifier(region: nil)
        for round in 0..<3 {
            for number in 0..<40 {
                let credentials = AccessKey(id: "id-\(number)", secret: Array("secret-\(number)".utf8))
                var fields = SignedRequest(version: .v4).head
                let resource = OSSResource(bucket: "bucket", key: Array("key".utf8))
                let signer = OSSSigner(credentials: credentials, region: "cn-hangzhou")
                signer.sign(method: "PUT", resource: resource, fields: &fields, now: OSSVector.epoch)
                let answer = verifier.verify(
                    method: "PUT", resource: resource, fields: fields, now: OSSVector.epoch
                ) { $0 == credentials.id ? credentials : nil }
                guard case .authenticated(let id) = answer else {
                    Issue.record("key \(number) in round \(round)")
                    continue
                }
                #expect(id == credentials.id)
            }
        }
    }

    @Test func `shows no secret when printed`() {
        let credentials = AccessKey(id: "id", secret: Array("hush".utf8), token: "hushed")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(text.contains("id"))
            #expect(!text.contains("hush") && !text.contains("104"))
        }
    }
}
