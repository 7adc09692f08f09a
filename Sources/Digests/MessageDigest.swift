// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL

/// An EVP_MD_CTX: the state of one digest, freed with the value.
@safe struct MessageDigest: ~Copyable {
    /// The digests of this package.
    enum Algorithm {
        case md5, sha1, sha256

        var digestBytes: Int {
            switch self {
            case .md5: 16
            case .sha1: 20
            case .sha256: 32
            }
        }
    }

    private let context: OpaquePointer
    private let algorithm: Algorithm

    init(_ algorithm: Algorithm) {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        let kind = unsafe Self.kind(algorithm)
        // Fails only where a policy forbids the digest: the process cannot do its work there at all.
        guard unsafe EVP_DigestInit_ex(context, kind, nil) == 1 else {
            preconditionFailure("the OpenSSL of this system does not offer MD5, SHA-1 and SHA-256")
        }
        unsafe self.context = unsafe context
        self.algorithm = algorithm
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: Span<UInt8>) {
        let status = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "a digest that was begun takes bytes")
    }

    consuming func finalize() -> [UInt8] {
        let count = algorithm.digestBytes
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let status = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(status == 1, "a digest that was begun ends")
            filled = count
        }
    }

    private static func kind(_ algorithm: Algorithm) -> OpaquePointer? {
        switch algorithm {
        case .md5: unsafe EVP_md5()
        case .sha1: unsafe EVP_sha1()
        case .sha256: unsafe EVP_sha256()
        }
    }
}
