// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@testable import Signing

@Suite struct OSSVerifierFormTests {
    /// The fields of a vector by lower-case name, with what the request itself says.
    static func fields(_ vector: OSSVector) -> [String: [UInt8]] {
        var fields: [String: [UInt8]] = [:]
        for (name, value) in vector.json["form_fields"]?.objectValue ?? [] {
            fields[name.lowercased()] = Array((value.stringValue ?? "").utf8)
        }
        fields["bucket"] = Array("examplebucket".utf8)
        fields["key"] = Array("user/eric/${filename}".utf8)
        return fields
    }

    static func verify(
        _ fields: [String: [UInt8]], now: Int64 = OSSVector.epoch, token: String? = nil
    ) -> OSSFormAuthentication {
        OSSVerifier(region: nil).verifyForm(fields, now: now) { id in
            id == OSSVector.keyID ? AccessKey(id: id, secret: Array(OSSVector.secret.utf8), token: token) : nil
        }
    }

    static func failure(_ fields: [String: [UInt8]], now: Int64 = OSSVector.epoch, token: String? = nil)
        -> OSSAuthFailure?
    {
        if case .refused(let failure) = verify(fields, now: now, token: token) { failure } else { nil }
    }

    /// A form with a policy of its own, signed.
    static func signed(
        _ version: OSSSignatureVersion, _ conditions: [String], expiration: String = "2023-11-14T23:13:20.000Z",
        token: String? = nil
    ) -> [String: [UInt8]] {
        let document = "{\"expiration\":\"\(expiration)\",\"conditions\":[\(conditions.joined(separator: ","))]}"
        let policy = Base64.encode(document.utf8.span)
        let credentials = AccessKey(id: OSSVector.keyID, secret: Array(OSSVector.secret.utf8), token: token)
        let signer = OSSSigner(version: version, credentials: credentials, region: "cn-hangzhou")
        let signature = signer.signature(ofPolicy: policy.utf8.span, now: OSSVector.epoch)
        var fields = ["policy": policy, "bucket": "examplebucket", "key": "user/eric/a"]
        switch version {
        case .v1:
            fields["ossaccesskeyid"] = OSSVector.keyID
            fields["signature"] = signature
        case .v4:
            fields["x-oss-signature-version"] = "OSS4-HMAC-SHA256"
            fields["x-oss-credential"] = credential
            fields["x-oss-date"] = "20231114T221320Z"
            fields["x-oss-signature"] = signature
        }
        fields["x-oss-security-token"] = token
        return fields.mapValues { Array($0.utf8) }
    }

    static let credential = "\(OSSVector.keyID)/20231114/cn-hangzhou/oss/aliyun_v4_request"
    static let pins = [
        "{\"bucket\":\"examplebucket\"}", "{\"x-oss-signature-version\":\"OSS4-HMAC-SHA256\"}",
        "{\"x-oss-credential\":\"\(credential)\"}", "[\"eq\",\"$x-oss-date\",\"20231114T221320Z\"]",
    ]

    @Test(arguments: OSSVector.all("post_policy"))
    func `accepts the forms of the vectors`(vector: OSSVector) {
        guard case .authenticated(let id, let policy) = Self.verify(Self.fields(vector)) else {
            Issue.record("\(Self.verify(Self.fields(vector)))")
            return
        }
        #expect(id == OSSVector.keyID)
        #expect(policy.lengthRange?.upperBound == 1_048_576)
    }

    @Test(arguments: OSSVector.all("post_policy"))
    func `refuses a form with any byte of its policy, key or signature changed`(vector: OSSVector) {
        var count = 0
        let names = ["policy", "signature", "x-oss-signature", "ossaccesskeyid", "x-oss-credential", "x-oss-date"]
        for name in names {
            guard let value = Self.fields(vector)[name] else { continue }
            for index in value.indices {
                var fields = Self.fields(vector)
                fields[name]?[index] ^= 1
                #expect(Self.failure(fields) != nil, "\(name) \(index)")
                count += 1
            }
        }
        #expect(count > 400)
    }

    @Test func `says what is wrong with a signature`() {
        var fields = Self.signed(.v1, [])
        fields["signature"] = Array("c2ln".utf8)
        let failure = Self.failure(fields)
        #expect(failure?.code == "SignatureDoesNotMatch")
        #expect(failure?.status == 403)
        let policy = fields["policy"].map { String(decoding: $0, as: UTF8.self) }
        #expect(failure?.details.first { $0.element == "StringToSign" }?.text == policy)
        fields["ossaccesskeyid"] = Array("other".utf8)
        #expect(Self.failure(fields)?.code == "InvalidAccessKeyId")
    }

    @Test func `takes a form without claims for anonymous`() {
        for fields in [[:], ["key": Array("a".utf8)], ["policy": []]] as [[String: [UInt8]]] {
            guard case .anonymous = Self.verify(fields) else {
                Issue.record("\(Self.verify(fields))")
                continue
            }
        }
    }

    /// "HTTP 400 status code" of the OSS developer guide has the messages on key id and signature.
    @Test(arguments: [
        (OSSSignatureVersion.v1, "ossaccesskeyid", "Post request accessKeyId is empty."),
        (.v1, "signature", "Post request signature is empty."), (.v1, "policy", "Post request policy is empty."),
        (.v4, "x-oss-credential", "Post request x-oss-credential is empty."),
        (.v4, "x-oss-signature", "Post request signature is empty."),
        (.v4, "x-oss-date", "Post request x-oss-date is empty."), (.v4, "policy", "Post request policy is empty."),
        (.v4, "x-oss-signature-version", "The x-oss-signature-version field must be OSS4-HMAC-SHA256."),
    ])
    func `refuses a form with some of the fields`(version: OSSSignatureVersion, name: String, message: String) {
        for value in [nil, []] as [[UInt8]?] {
            var fields = Self.signed(version, Self.pins)
            fields[name] = value
            let failure = Self.failure(fields)
            #expect(failure?.code == "InvalidArgument")
            #expect(failure?.status == 400)
            #expect(failure?.message == message)
        }
    }

    @Test func `refuses fields of both versions`() {
        let both = Self.signed(.v1, Self.pins).merging(Self.signed(.v4, Self.pins)) { one, _ in one }
        #expect(Self.failure(both)?.code == "InvalidArgument")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `holds the fields against the policy`(version: OSSSignatureVersion) {
        var fields = Self.signed(
            version, (version == .v4 ? Self.pins : []) + ["[\"starts-with\",\"$key\",\"user/eric/\"]"])
        #expect(Self.failure(fields) == nil)
        fields["key"] = Array("user/erica".utf8)
        let failure = Self.failure(fields)
        #expect(failure?.status == 403)
        #expect(failure?.code == "AccessDenied")
        #expect(
            failure?.message
                == "Invalid according to Policy: Policy Condition failed: [\"starts-with\",\"$key\",\"user/eric/\"]")
    }

    @Test(arguments: [OSSSignatureVersion.v1, .v4])
    func `refuses a form that comes too late`(version: OSSSignatureVersion) {
        let fields = Self.signed(version, version == .v4 ? Self.pins : [])
        #expect(Self.failure(fields, now: OSSVector.epoch + 3600) == nil)
        let failure = Self.failure(fields, now: OSSVector.epoch + 3601)
        #expect(failure?.message == "Invalid according to Policy: Policy expired.")
        #expect(failure?.code == "AccessDenied")
    }

    @Test func `lets a V4 form live for seven days at most`() {
        let fields = Self.signed(.v4, Self.pins, expiration: "2030-01-01T00:00:00Z")
        #expect(Self.failure(fields, now: OSSVector.epoch + 604_800) == nil)
        #expect(Self.failure(fields, now: OSSVector.epoch + 604_801)?.message.hasSuffix("Policy expired.") == true)
        #expect(Self.failure(fields, now: OSSVector.epoch - 900) == nil)
        #expect(Self.failure(fields, now: OSSVector.epoch - 901)?.ec == "0002-00000235")
        let old = Self.signed(.v1, [], expiration: "2030-01-01T00:00:00Z")
        #expect(Self.failure(old, now: OSSVector.epoch + 604_801) == nil)
    }

    @Test(arguments: 0..<4)
    func `wants a V4 policy to fix what its signature depends on`(left: Int) {
        var pins = Self.pins
        pins.remove(at: left)
        let failure = Self.failure(Self.signed(.v4, pins))
        #expect(failure?.code == "AccessDenied")
        #expect(failure?.message.hasPrefix("Invalid according to Policy: Policy Condition missing: ") == true)
    }

    @Test func `wants the token of a temporary key`() {
        let token = "CAIS/token+=="
        #expect(Self.failure(Self.signed(.v1, [], token: token), token: token) == nil)
        let pinned = Self.pins + ["{\"x-oss-security-token\":\"\(token)\"}"]
        #expect(Self.failure(Self.signed(.v4, pinned, token: token), token: token) == nil)
        #expect(
            Self.failure(Self.signed(.v4, Self.pins, token: token), token: token)?.message.hasSuffix("security-token.")
                == true)
        #expect(Self.failure(Self.signed(.v1, []), token: token)?.code == "InvalidAccessKeyId")
        #expect(Self.failure(Self.signed(.v1, [], token: token))?.code == "AccessKeyIdAndSecurityTokenNotMatch")
        #expect(Self.failure(Self.signed(.v1, [], token: "x"), token: token)?.code == "InvalidSecurityToken")
    }

    @Test(arguments: [
        ("e", "The policy is not base64 encoded."), (Base64.encode("{".utf8.span), "Invalid JSON: "),
        (Base64.encode("{\"conditions\":[]}".utf8.span), "Policy missing expiration."),
        (Base64.encode("{\"expiration\":\"x\",\"conditions\":[]}".utf8.span), "Invalid 'expiration' value: \"x\"."),
        (
            Base64.encode("{\"expiration\":\"2030-01-01T00:00:00Z\",\"conditions\":[1]}".utf8.span),
            "Invalid Condition: 1."
        ),
    ])
    func `refuses a policy that it cannot read`(policy: String, problem: String) {
        var fields = Self.signed(.v1, [])
        fields["policy"] = Array(policy.utf8)
        let failure = Self.failure(fields)
        #expect(failure?.status == 400)
        #expect(failure?.code == "InvalidPolicyDocument")
        #expect(failure?.message.hasPrefix("Invalid Policy: " + problem) == true)
    }
}
