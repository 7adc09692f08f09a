// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CISAL

/// The CRC-64 of ECMA-182 in its reflected form with inverted start and end (CRC-64/XZ): the value of
/// `x-oss-hash-crc64ecma`, by ISA-L.
package struct CRC64: Sendable {
    /// The checksum of all bytes so far; 0 when there were none.
    package private(set) var value: UInt64 = 0

    /// The checksum of nothing so far.
    package init() {}

    /// Goes on from the checksum of the bytes before.
    package init(continuing value: UInt64) {
        self.value = value
    }

    /// Takes the next bytes.
    package mutating func update(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        // crc64_ecma_refl inverts at both ends itself (isa-l/crc64.h), so its result is the next call's start.
        value = unsafe bytes.withUnsafeBufferPointer {
            unsafe crc64_ecma_refl(value, $0.baseAddress, UInt64($0.count))
        }
    }

    /// The checksum of whole bytes.
    package static func checksum(_ bytes: Span<UInt8>) -> UInt64 {
        var crc = CRC64()
        crc.update(bytes)
        return crc.value
    }

    /// The checksum of two byte sequences, one behind the other, from their checksums and the length of the second.
    ///
    /// Appending n zero bytes multiplies the checksum by x to the 8n modulo the polynomial; the inversions cancel
    /// out. So the result is `first · x^(8n) + second` over GF(2).
    package static func combine(_ first: UInt64, _ second: UInt64, secondBytes: UInt64) -> UInt64 {
        var shift = GF2Polynomial.one
        var power = GF2Polynomial.xToTheEighth
        var rest = secondBytes
        while rest > 0 {
            if rest & 1 == 1 { shift = GF2Polynomial.product(shift, power) }
            power = GF2Polynomial.product(power, power)
            rest >>= 1
        }
        return GF2Polynomial.product(first, shift) ^ second
    }
}

/// Polynomials over GF(2) modulo that of ECMA-182, reflected: the highest bit is the coefficient of x to the 0.
private enum GF2Polynomial {
    static let one: UInt64 = 1 << 63
    static let xToTheEighth: UInt64 = 1 << 55
    /// 0x42F0E1EBA9EA3693 with its bits in reverse order; x to the 64 is implied.
    static let modulus: UInt64 = 0xC96C_5795_D787_0F42

    static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var result: UInt64 = 0
        var multiple = right
        var rest = left
        while rest != 0 {
            if rest & one != 0 { result ^= multiple }
            rest <<= 1
            multiple = multiple >> 1 ^ (multiple & 1 == 1 ? modulus : 0)
        }
        return result
    }
}
