// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
internal import HTTPWire

/// Clients that are done while nobody reads their body: who is gone need not wait for a store that does not move.
extension ServerConnection {
    /// Reading, a client's end is seen by itself.
    func watchPausedClient() {
        stream.watchForHangUp()
        // Told once, perhaps during an earlier pause; what was too much to look at then may be little now.
        guard stream.hangUp != nil else { return }
        context.loop.onNextTurn { [self] in lookForHangUp() }
    }

    package func streamHungUp(_ stream: ByteStream, _ how: HangUp) { lookForHangUp() }

    private func lookForHangUp() {
        guard phase == .readingBody, !wantsBody, let hangUp = stream.hangUp else { return }
        switch hangUp {
        case .failed: close()
        case .ended:
            if let failure = failureOfRest() { failPausedBody(failure) }
        }
    }

    /// Why the body of a client that sends no more cannot become complete; nil if it may. A client that ended its side
    /// behind a complete body waits for its answer (RFC 9112 §9.6).
    private func failureOfRest() -> ClientFailure? {
        let waiting = stream.waitingBytes
        guard request.framing == .chunked else {
            return UInt64(pendingInput.count + waiting) < bodyRemaining ? .truncated : nil
        }
        guard waiting > 0 else { return failureOfChunks(0) }
        // What is encrypted cannot be looked at without taking it; what is too long for the buffer is looked at later.
        guard !stream.isTLS, let count = context.scratch.peek(at: stream) else { return nil }
        return failureOfChunks(count)
    }

    private func failureOfChunks(_ count: Int) -> ClientFailure? {
        var decoder = chunks.copy()
        do throws(WireError) {
            let pending = pendingInput
            if try Self.isComplete(&decoder, pending.span) { return nil }
            let isComplete = try context.scratch.withBytes(count) { (bytes: Span<UInt8>) throws(WireError) -> Bool in
                try Self.isComplete(&decoder, bytes)
            }
            return isComplete ? nil : .truncated
        } catch {
            return .malformed(error)
        }
    }

    private static func isComplete(_ decoder: inout ChunkedDecoder, _ bytes: Span<UInt8>) throws(WireError) -> Bool {
        var offset = 0
        while offset < bytes.count, !decoder.isComplete { offset += try decoder.decode(bytes, from: offset).consumed }
        return decoder.isComplete
    }
}
