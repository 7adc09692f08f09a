// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPServing
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
        partBytes = Self.partBytes(traits, length: length, mostBytes: mostBytes)
    }

    /// The size of every part but the last, as far as it is known before the store is asked.
    static func partBytes(_ traits: StoreTraits, length: UInt64?, mostBytes: UInt64) -> Int {
        guard !traits.hasFixedParts else { return Int(clamping: traits.smallestPartBytes) }
        let (parts, rest) = (length ?? mostBytes).quotientAndRemainder(dividingBy: UInt64(traits.mostParts))
        return Int(clamping: min(max(usualBytes, parts + (rest > 0 ? 1 : 0)), traits.largestPartBytes))
    }

    var waitingBytes: Int { gathered.count }
    /// Whether there is a whole part, and more behind it.
    var isOverfull: Bool { gathered.count > partBytes }
    var isEmpty: Bool { gathered.isEmpty }

    mutating func append(_ bytes: Span<UInt8>) {
        // With room for the read that overfills it: an array that grows is copied, and there twice meanwhile.
        if gathered.isEmpty { gathered.reserveCapacity(min(partBytes + ServerConnection.largestReadLimit, lengthHint)) }
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

    /// What the store's answer to the part means: the part as a completion names it, or why there can be none.
    ///
    /// - Parameter isChecked: whether an answer that holds nothing to compare is no success.
    func judge(
        _ answer: WireAnswer, to operation: StoreOperation, _ dialect: any Dialect, isChecked: Bool
    ) throws(Failure) -> Completion.Part {
        let traits = dialect.traits
        // The ETag of US3 is computed in any case: it is how a part is known that is there already.
        let checksums = isChecked || !traits.reportsCRC64 ? checksums(traits) : Checksums()
        switch dialect.judge(answer, to: operation, streamed: checksums, callbackAsked: false) {
        case .stored(let facts):
            let isThereAlready = answer.status >= 300
            guard isThereAlready || !isChecked || checksums.isEmpty || facts.isVerified else { throw .unverified }
            guard let etag = facts.etag else { throw .badPartAnswer("The store's answer to a part has no ETag.") }
            return Completion.Part(number: number, etag: String(octets: etag.span))
        case .mismatch(_, let mismatch):
            throw .badPartAnswer(
                "The store reports the \(mismatch.kind.rawValue) \(mismatch.stored) of a part; what was sent has "
                    + "\(mismatch.streamed).")
        case .notStored, .callbackFailed, .unclear: throw .refused(answer, dialect)
        }
    }
}

extension Failure {
    /// An answer to a request of an upload in parts that is no success; there is no object.
    static func refused(_ answer: WireAnswer, _ dialect: any Dialect) -> Failure {
        guard answer.status >= 300 else { return badPartAnswer("The store's answer names no upload.") }
        return storeRefused(status: answer.status, dialect.errorDocument(answer), answer.fields, dialect)
    }

    fileprivate static func badPartAnswer(_ message: String) -> Failure {
        Failure(.storeBadAnswer, party: .store, phase: .storing, status: 502, message)
    }
}
