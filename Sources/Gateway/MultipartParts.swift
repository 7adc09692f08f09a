// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import Octets

/// The bytes of a body on their way into parts: what is gathered, and what was cut off so far. Loop thread only.
struct MultipartParts {
    /// What parts have where the store leaves it to its clients: few requests, and little memory.
    private static let usualBytes: UInt64 = 8 << 20

    /// The size of every part but the last.
    var partBytes: Int
    /// Not cut off yet.
    private var gathered: [UInt8] = []
    private let lengthHint: Int
    private(set) var isComplete = false
    private var nextNumber: Int

    /// - Parameter mostBytes: the length of the body, or the most that it may have.
    init(_ traits: StoreTraits, length: UInt64?, mostBytes: UInt64) {
        nextNumber = traits.firstPartNumber
        lengthHint = Int(clamping: length ?? .max)
        if traits.hasFixedParts {
            partBytes = Int(clamping: traits.smallestPartBytes)
        } else {
            let (parts, rest) = (length ?? mostBytes).quotientAndRemainder(dividingBy: UInt64(traits.mostParts))
            let needed = min(max(Self.usualBytes, parts + (rest > 0 ? 1 : 0)), traits.largestPartBytes)
            partBytes = Int(clamping: needed)
        }
    }

    var waitingBytes: Int { gathered.count }
    /// Whether there is a whole part, and more behind it.
    var isOverfull: Bool { gathered.count > partBytes }
    var isEmpty: Bool { gathered.isEmpty }

    mutating func append(_ bytes: Span<UInt8>) {
        if gathered.isEmpty { gathered.reserveCapacity(min(partBytes, lengthHint)) }
        gathered.append(bytes)
    }

    mutating func complete() { isComplete = true }

    /// The whole body, where it is not cut.
    mutating func takeAll() -> [UInt8] {
        let all = gathered
        gathered = []
        return all
    }

    /// The next part, if there is one: the last part only when the body is complete.
    mutating func cut() -> MultipartPart? {
        guard isOverfull || isComplete && !gathered.isEmpty else { return nil }
        let number = nextNumber
        nextNumber += 1
        guard isOverfull else { return MultipartPart(number: number, bytes: takeAll()) }
        // A read's worth, which is little beside a part.
        let rest = Array(gathered[partBytes...])
        gathered.removeLast(rest.count)
        let part = MultipartPart(number: number, bytes: takeAll())
        append(rest.span)
        return part
    }
}

/// A part that is being stored.
struct MultipartPart {
    let number: Int
    let bytes: [UInt8]
    /// Whether it was sent once already.
    var isRepeated = false

    init(number: Int, bytes: [UInt8]) {
        self.number = number
        self.bytes = bytes
    }

    /// What a store of those traits must come to. The ETag of a US3 part longer than a block is of no published rule.
    func checksums(_ traits: StoreTraits) -> Checksums {
        if traits.reportsCRC64 { return Checksums(crc64: CRC64.checksum(bytes.span)) }
        guard bytes.count <= US3ETag.blockBytes else { return Checksums() }
        return Checksums(us3ETag: US3ETag.part(sha1: SHA1.hash(bytes.span).span))
    }
}
