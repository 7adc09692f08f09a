// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Takes the chunked transfer coding apart (RFC 9112 §7.1) without copying: it tells where the data stand.
///
/// Bytes given once need not be given again. Trailers are read for their syntax and dropped, whatever they name, unless the
/// owner asks to keep them: nothing that framing, routing or authentication rest on may arrive after they were decided.
package struct ChunkedDecoder: ~Copyable {
    /// What one call found.
    package struct Step: Sendable, Equatable {
        /// Bytes read from `offset` on, data included. Never 0 while there are any.
        package var consumed: Int
        /// Where body bytes stand in the span given; may be empty.
        package var data: Range<Int>
        /// Whether the body ended, trailers included; bytes behind `consumed` belong to the next message.
        package var isComplete: Bool
    }

    private enum State {
        case size
        case sizeExtension
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailers
        case complete
    }

    private let limits: WireLimits
    private let sender: WireError.Sender
    private let keepsTrailers: Bool
    /// The lines behind the last chunk, with the empty one; only if they are kept.
    package private(set) var trailerLines: [UInt8] = []
    private var state = State.size
    private var digits = 0
    private var remaining: UInt64 = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerCount = 0
    private var trailers = FieldLineParser()
    private var failure: WireError?

    package init(
        limits: WireLimits = .client, from sender: WireError.Sender = .client, keepsTrailers: Bool = false
    ) {
        self.limits = limits
        self.sender = sender
        self.keepsTrailers = keepsTrailers
    }

    /// Begins a new body.
    package mutating func reset() {
        self = ChunkedDecoder(limits: limits, from: sender, keepsTrailers: keepsTrailers)
    }

    /// One in the same state, to look ahead with; it keeps no trailers.
    package func copy() -> ChunkedDecoder {
        var copy = ChunkedDecoder(limits: limits, from: sender)
        copy.state = state
        copy.digits = digits
        copy.remaining = remaining
        copy.extensionBytes = extensionBytes
        copy.trailerBytes = trailerBytes
        copy.trailerCount = trailerCount
        copy.trailers = trailers
        copy.failure = failure
        return copy
    }

    package var isComplete: Bool { state == .complete }

    /// Reads from `offset` up to the end of the next run of data, of the body or of the bytes, whichever comes first.
    ///
    /// Call it again with `offset` moved by `consumed` until no bytes are left or the body is complete.
    /// - Throws: what is wrong; the same again for each call until `reset`.
    package mutating func decode(_ bytes: Span<UInt8>, from offset: Int) throws(WireError) -> Step {
        if let failure { throw failure }
        precondition(offset >= 0 && offset <= bytes.count, "the offset lies inside the bytes")
        var position = offset
        do throws(WireError.Code) {
            while position < bytes.count, state != .complete {
                if state == .data {
                    let run = takeData(from: position, available: bytes.count &- position)
                    return Step(consumed: run.upperBound &- offset, data: run, isComplete: false)
                }
                try advance(bytes, position: &position)
            }
        } catch {
            let failure = WireError(error, from: sender)
            self.failure = failure
            throw failure
        }
        return Step(consumed: position &- offset, data: position..<position, isComplete: state == .complete)
    }

    private mutating func takeData(from position: Int, available: Int) -> Range<Int> {
        let count = remaining < UInt64(available) ? Int(remaining) : available
        remaining &-= UInt64(count)
        if remaining == 0 { state = .dataCarriageReturn }
        return position..<position &+ count
    }

    private mutating func advance(_ bytes: Span<UInt8>, position: inout Int) throws(WireError.Code) {
        switch state {
        case .size:
            try readSize(bytes[position])
            position &+= 1
        case .sizeExtension:
            try readExtension(bytes, position: &position)
        case .sizeLineFeed:
            guard bytes[position] == Byte.lineFeed else { throw .bareCarriageReturn }
            position &+= 1
            digits = 0
            state = remaining == 0 ? .trailers : .data
        case .dataCarriageReturn:
            guard bytes[position] == Byte.carriageReturn else { throw .badChunkEnd }
            position &+= 1
            state = .dataLineFeed
        case .dataLineFeed:
            guard bytes[position] == Byte.lineFeed else { throw .badChunkEnd }
            position &+= 1
            state = .size
        case .trailers:
            try readTrailers(bytes, position: &position)
        case .data, .complete: preconditionFailure("the caller handles data and stops when complete")
        }
    }

    private mutating func readSize(_ byte: UInt8) throws(WireError.Code) {
        if let digit = byte.hexDigitValue {
            // 16 digits fit 64 bits; sizes beyond Int64 are refused so that sums of sizes can be kept in one.
            guard digits < 16, remaining < 1 << 59 else { throw .badChunkSize }
            remaining = remaining &<< 4 | UInt64(digit)
            digits &+= 1
            return
        }
        guard digits > 0 else { throw .badChunkSize }
        switch byte {
        case Byte.carriageReturn: state = .sizeLineFeed
        case Byte.semicolon:
            state = .sizeExtension
            try countExtension(1)
        case Byte.lineFeed: throw .bareLineFeed
        default: throw .badChunkSize
        }
    }

    private mutating func readExtension(_ bytes: Span<UInt8>, position: inout Int) throws(WireError.Code) {
        let end = bytes.endOfText(from: position, to: bytes.count)
        try countExtension(end &- position)
        position = end
        guard end < bytes.count else { return }
        switch bytes[end] {
        case Byte.carriageReturn: state = .sizeLineFeed
        case Byte.lineFeed: throw .bareLineFeed
        default: throw .controlCharacter
        }
        position &+= 1
    }

    private mutating func countExtension(_ count: Int) throws(WireError.Code) {
        extensionBytes &+= count
        guard extensionBytes <= limits.chunkExtensionBytes else { throw .chunkExtensionsTooLong }
    }

    private mutating func readTrailers(_ bytes: Span<UInt8>, position: inout Int) throws(WireError.Code) {
        let start = position
        let end = min(bytes.count, start &+ limits.headBytes &- trailerBytes)
        let step = try trailers.advance(bytes, position: &position, end: end)
        trailerBytes &+= position &- start
        if keepsTrailers { trailerLines.append(bytes.extracting(start..<position)) }
        switch step {
        case .end: state = .complete
        case .field:
            trailerCount &+= 1
            guard trailerCount <= limits.fieldCount else { throw .tooManyFields }
        case .needsMore:
            guard trailerBytes < limits.headBytes else { throw .headTooLarge }
        }
    }
}
