// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Signing

@Suite struct US3VerifierTests {
    @Test(arguments: US3Vector.header)
    func `accepts header requests of the SDKs`(vector: US3Vector) {
        let policy = vector.policy.isEmpty ? nil : Array(vector.policy.utf8)
        #expect(
            US3Claim(header: vector).verify(vector.credentials)
                == .authenticated(keyID: vector.credentials.id, policy: policy))
    }

    @Test(arguments: US3Vector.url)
    func `accepts URLs of the SDKs, also with a signature that is not escaped`(vector: US3Vector) {
        for query in ["query_encoded_go_order", "query_encoded_python_order"] {
            let claim = US3Claim(url: vector, query: query)
            #expect(claim.verify(vector.credentials) == .authenticated(keyID: vector.credentials.id, policy: nil))
        }
        var claim = US3Claim(url: vector, query: "query_encoded_go_order")
        for index in claim.parameters.indices where claim.parameters[index].name == Array("Signature".utf8) {
            claim.parameters[index].value = claim.parameters[index].value.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }
        }
        #expect(claim.verify(vector.credentials) == .authenticated(keyID: vector.credentials.id, policy: nil))
    }

    @Test(arguments: US3Vector.form)
    func `accepts a form and refuses it with any byte changed`(vector: US3Vector) {
        func verify(
            authorization: [UInt8], key: [UInt8], md5: [UInt8] = [], type: [UInt8], bucket: String = "demobucket"
        ) -> US3Authentication {
            US3Verifier().verifyForm(
                authorization: authorization, bucket: bucket, key: key, fileMD5: md5, fileType: type, token: nil
            ) { $0 == vector.credentials.id ? vector.credentials : nil }
        }
        let authorization = Array(vector.text("authorization").utf8)
        let type = Array(vector.text("content_type").utf8)
        let accepted = US3Authentication.authenticated(keyID: vector.credentials.id, policy: nil)
        #expect(verify(authorization: authorization, key: vector.key, type: type) == accepted)
        var wrong = Tampering.changes(of: authorization).map { verify(authorization: $0, key: vector.key, type: type) }
        wrong += Tampering.changes(of: vector.key).map { verify(authorization: authorization, key: $0, type: type) }
        wrong += Tampering.changes(of: type).map { verify(authorization: authorization, key: vector.key, type: $0) }
        wrong.append(verify(authorization: authorization, key: vector.key, md5: [0x30], type: type))
        wrong.append(verify(authorization: authorization, key: vector.key, type: type, bucket: "demobuckeT"))
        wrong.append(verify(authorization: authorization + Array(":e30=".utf8), key: vector.key, type: type))
        #expect(wrong.count > 100)
        for result in wrong {
            guard case .refused = result else { return #expect(result == .anonymous) }
        }
    }

    @Test(arguments: US3Vector.header)
    func `refuses header requests with any byte changed`(vector: US3Vector) {
        let claim = US3Claim(header: vector)
        let unsigned = ["Content-Length", "Host", "SecurityToken"]
        expectRefused(Self.tampered(claim, leaving: unsigned), vector)
    }

    @Test(arguments: US3Vector.url)
    func `refuses URLs with any byte changed`(vector: US3Vector) {
        let claim = US3Claim(url: vector, query: "query_encoded_go_order")
        expectRefused(Self.tampered(claim, leaving: []), vector)
    }

    private func expectRefused(_ claims: [(what: String, claim: US3Claim)], _ vector: US3Vector) {
        #expect(claims.count > 100)
        var accepted: [String] = []
        for (what, claim) in claims {
            if case .authenticated = claim.verify(vector.credentials) { accepted.append(what) }
        }
        #expect(accepted == [])
    }

    /// All requests that differ in a single byte of what is signed.
    static func tampered(_ claim: US3Claim, leaving unsigned: [String]) -> [(what: String, claim: US3Claim)] {
        var found: [(String, US3Claim)] = []
        func add(_ what: String, _ change: (inout US3Claim) -> Void) {
            var changed = claim
            change(&changed)
            found.append((what, changed))
        }
        for method in Tampering.changes(of: Array(claim.method.utf8)) {
            add("method") { $0.method = String(decoding: method, as: UTF8.self) }
        }
        for bucket in Tampering.changes(of: Array(claim.bucket.utf8)) {
            add("bucket") { $0.bucket = String(decoding: bucket, as: UTF8.self) }
        }
        for key in Tampering.changes(of: claim.key) { add("key \(key)") { $0.key = key } }
        for (index, parameter) in claim.parameters.enumerated() {
            // The others ride along unsigned (api/authorization-url.md).
            guard ["Expires", "Signature", "UCloudPublicKey"].contains(String(octets: parameter.name.span)) else {
                continue
            }
            for value in Tampering.changes(of: parameter.value) {
                add("parameter \(index)") { $0.parameters[index].value = value }
            }
        }
        for index in claim.fields.indices {
            let name = String(octets: claim.fields.name(at: index).span)
            guard !unsigned.contains(name) else { continue }
            for value in Tampering.changes(of: Array(claim.fields.value(at: index)))
            where HeaderFields.isValidValue(value.span) {
                add("\(name): \(value)") { changed in
                    var fields = HeaderFields()
                    for other in claim.fields.indices where other != index {
                        fields.append(fieldAt: other, of: claim.fields)
                    }
                    fields.append(name: name, bytes: value.span)
                    changed.fields = fields
                }
            }
        }
        return found
    }

    // MARK: Rules

    static let key = AccessKey(id: "TOKEN_1", secret: Array("secret".utf8))
    static let temporary = AccessKey(id: "STS.1", secret: Array("secret".utf8), token: "the token")

    static func claim(
        _ fields: [(String, String)] = [], parameters: [(String, String)] = [], signedBy key: AccessKey? = nil,
        policy: String = ""
    ) -> US3Claim {
        var head = HeaderFields()
        for (name, value) in fields { head.append(name: name, value) }
        if let key {
            US3Signer(credentials: key).sign(method: "PUT", bucket: "b", key: [0x6B], policy: policy, fields: &head)
        }
        return US3Claim(
            method: "PUT", bucket: "b", key: [0x6B],
            parameters: parameters.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) }, fields: head)
    }

    @Test func `knows a request that nobody signed`() {
        #expect(Self.claim().verify(Self.key) == .anonymous)
        #expect(Self.claim(parameters: [("Expires", "1")]).verify(Self.key) == .anonymous)
    }

    @Test(arguments: [
        "", "UCloud", "UCloud ", "UCloud id", "UCloud id:", "UCloud :sig", "UCloud id:sig:", "UCloud id:sig:p:q",
        "ucloud id:sig", "AWS id:sig", "OSS id:sig", "Bearer x",
    ])
    func `finds no authorization in other texts`(value: String) {
        let failure = Self.claim([("Authorization", value)]).failure(Self.key)
        #expect(failure == US3AuthFailure(status: 401, retCode: -148643, message: "no authorization found"))
    }

    @Test func `refuses two signatures, in one place or in two`() {
        var twice = Self.claim(signedBy: Self.key)
        twice.fields.append("Authorization", "UCloud a:b")
        #expect(twice.failure(Self.key)?.status == 401)
        let both = Self.claim(parameters: [("Signature", "x")], signedBy: Self.key)
        #expect(both.failure(Self.key) == US3AuthFailure.headerAndURL)
    }

    @Test func `looks at the end of a URL's time before its signature`() {
        let late = Self.claim(parameters: [("UCloudPublicKey", "nobody"), ("Expires", "100"), ("Signature", "x")])
        #expect(late.failure(Self.key, now: 101) == US3AuthFailure.expired)
        #expect(late.failure(Self.key, now: 100) == US3AuthFailure.invalidSignature)
        for missing in ["UCloudPublicKey", "Expires", "Signature"] {
            var claim = late
            claim.parameters.removeAll { $0.name == Array(missing.utf8) }
            #expect(claim.failure(Self.key, now: 1)?.status == (missing == "Expires" ? 401 : 401))
        }
        var words = late
        words.parameters[1].value = Array("soon".utf8)
        #expect(words.failure(Self.key, now: 1)?.status == 401)
    }

    @Test func `says the same of a wrong key, secret, and token`() {
        let stranger = AccessKey(id: "TOKEN_2", secret: Array("secret".utf8))
        let other = AccessKey(id: "TOKEN_1", secret: Array("Secret".utf8))
        #expect(Self.claim(signedBy: stranger).failure(Self.key) == .invalidSignature)
        #expect(Self.claim(signedBy: other).failure(Self.key) == .invalidSignature)
        #expect(US3AuthFailure.invalidSignature.status == 403)

        #expect(Self.claim(signedBy: Self.temporary).failure(Self.temporary) == nil)
        var claim = Self.claim(signedBy: Self.temporary)
        claim.fields.set("SecurityToken", "another")
        #expect(claim.failure(Self.temporary) == .invalidSignature)
        claim.fields.remove("SecurityToken")
        #expect(claim.failure(Self.temporary) == .invalidSignature)
        #expect(Self.claim([("SecurityToken", "t")], signedBy: Self.key).failure(Self.key) == .invalidSignature)
    }

    @Test func `refuses a second field of those that are signed once`() {
        for name in ["Content-Type", "Content-MD5", "Date"] {
            var claim = Self.claim([(name, "a")], signedBy: Self.key)
            #expect(claim.failure(Self.key) == nil)
            claim.fields.append(name: name, "b")
            #expect(claim.failure(Self.key) == .invalidSignature)
        }
    }

    @Test func `takes a date of any form and age`() {
        for date in ["Tue, 21 Nov 2023 08:00:00 GMT", "20231121080000"] {
            #expect(Self.claim([("Date", date)], signedBy: Self.key).failure(Self.key) == nil)
        }
    }

    @Test func `leaves policies of both alphabets as they are`() {
        for policy in ["e30-_w==", "e30+/w=="] {
            #expect(
                Self.claim(signedBy: Self.key, policy: policy).verify(Self.key)
                    == .authenticated(keyID: "TOKEN_1", policy: Array(policy.utf8)))
        }
    }
}
