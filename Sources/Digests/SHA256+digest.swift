// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL

extension SHA256 {
    /// The 32 bytes of the digest of a whole message.
    ///
    /// For signatures on the data path: state and digest lie on the stack, so nothing is allocated, where a digest that
    /// is fed piece by piece costs four allocations.
    package static func digest(of message: Span<UInt8>) -> [32 of UInt8] {
        var state = SHA256_CTX()
        var digest: [32 of UInt8] = .init(repeating: 0)
        var span = digest.mutableSpan
        // The low-level SHA-256 calls cannot fail (OpenSSL 3.0, SHA256_Init(3): "1 for success").
        let status =
            unsafe SHA256_Init(&state)
            & message.withUnsafeBytes { unsafe SHA256_Update(&state, $0.baseAddress, $0.count) }
            & span.withUnsafeMutableBufferPointer { unsafe SHA256_Final($0.baseAddress, &state) }
        precondition(status == 1, "SHA-256 of bytes in memory")
        return digest
    }
}
