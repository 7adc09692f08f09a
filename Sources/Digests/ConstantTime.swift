// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL

/// Whether both hold the same bytes; the time tells their length at most, never where they differ (CRYPTO_memcmp).
package func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    guard !left.isEmpty else { return true }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            unsafe CRYPTO_memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
        }
    }
}
