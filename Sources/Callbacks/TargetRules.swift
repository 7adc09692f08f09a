// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Which addresses a callback may not go to when its URL was not written by the operator: everything that is not
/// plainly public, by IANA's special-purpose registries (RFC 6890, RFC 8190), multicast and what carries such inside.
package enum TargetRules {
    private typealias Block = (prefix: [UInt8], bits: Int)

    private static let forbidden4: [Block] = [
        ([0], 8),  // "this network", the unspecified address (RFC 791)
        ([10], 8),  // private (RFC 1918)
        ([100, 64], 10),  // carrier-grade NAT (RFC 6598); some clouds keep their metadata service here
        ([127], 8),  // loopback (RFC 1122)
        ([169, 254], 16),  // link-local (RFC 3927), the usual metadata service
        ([172, 16], 12),  // private (RFC 1918)
        ([192, 0, 0], 24),  // protocol assignments (RFC 6890)
        ([192, 0, 2], 24),  // documentation (RFC 5737)
        ([192, 31, 196], 24),  // AS112 sink (RFC 7535)
        ([192, 52, 193], 24),  // automatic multicast tunnelling (RFC 7450)
        ([192, 88, 99], 24),  // former 6to4 relays (RFC 7526)
        ([192, 168], 16),  // private (RFC 1918)
        ([192, 175, 48], 24),  // AS112 sink (RFC 7534)
        ([198, 18], 15),  // benchmarks (RFC 2544)
        ([198, 51, 100], 24),  // documentation (RFC 5737)
        ([203, 0, 113], 24),  // documentation (RFC 5737)
        ([224], 4),  // multicast (RFC 5771)
        ([240], 4),  // reserved (RFC 1112), limited broadcast
    ]

    /// Inside 2000::/3; everything outside it is forbidden as a whole.
    private static let forbidden6: [Block] = [
        ([0x20, 0x01, 0x00], 23),  // protocol assignments (RFC 2928): Teredo, benchmarks, ORCHID and others
        ([0x20, 0x01, 0x0D, 0xB8], 32),  // documentation (RFC 3849)
        ([0x26, 0x20, 0x00, 0x4F, 0x80, 0x00], 48),  // AS112 sink (RFC 7534)
        ([0x3F, 0xFF, 0x00], 20),  // documentation (RFC 9637)
    ]

    /// Whether an address of 4 or 16 bytes is no public unicast address. Any other count is forbidden too.
    package static func isForbidden(_ address: Span<UInt8>) -> Bool {
        switch address.count {
        case 4: return matches(address, forbidden4)
        case 16: return isForbidden6(address)
        default: return true
        }
    }

    /// Whether the 16 bytes are `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2).
    static func isVersion4Mapped(_ address: Span<UInt8>) -> Bool {
        matches(address, [([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96)])
    }

    private static func isForbidden6(_ address: Span<UInt8>) -> Bool {
        // Forms that stand for an IPv4 address are judged by that address.
        if isVersion4Mapped(address) { return isForbidden(address.extracting(12..<16)) }
        // NAT64 (RFC 6052); its local-use sibling 64:ff9b:1::/48 (RFC 8215) is not in 2000::/3 and so forbidden.
        if matches(address, [([0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0], 96)]) {
            return isForbidden(address.extracting(12..<16))
        }
        // 6to4 (RFC 3056)
        if matches(address, [([0x20, 0x02], 16)]) { return isForbidden(address.extracting(2..<6)) }
        // Only 2000::/3 is global unicast. Loopback, unspecified, IPv4-compatible, unique-local (fc00::/7), link-local
        // (fe80::/10), site-local, discard (100::/64), segment routing (5f00::/16) and multicast lie outside.
        return address[0] & 0xE0 != 0x20 || matches(address, forbidden6)
    }

    private static func matches(_ address: Span<UInt8>, _ blocks: [Block]) -> Bool {
        blocks.contains { block in
            let whole = block.bits / 8
            for index in 0..<whole where address[index] != block.prefix[index] { return false }
            let rest = block.bits % 8
            if rest == 0 { return true }
            let mask = ~UInt8(0) << UInt8(8 - rest)
            return address[whole] & mask == block.prefix[whole] & mask
        }
    }
}
