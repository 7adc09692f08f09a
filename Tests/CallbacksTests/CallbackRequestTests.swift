// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Digests
import HTTPWire
import Octets
import Testing

/// The production key of OSS, <https://gosspublic.alicdn.com/callback_pub_key_v1.pem>.
private let vendorKeyPEM = """
    -----BEGIN PUBLIC KEY-----
    MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKs/JBGzwUB2aVht4crBx3oIPBLNsjGs
    C0fTXv+nvlmklvkcolvpvXLTjaxUHR3W9LXxQ2EHXAJfCB+6H2YF1k8CAwEAAQ==
    -----END PUBLIC KEY-----

    """

private struct Capture: Sendable {
    let path: String
    let query: String?
    let body: String
    let authorization: String
}

// Real signatures of the service: its page Callback, and a packet capture of 2018 in its best practices.
private let captures = [
    Capture(
        path: "/index.php", query: "id=1&index=2", body: "bucket=yonghu-test",
        authorization: "kKQeGTRccDKyHB3H9vF+xYMSrmhMZjzzl2/kdD1ktNVgbWEfYTQG0G2SU/RaHBovRCE8OkQDjC3uG33esH2txA=="),
    Capture(
        path: "/", query: nil, body: "filename=.snappython.png&size=6014&mimeType=image%2Fpng&height=221&width=396",
        authorization: "fsNxFF0wNOpC0YMNAoFb//a8x6v2lI1ih7kXIh3nFUDALgku9bhC+cWQsnxuCo88vahKtBUmnDI6k1PofggA4g=="),
]

@Suite struct CallbackSignatureTests {
    private let verifier = CallbackSignatureVerifier()

    @Test(arguments: captures.indices)
    func `verifies real callbacks and nothing else`(index: Int) throws {
        let capture = captures[index]
        let key = try RSAPublicKey(pem: vendorKeyPEM)
        let fields = HeaderFields([("authorization", capture.authorization)])
        func verify(path: String, query: String?, body: String) throws(CallbackSignatureVerifier.Failure) {
            try verifier.verify(path: path.bytes, query: query?.bytes, fields: fields, body: body.bytes, key: key)
        }
        try verify(path: capture.path, query: capture.query, body: capture.body)
        #expect(throws: CallbackSignatureVerifier.Failure.mismatch) {
            try verify(path: capture.path, query: capture.query, body: capture.body + " ")
        }
        #expect(throws: CallbackSignatureVerifier.Failure.mismatch) {
            try verify(path: capture.path, query: "id=1", body: capture.body)
        }
        #expect(throws: CallbackSignatureVerifier.Failure.mismatch) {
            try verify(path: "/other", query: capture.query, body: capture.body)
        }
    }

    @Test func `decodes the path but not the query`() throws {
        let key = try RSAPublicKey(pem: vendorKeyPEM)
        let fields = HeaderFields([("Authorization", captures[0].authorization)])
        try verifier.verify(
            path: "/%69ndex%2Ephp".bytes, query: "id=1&index=2".bytes, fields: fields, body: captures[0].body.bytes,
            key: key)
        #expect(throws: CallbackSignatureVerifier.Failure.mismatch) {
            try verifier.verify(
                path: "/index.php".bytes, query: "id=1%26index=2".bytes, fields: fields,
                body: captures[0].body.bytes, key: key)
        }
    }

    @Test func `refuses what is not signed`() throws {
        let key = try RSAPublicKey(pem: vendorKeyPEM)
        let twice = [("Authorization", captures[0].authorization), ("Authorization", captures[0].authorization)]
        for fields in [[], [("Authorization", "not base64")], twice] {
            #expect(throws: CallbackSignatureVerifier.Failure.unsigned) {
                try verifier.verify(
                    path: "/index.php".bytes, query: "id=1&index=2".bytes, fields: HeaderFields(fields),
                    body: captures[0].body.bytes, key: key)
            }
        }
    }

    @Test(arguments: [
        "https://gosspublic.alicdn.com/callback_pub_key_v1.pem", "http://gosspublic.alicdn.com/callback_pub_key_v1.pem",
    ])
    func `trusts the vendor's key`(url: String) throws {
        #expect(try verifier.keyURL(of: HeaderFields([("x-oss-pub-key-url", base64(url))])) == url)
    }

    @Test(arguments: [
        "https://gosspublic.alicdn.com.evil.example/key.pem", "https://evil.example/gosspublic.alicdn.com/",
        "ftp://gosspublic.alicdn.com/", "",
    ])
    func `does not trust anybody else's key`(url: String) {
        #expect(throws: CallbackSignatureVerifier.Failure.untrustedKey(url: url)) {
            try verifier.keyURL(of: HeaderFields([("x-oss-pub-key-url", base64(url))]))
        }
    }

    @Test func `wants exactly one key`() {
        let url = ("x-oss-pub-key-url", base64("https://gosspublic.alicdn.com/a"))
        for fields in [[], [url, url], [("x-oss-pub-key-url", "https://gosspublic.alicdn.com/")]] {
            #expect(throws: CallbackSignatureVerifier.Failure.unsigned) {
                try verifier.keyURL(of: HeaderFields(fields))
            }
        }
    }
}

@Suite struct CallbackRequestTests {
    @Test func `looks like a callback of OSS`() throws {
        let url = try CallbackURL(parsing: "http://app.example.com:8080/oss/call%20back?id=1&x=%2F")
        let callback = ClientCallback(
            vendor: .oss, urls: [url],
            body: try Template(parsing: "object=${object}&size=${size}", syntax: .client(.oss)),
            additionalHeaders: [("key1", "val1")])
        let signer = CallbackRequest.Signer(
            key: try RSAPrivateKey.generate(bits: 1024), publicKeyURL: "http://127.0.0.1:9000/key.pem")
        let request = try CallbackRequest.client(
            callback, to: url, facts: .sample(), signer: signer, requester: "1234567890", now: 1_700_000_000)
        #expect(request.body.text == "object=photos%2Fa%20b.jpg&size=5")
        #expect(!request.sendsServerName)
        let authorization = try #require(request.fields.string("authorization"))
        #expect(
            request.fields.lines == [
                "Host: app.example.com:8080", "Connection: close", "Content-Length: 32",
                "Content-Type: application/x-www-form-urlencoded", "Content-MD5: jsQCf6R2YXk5nQywCOEjbA==",
                "Date: Tue, 14 Nov 2023 22:13:20 GMT", "User-Agent: aliyun-oss-callback",
                "Authorization: \(authorization)", "x-oss-pub-key-url: aHR0cDovLzEyNy4wLjAuMTo5MDAwL2tleS5wZW0=",
                "x-oss-signature-version: 1.0", "x-oss-tag: CALLBACK", "x-oss-bucket: media",
                "x-oss-request-id: 5C3D9778CC1C2AEDF85B0001", "x-oss-requester: 1234567890", "key1: val1",
            ])

        let signature = try #require(base64Decoded(authorization))
        let signed = "/oss/call back?id=1&x=%2F\nobject=photos%2Fa%20b.jpg&size=5".bytes
        let publicKey = try RSAPublicKey(pem: signer.key.publicKeyPEM)
        #expect(publicKey.signs(signed, with: signature))
        let verifier = CallbackSignatureVerifier(trustedPrefixes: ["http://127.0.0.1:9000/"])
        #expect(try verifier.keyURL(of: request.fields) == "http://127.0.0.1:9000/key.pem")
        try verifier.verify(
            path: url.rawPath.bytes, query: url.rawQuery?.bytes, fields: request.fields, body: request.body,
            key: publicKey)
    }

    @Test func `goes without a signature, a requester and a bare question mark`() throws {
        let url = try CallbackURL(parsing: "https://a.example.com/b?")
        let callback = ClientCallback(
            vendor: .oss, urls: [url], host: "h.example.com",
            body: try Template(parsing: "{\"s\":${size}}", syntax: .client(.oss)),
            contentType: .json, sendsServerName: true)
        let unsigned = try CallbackRequest.client(callback, to: url, facts: .sample(), signer: nil, now: 0)
        #expect(unsigned.fields.string("host") == "h.example.com" && unsigned.sendsServerName)
        #expect(unsigned.fields.string("content-type") == "application/json")
        #expect(!unsigned.fields.contains("authorization") && !unsigned.fields.contains("x-oss-requester"))
        #expect(!unsigned.fields.contains("x-oss-pub-key-url") && unsigned.body.text == "{\"s\":5}")

        let key = try RSAPrivateKey.generate(bits: 1024)
        let signed = try CallbackRequest.client(
            callback, to: url, facts: .sample(), signer: .init(key: key, publicKeyURL: "http://k/"), now: 0)
        let signature = try #require(signed.fields.string("authorization").flatMap(base64Decoded))
        let publicKey = try RSAPublicKey(pem: key.publicKeyPEM)
        #expect(publicKey.signs("/b\n{\"s\":5}".bytes, with: signature))
    }

    @Test func `says that Putback sends it`() throws {
        let policy = try CallbackPolicy.sample(urls: ["http://app:8000/uploaded"], host: "app.internal")
        let url = try CallbackURL(parsing: policy.urls[0])
        let request = try CallbackRequest.putback(
            policy, to: url, facts: .sample(), signer: nil, now: 1_700_000_000)
        #expect(request.body.text == #"{"object":"photos/a b.jpg"}"#)
        #expect(
            request.fields.lines == [
                "Host: app.internal", "Content-Length: 27", "Content-Type: application/json",
                "Content-MD5: lEolrVCk5Q4dgGtNVsrTNg==", "Date: Tue, 14 Nov 2023 22:13:20 GMT", "User-Agent: putback",
                "Putback-Request-Id: 5C3D9778CC1C2AEDF85B0001", "x-oss-tag: CALLBACK",
                "x-oss-bucket: \(CallbackFacts.sample().bucket)",
                "x-oss-request-id: 5C3D9778CC1C2AEDF85B0001",
            ])
        let head = request.encodedHead().text
        #expect(head == "POST /uploaded HTTP/1.1\r\n" + request.fields.lines.map { "\($0)\r\n" }.joined() + "\r\n")
        let key = try RSAPrivateKey.generate(bits: 1024)
        let signed = try CallbackRequest.putback(
            policy, to: url, facts: .sample(), signer: .init(key: key, publicKeyURL: "http://k/"), now: 0)
        let signature = try #require(signed.fields.string("authorization").flatMap(base64Decoded))
        #expect(try RSAPublicKey(pem: key.publicKeyPEM).signs("/uploaded\n".bytes + signed.body, with: signature))
    }
}
