// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

/// RSA signatures with MD5.
@Suite struct RSATests {
    /// The public key of the OSS callback service, 512 bits (https://gosspublic.alicdn.com/callback_pub_key_v1.pem).
    static let vendorKey = """
        -----BEGIN PUBLIC KEY-----
        MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKs/JBGzwUB2aVht4crBx3oIPBLNsjGs
        C0fTXv+nvlmklvkcolvpvXLTjaxUHR3W9LXxQ2EHXAJfCB+6H2YF1k8CAwEAAQ==
        -----END PUBLIC KEY-----

        """

    /// Signatures printed in the OSS documentation: Callback API page, and the capture of 2018-09-15 in the best
    /// practice about browser uploads.
    static let vendorSignatures = [
        (
            message: "/index.php?id=1&index=2\nbucket=yonghu-test",
            signature: "kKQeGTRccDKyHB3H9vF+xYMSrmhMZjzzl2/kdD1ktNVgbWEfYTQG0G2SU/RaHBovRCE8OkQDjC3uG33esH2txA=="
        ),
        (
            message: "/\nfilename=.snappython.png&size=6014&mimeType=image%2Fpng&height=221&width=396",
            signature: "fsNxFF0wNOpC0YMNAoFb//a8x6v2lI1ih7kXIh3nFUDALgku9bhC+cWQsnxuCo88vahKtBUmnDI6k1PofggA4g=="
        ),
    ]

    @Test(arguments: vendorSignatures)
    func `verifies what OSS signed and nothing else`(message: String, signature: String) throws {
        let key = try RSAPublicKey(pem: Self.vendorKey)
        let decoded = Base64.decode(signature.utf8.span)
        var signature = try #require(decoded)
        #expect(key.verifyPKCS1MD5(message.utf8.span, signature: signature.span) == true)
        #expect(key.verifyPKCS1MD5((message + " ").utf8.span, signature: signature.span) == false)
        #expect(key.verifyPKCS1MD5(message.utf8.span, signature: signature.span.extracting(1...)) == false)
        #expect(key.verifyPKCS1MD5(message.utf8.span, signature: "".utf8.span) == false)
        signature[0] ^= 1
        #expect(key.verifyPKCS1MD5(message.utf8.span, signature: signature.span) == false)
    }

    @Test(arguments: [512, 1024])
    func `signs so that the public half verifies`(bits: Int) throws {
        let key = try RSAPrivateKey.generate(bits: bits)
        #expect(key.publicKeyPEM.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
        let publicKey = try RSAPublicKey(pem: key.publicKeyPEM)
        let signature = try key.signPKCS1MD5("message".utf8.span)
        #expect(signature.count == bits / 8)
        #expect(publicKey.verifyPKCS1MD5("message".utf8.span, signature: signature.span) == true)
        let other = try RSAPublicKey(pem: try RSAPrivateKey.generate(bits: bits).publicKeyPEM)
        #expect(other.verifyPKCS1MD5("message".utf8.span, signature: signature.span) == false)
        let again = try RSAPrivateKey(pem: key.pem)
        #expect(again.pem == key.pem && again.publicKeyPEM == key.publicKeyPEM)
        // PKCS#1 v1.5 has no random part.
        #expect(try again.signPKCS1MD5("message".utf8.span) == signature)
        #expect(try key.signPKCS1MD5("".utf8.span).count == bits / 8)
    }

    @Test(arguments: [
        "", "no PEM", "-----BEGIN PUBLIC KEY-----\nMFww\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
    ])
    func `refuses texts that hold no key`(pem: String) {
        #expect(throws: OpenSSLError.self) { try RSAPublicKey(pem: pem) }
        #expect(throws: OpenSSLError.self) { try RSAPrivateKey(pem: pem) }
        #expect(throws: OpenSSLError.self) { try RSAPrivateKey(pem: Self.vendorKey) }
    }

    /// Made with `openssl genpkey -algorithm ED25519` and `openssl genrsa -aes128 -passout pass:x 512`.
    @Test(arguments: [
        """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIP39asjn8/6DAqXLPgTItciaPL+iD0lwO9HSNBGkemKf
        -----END PRIVATE KEY-----
        """,
        """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIIBvTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIQUQh9SuSae4CAggA
        MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBAx59SFUWEaEPxksHa79YbkBIIB
        YFReQkquNKPFyqGPeCaKhpNX1e9A46ALr7TODubVAVtSynscSABoHcsy9pu/X/N0
        6u+LUQHhb4b0fiIc6krUHRP13YXeYGmjewNnuQStWevcxttabrmvJcOkyAr+KuF+
        gVrii7PgzKxXIpk3acn/8iD9IbFGFlplkq3+2WewYv5Q6CFDbPWmCyGFtj7jQvOF
        FMH4XOqLo6CF8NLEh1+fG3Ij/ef7ZJcPTLZQvRCiTiFxayWGmT6yMMwwjxsjd/de
        DOd82ns90bmhaEy0uizXhOiKpSkSdZENeEgQUU4kpxBjGNy4RZEi0E6g9l/9ZvUE
        smOkF2zXqG6S5G1SF2hwt2XSoYtnNDJSfX7+ZSqejigtUfqXGWKIWXVJEbS0Hfrx
        xIfycaBkb+V0i7OQ8rqGp7ZmQvx/xxN5uhpXi3QLn0QX1qr4AarT8FBUjpznUcmU
        Eq6uP3d4A7s2FUvJblhJr54=
        -----END ENCRYPTED PRIVATE KEY-----
        """,
    ])
    func `refuses keys of another kind and never asks for a password`(pem: String) {
        let error = #expect(throws: OpenSSLError.self) { try RSAPrivateKey(pem: pem) }
        #expect(error?.description.isEmpty == false)
    }

    @Test func `says why a key cannot be made`() {
        let error = #expect(throws: OpenSSLError.self) { try RSAPrivateKey.generate(bits: 64) }
        #expect(error?.operation == "generating an RSA key of 64 bits")
        #expect(error?.reasons.isEmpty == false)
        #expect(throws: OpenSSLError.self) { try RSAPrivateKey.generate(bits: .max) }
        #expect(throws: OpenSSLError.self) { try RSAPrivateKey.generate(bits: -1) }
    }
}
