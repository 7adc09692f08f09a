// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Signing

@Suite struct US3SignerTests {
    @Test func `has all vectors in one of the tests`() {
        #expect(US3Vector.all.count == 38)
        #expect(US3Vector.header.count + US3Vector.url.count + US3Vector.form.count == 38)
    }

    @Test(arguments: US3Vector.header)
    func `signs like the SDKs in header form`(vector: US3Vector) {
        let signer = US3Signer(credentials: vector.credentials)
        var fields = vector.fields
        // Twice: what is kept from the first may not show in the second.
        for _ in 0..<2 {
            signer.sign(
                method: vector.text("method"), bucket: vector.text("bucket"), key: vector.key, policy: vector.policy,
                fields: &fields)
        }
        let policy = vector.policy.isEmpty ? "" : ":\(vector.policy)"
        let expected = "UCloud \(vector.text("public_key")):\(vector.text("signature"))\(policy)"
        #expect(fields.string("Authorization") == expected)
        #expect(fields.count(of: "Authorization") == 1)
        #expect(String(decoding: signer.signedText.stringToSign, as: UTF8.self) == vector.text("string_to_sign"))
    }

    @Test(arguments: US3Vector.url)
    func `signs like the SDKs in URL form`(vector: US3Vector) {
        let signer = US3Signer(credentials: vector.credentials)
        let added = signer.presign(
            method: vector.text("method"), bucket: vector.text("bucket"), key: vector.key, fields: vector.fields,
            expires: 1_893_456_000)
        #expect(String(decoding: signer.signedText.stringToSign, as: UTF8.self) == vector.text("string_to_sign"))
        let query = added.map { name, value in
            String(decoding: name, as: UTF8.self) + "=" + Percent.encode(String(decoding: value, as: UTF8.self))
        }
        #expect(vector.text("query_encoded_go_order").hasPrefix(query.joined(separator: "&")))
    }

    @Test(arguments: US3Vector.form)
    func `signs a form like the SDKs`(vector: US3Vector) {
        let signer = US3Signer(credentials: vector.credentials)
        let authorization = signer.formAuthorization(
            bucket: vector.text("bucket"), key: vector.key, fileMD5: vector.text("content_md5"),
            fileType: vector.text("content_type"))
        #expect(authorization == vector.text("authorization"))
        #expect(String(decoding: signer.signedText.stringToSign, as: UTF8.self) == vector.text("string_to_sign"))
    }

    @Test func `sends a token and does not sign it`() {
        let key = AccessKey(id: "STS.demo", secret: Array("secret".utf8), token: "token/+=")
        let plain = AccessKey(id: "STS.demo", secret: Array("secret".utf8))
        var fields = HeaderFields()
        var other = HeaderFields()
        US3Signer(credentials: key).sign(method: "PUT", bucket: "b", key: [0x6B], fields: &fields)
        US3Signer(credentials: plain).sign(method: "PUT", bucket: "b", key: [0x6B], fields: &other)
        #expect(fields.string("SecurityToken") == "token/+=")
        #expect(fields.string("Authorization") == other.string("Authorization"))
        let added = US3Signer(credentials: key).presign(
            method: "PUT", bucket: "b", key: [0x6B], fields: HeaderFields(), expires: 1)
        #expect(added.last?.name == Array("SecurityToken".utf8))
    }

    @Test func `signs a policy of the standard alphabet as it stands`() throws {
        let vector = try #require(US3Vector.all.first { $0.text("id") == "p11-put-alphabet" })
        let standard = vector.text("policy_base64_standard_alphabet")
        #expect(standard != vector.policy)
        let signer = US3Signer(credentials: vector.credentials)
        var fields = vector.fields
        signer.sign(
            method: "PUT", bucket: vector.text("bucket"), key: vector.key, policy: standard, fields: &fields)
        #expect(String(decoding: signer.signedText.stringToSign, as: UTF8.self).hasSuffix("demokey\(standard)"))
        #expect(fields.string("Authorization")?.hasSuffix(":\(standard)") == true)
    }
}
