// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
private import Octets

/// HMAC-SHA-256 with one key for many messages (RFC 2104 section 4: the two key blocks are hashed once).
///
/// A call copies the two states onto its own stack frame, so one object serves all threads, and `appendHex`
/// allocates nothing.
package final class KeyedHMACSHA256: Sendable {
    private let inner: SHA256_CTX
    private let outer: SHA256_CTX

    /// Prepares the key, which may have any length.
    package init(key: Span<UInt8>) {
        let block = HMACKey.block(key) { SHA256.hash($0) }
        inner = Self.state(after: HMACKey.masked(block, with: HMACKey.innerPad).span)
        outer = Self.state(after: HMACKey.masked(block, with: HMACKey.outerPad).span)
    }

    private init(inner: SHA256_CTX, outer: SHA256_CTX) {
        self.inner = inner
        self.outer = outer
    }

    /// The same key for what follows `start` in messages that all begin with it, which is hashed once.
    package func beginning(with start: Span<UInt8>) -> KeyedHMACSHA256 {
        var inner = inner
        Self.update(&inner, start)
        return KeyedHMACSHA256(inner: inner, outer: outer)
    }

    /// The 32 bytes of the code.
    package func authenticate(_ message: Span<UInt8>) -> [UInt8] {
        let code = code(of: message)
        var result: [UInt8] = []
        result.reserveCapacity(code.count)
        result.append(code.span)
        return result
    }

    /// Appends the code as 64 lower-case hexadecimal digits.
    package func appendHex(of message: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: 64) { appendHex(of: message, to: &$0) }
    }

    /// Appends the code as 64 lower-case hexadecimal digits to where somebody writes in place.
    package func appendHex(of message: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        output.appendHex(code(of: message).span)
    }

    /// Whether the code of the message is this one, compared in constant time.
    package func isValid(_ code: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        constantTimeEqual(self.code(of: message).span, code)
    }

    private func code(of message: Span<UInt8>) -> [32 of UInt8] {
        var inner = inner
        Self.update(&inner, message)
        var outer = outer
        Self.update(&outer, Self.finish(&inner).span)
        return Self.finish(&outer)
    }

    private static func state(after block: Span<UInt8>) -> SHA256_CTX {
        var state = SHA256_CTX()
        // The low-level SHA-256 calls cannot fail for a state that was set up (OpenSSL 3.0, SHA256_Init(3): "1 for
        // success").
        let status = unsafe SHA256_Init(&state)
        precondition(status == 1, "SHA256_Init sets up a state")
        update(&state, block)
        return state
    }

    private static func update(_ state: inout SHA256_CTX, _ bytes: Span<UInt8>) {
        let status = unsafe bytes.withUnsafeBytes { unsafe SHA256_Update(&state, $0.baseAddress, $0.count) }
        precondition(status == 1, "SHA256_Update takes bytes")
    }

    private static func finish(_ state: inout SHA256_CTX) -> [32 of UInt8] {
        var code: [32 of UInt8] = .init(repeating: 0)
        var span = code.mutableSpan
        let status = unsafe span.withUnsafeMutableBufferPointer { unsafe SHA256_Final($0.baseAddress, &state) }
        precondition(status == 1, "SHA256_Final ends a state")
        return code
    }
}
