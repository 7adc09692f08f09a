// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address as 4 or 16 bytes in network order.
package struct IPAddress: Sendable, Equatable {
    /// 4 or 16 of them.
    package let bytes: [UInt8]

    /// Reads dotted decimal (four numbers without leading zeros) or RFC 4291 text without a zone, else nil.
    package init?(parsing text: String) {
        let octets = Array(text.utf8)
        guard let bytes = octets.contains(UInt8(ascii: ":")) ? Self.version6(octets[...]) : Self.version4(octets[...])
        else { return nil }
        self.bytes = bytes
    }

    /// Takes 4 or 16 bytes; nil for any other count.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    private static func version4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDecimalDigit),
                part.count == 1 || part.first != UInt8(ascii: "0"),
                let byte = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func version6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon }) else {
            let bytes = groups(text, mayEndInVersion4: true)
            return bytes?.count == 16 ? bytes : nil
        }
        let tailText = text[(gap + 2)...]
        guard let head = groups(text[..<gap], mayEndInVersion4: false),
            let tail = groups(tailText, mayEndInVersion4: true), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// Groups of up to four hexadecimal digits, the last two optionally as a dotted IPv4 address.
    private static func groups(_ text: ArraySlice<UInt8>, mayEndInVersion4: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndInVersion4, index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let embedded = version4(part) else { return nil }
                bytes += embedded
            } else {
                guard (1...4).contains(part.count), part.allSatisfy(\.isHexDigit),
                    let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
                else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return bytes
    }
}

/// A block of addresses, `10.0.0.0/8` or `fd00::/8`.
package struct AddressBlock: Sendable, Equatable {
    /// The first address of the block.
    package let network: IPAddress
    /// How many bits every address of the block shares with it.
    package let prefixBits: Int

    /// Reads `ADDRESS/BITS`, or a plain address as a block of one; nil if it is malformed or has bits set beyond the
    /// prefix.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(parsing: String(parts[0])) else { return nil }
        let allBits = address.bytes.count * 8
        var bits = allBits
        if parts.count == 2 {
            guard let number = Int(parts[1]), String(number) == parts[1], (0...allBits).contains(number)
            else { return nil }
            bits = number
        }
        network = address
        prefixBits = bits
        let hasHostBits = (bits..<allBits).contains { address.bytes[$0 / 8] & (0x80 >> ($0 % 8)) != 0 }
        if hasHostBits { return nil }
    }

    /// Whether `address` (4 or 16 bytes) is in the block. An IPv4-mapped IPv6 address counts as its IPv4 address.
    package func contains(_ address: Span<UInt8>) -> Bool {
        let bytes = network.bytes
        var skipped = 0
        if bytes.count == 4, address.count == 16, TargetRules.isVersion4Mapped(address) { skipped = 12 }
        guard address.count - skipped == bytes.count else { return false }
        let whole = prefixBits / 8
        for index in 0..<whole where address[skipped + index] != bytes[index] { return false }
        let rest = prefixBits % 8
        if rest == 0 { return true }
        let mask = ~UInt8(0) << UInt8(8 - rest)
        return address[skipped + whole] & mask == bytes[whole] & mask
    }
}
