// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Testing

@testable import Signing

@Suite struct TOSVerifierTests {
    /// An answer that an SDK's own tests know: sign_v4_test.go of the Go SDK (two versions, with and without `date`), and
    /// test_auth.py of the Python SDK.
    struct Known: Sendable {
        var key: AccessKey
        var now: Int64
        var method = "GET"
        var path: String
        var query = ""
        var fields: [(String, String)]

        func verify(_ verifier: TOSVerifier = TOSVerifier()) throws(TOSAuthFailure) -> String? {
            let text = Array(query.utf8)
            let items = QueryItems(text.span, plusIsSpace: true)?.items ?? []
            return try verifier.verify(
                method: method, path: Array(path.utf8), parameters: items.map { (name: $0.name, value: $0.value) },
                fields: Self.fields(fields), now: now
            ) { $0 == key.id ? key : nil }
        }

        static func fields(_ list: [(String, String)]) -> HeaderFields {
            var fields = HeaderFields()
            for (name, value) in list { fields.append(name: name, value) }
            return fields
        }
    }

    static let go = AccessKey(
        id: "AKIAIOSFODNN7EXAMPLE", secret: Array("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".utf8))
    static let goNow = ISO8601.parseBasic("20210721T104454Z".utf8.span) ?? 0
    static let python = ISO8601.parseBasic("20210101T000000Z".utf8.span) ?? 0

    static func goHeader(_ names: String, _ signature: String, date: [(String, String)]) -> Known {
        let scope = "20210721/cn-north-1/tos/request"
        return Known(
            key: go, now: goNow, path: "/test.txt",
            fields: [
                ("Host", "test.tos.com:8080"),
                (
                    "Authorization",
                    "TOS4-HMAC-SHA256 Credential=\(go.id)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
                ),
            ] + date)
    }

    static func url(_ credential: String, _ date: String, _ expires: Int, _ rest: String) -> String {
        "X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Credential=\(credential)%2Ftos%2Frequest&X-Tos-Date=\(date)"
            + "&X-Tos-Expires=\(expires)&X-Tos-SignedHeaders=host&\(rest)"
    }

    static let known = [
        Known(
            key: go, now: goNow, path: "/test.txt",
            query: url(
                "AKIAIOSFODNN7EXAMPLE%2F20210721%2Fcn-north-1", "20210721T104454Z", 3600,
                "X-Tos-Signature=decc75e2b2d453117f81e53954eb2cd3a2f56db2951e9b2257863db4c4921111"),
            fields: [("Host", "test.tos.com:8080")]),
        goHeader(
            "date;host;x-tos-date", "8851df83fd33af6fb4a28addbe938d88139715dca85bbb43ee739c3eb58eddf2",
            date: [("Date", "20210721T104454Z"), ("X-Tos-Date", "20210721T104454Z")]),
        goHeader(
            "host;x-tos-date", "3453b54ecfc50e6ed3fc15cbdb82f8a18d644063302080fb18ee10daa4f1a23f",
            date: [("X-Tos-Date", "20210721T104454Z")]),
        Known(
            key: AccessKey(id: "ak", secret: Array("sk".utf8)), now: python, path: "/key",
            query: url(
                "ak%2F20210101%2Fbeijing", "20210101T000000Z", 86400,
                "X-Tos-Signature=b87788cb98d1a5a91a046d20eb212ffc22cf7cd4c1d4e9bd2d15a989afb97d2f"),
            fields: [("Host", "bkt.tos-cn-beijing.volces.com")]),
        Known(
            key: AccessKey(id: "ak", secret: Array("sk".utf8), token: "sts"), now: python, method: "PUT", path: "/key",
            query: url(
                "ak%2F20210101%2Fbeijing", "20210101T000000Z", 3600,
                "X-Tos-Security-Token=sts&X-Tos-Signature="
                    + "3041fb481e31ec25fe7a1be44cafe25caf1cd97228710ee440b2ca1bd49bc563"),
            fields: [("Host", "bkt.tos-cn-beijing.volces.com")]),
    ]

    @Test(arguments: known.indices)
    func `knows the answers of the SDKs' own tests`(index: Int) throws {
        let known = Self.known[index]
        #expect(try known.verify() == known.key.id)
        var other = known
        other.path += "x"
        #expect(throws: TOSAuthFailure.mismatch) { try other.verify() }
    }

    /// Signs with a signer, for changes of what was signed.
    static func signed(_ fields: [(String, String)], now: Int64 = goNow, region: String = "cn-north-1") -> HeaderFields
    {
        var result = Known.fields([("Host", "bucket.test")] + fields)
        TOSSigner(key: go, region: region).sign(
            method: "PUT", bucket: nil, key: Array("a".utf8), parameters: [], fields: &result, now: now)
        return result
    }

    static func verify(
        _ fields: HeaderFields, by verifier: TOSVerifier = TOSVerifier(), now: Int64 = goNow
    ) throws(TOSAuthFailure) -> String? {
        try verifier.verify(method: "PUT", path: Array("/a".utf8), parameters: [], fields: fields, now: now) {
            $0 == go.id ? go : nil
        }
    }

    @Test func `a run of blanks may be signed as one, and as it is`() throws {
        for value in ["a  b", "a\tb", "a \t  b  c"] {
            let asIs = Self.signed([("x-tos-meta-note", value)])
            #expect(try Self.verify(asIs) == Self.go.id)
            var folded = Self.signed([("x-tos-meta-note", value.contains("c") ? "a b c" : "a b")])
            folded.set("x-tos-meta-note", value)
            #expect(try Self.verify(folded) == Self.go.id, "\(value)")
            var other = Self.signed([("x-tos-meta-note", "ab")])
            other.set("x-tos-meta-note", value)
            #expect(throws: TOSAuthFailure.mismatch) { try Self.verify(other) }
        }
    }

    @Test func `values of one name are joined`() throws {
        var fields = Self.signed([("x-tos-meta-note", "one"), ("X-Tos-Meta-Note", "two")])
        #expect(try Self.verify(fields) == Self.go.id)
        #expect(fields.string("Authorization")?.contains("x-tos-date;x-tos-meta-note,") == true)
        fields.set("x-tos-meta-note", "one,two")
        #expect(try Self.verify(fields) == Self.go.id)
    }

    @Test func `says what is wrong with an authorization`() {
        func failure(_ authorization: String) -> TOSAuthFailure? {
            var fields = Self.signed([])
            fields.set("Authorization", authorization)
            do throws(TOSAuthFailure) { _ = try Self.verify(fields) } catch { return error }
            return nil
        }
        #expect(failure("AWS4-HMAC-SHA256 Credential=a") == .headerAlgorithm)
        #expect(failure("TOS4-HMAC-SHA256") == .headerAlgorithm)
        #expect(TOSAuthFailure.headerAlgorithm.ec == "0002-00000030")
        for text in [
            "Credential=a/20210721/r/tos/request", "Credential=a/20210721/r/oss/request,SignedHeaders=host,Signature=0",
            "Credential=/20210721/r/tos/request,SignedHeaders=host,Signature=0",
            "Credential=a/2021072/r/tos/request,SignedHeaders=host,Signature=0", "Credential",
            "Credential=a/20210721/r/tos/request,Credential=a/20210721/r/tos/request,SignedHeaders=host,Signature=0",
            "Credential=a/20210721/r/tos/request,SignedHeaders=host,Signature=0,Other=1",
        ] {
            #expect(failure("TOS4-HMAC-SHA256 " + text) == .malformed, "\(text)")
        }
        #expect(
            failure("TOS4-HMAC-SHA256 Credential=a/b/20210721/r/tos/request,SignedHeaders=host,Signature=0")
                == .unsigned)
    }

    @Test func `takes the date of HTTP where no other is there`() throws {
        var fields = Self.signed([])
        fields.remove("x-tos-date")
        #expect(throws: TOSAuthFailure.noDate) { try Self.verify(fields) }
        fields.append("Date", "Wed, 21 Jul 2021 10:44:54 GMT")
        // It is there and in time, but what was signed is another set of fields.
        #expect(throws: TOSAuthFailure.mismatch) { try Self.verify(fields) }
        #expect(throws: TOSAuthFailure.skewed) { try Self.verify(fields, now: Self.goNow + 901) }
        fields.set("Date", "Thu, 22 Jul 2021 10:44:54 GMT")
        #expect(throws: TOSAuthFailure.noDate) { try Self.verify(fields, now: Self.goNow + 86400) }
        fields.set("x-tos-date", "Wed, 21 Jul 2021 10:44:54 GMT")
        #expect(throws: TOSAuthFailure.noDate) { try Self.verify(fields) }
    }

    @Test func `remembers keys and forgets the oldest`() throws {
        let verifier = TOSVerifier()
        for round in 0..<3 {
            for index in 0..<40 {
                let fields = Self.signed([], region: "region-\(index)")
                #expect(try Self.verify(fields, by: verifier) == Self.go.id, "\(round) \(index)")
            }
        }
        let other = AccessKey(id: Self.go.id, secret: Array("another".utf8))
        let fields = Self.signed([], region: "region-39")
        #expect(throws: TOSAuthFailure.mismatch) {
            try verifier.verify(
                method: "PUT", path: Array("/a".utf8), parameters: [], fields: fields, now: Self.goNow
            ) { _ in other }
        }
    }

    @Test func `signs anew on another day`() throws {
        let signer = TOSSigner(key: Self.go, region: "r")
        for now in [Self.goNow, Self.goNow + 1, Self.goNow + 86400, Self.goNow] {
            var fields = Known.fields([("Host", "bucket.test")])
            signer.sign(method: "PUT", bucket: "b", key: Array("a".utf8), parameters: [], fields: &fields, now: now)
            let id = try TOSVerifier().verify(
                method: "PUT", path: Array("/b/a".utf8), parameters: [], fields: fields, now: now
            ) { $0 == Self.go.id ? Self.go : nil }
            #expect(id == Self.go.id)
        }
    }

    @Test func `a form with any of the fields claims to come from somebody`() throws {
        func verify(_ names: [String]) throws(TOSAuthFailure) -> String? {
            try TOSVerifier().verifyForm(
                fields: { names.contains($0) ? Array("x".utf8) : nil }, now: 0, key: { _ in nil })
        }
        #expect(try verify(["key"]) == nil)
        for name in [
            "policy", "x-tos-algorithm", "x-tos-credential", "x-tos-date", "x-tos-signature", "x-tos-security-token",
        ] {
            #expect(throws: TOSAuthFailure.malformedForm) { try verify([name]) }
        }
    }
}
