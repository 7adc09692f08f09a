// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

@Suite struct SHA256DigestTests {
    @Test func `hashes like the digest that is fed piece by piece`() {
        // Around the block size of 64 bytes and its padding.
        for count in [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000] {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let whole = SHA256.digest(of: message.span)
            let pieces = SHA256.hash(message.span)
            #expect(Hex.encode(whole.span) == Hex.encode(pieces.span))
        }
    }
}
