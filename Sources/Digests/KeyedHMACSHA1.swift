// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
private import Octets

/// HMAC-SHA-1 with one key for many messages (RFC 2104 section 4: the two key blocks are hashed once).
///
/// A call copies the two states onto its own stack frame, so one object serves all threads and the code is made without
/// allocating.
package final class KeyedHMACSHA1: Sendable {
    private let inner: SHA_CTX
    private let outer: SHA_CTX

    /// Prepares the key, which may have any length.
    package init(key: Span<UInt8>) {
        let block = HMACKey.block(key) { SHA1.hash($0) }
        inner = Self.state(after: HMACKey.masked(block, with: HMACKey.innerPad).span)
        outer = Self.state(after: HMACKey.masked(block, with: HMACKey.outerPad).span)
    }

    /// The 20 bytes of the code.
    package func code(of message: Span<UInt8>) -> [20 of UInt8] {
        var inner = inner
        Self.update(&inner, message)
        var outer = outer
        Self.update(&outer, Self.finish(&inner).span)
        return Self.finish(&outer)
    }

    private static func state(after block: Span<UInt8>) -> SHA_CTX {
        var state = SHA_CTX()
        // The low-level SHA-1 calls cannot fail for a state that was set up (OpenSSL 3.0, SHA1_Init(3): "1 for
        // success").
        let status = unsafe SHA1_Init(&state)
        precondition(status == 1, "SHA1_Init sets up a state")
        update(&state, block)
        return state
    }

    private static func update(_ state: inout SHA_CTX, _ bytes: Span<UInt8>) {
        let status = unsafe bytes.withUnsafeBytes { unsafe SHA1_Update(&state, $0.baseAddress, $0.count) }
        precondition(status == 1, "SHA1_Update takes bytes")
    }

    private static func finish(_ state: inout SHA_CTX) -> [20 of UInt8] {
        var code: [20 of UInt8] = .init(repeating: 0)
        var span = code.mutableSpan
        let status = unsafe span.withUnsafeMutableBufferPointer { unsafe SHA1_Final($0.baseAddress, &state) }
        precondition(status == 1, "SHA1_Final ends a state")
        return code
    }
}
