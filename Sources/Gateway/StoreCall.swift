// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Eventing
internal import HTTPWire
internal import Octets
internal import Upstream

/// One request to a store whose body is at hand, and the whole answer to it. Loop thread only.
///
/// Holds itself until it is over, so that one that nobody waits for is made all the same.
final class StoreCall: StoreExchangeHandler {
    /// Bytes that are handed to the connection at once: what it cannot send it copies.
    private static let sliceBytes = 64 * 1024

    private let exchange: StoreExchange
    private let body: [UInt8]
    private var sent = 0
    private var isFinished = false
    private var answer: GatheredAnswer
    private var completion: ((Result<WireAnswer, StoreFailure>) -> Void)?
    /// Until it is over.
    private var itself: StoreCall?

    /// - Parameters:
    ///   - head: the encoded, signed request head, which tells the length of `body`.
    ///   - completion: called once, in a later turn, unless it is cancelled before.
    init(
        pool: StorePool, method: HTTPMethod, head: [UInt8], body: [UInt8] = [], isRepeatable: Bool = false,
        completion: @escaping (Result<WireAnswer, StoreFailure>) -> Void
    ) {
        self.body = body
        answer = GatheredAnswer(pool.context.budget)
        self.completion = completion
        exchange = StoreExchange(pool: pool)
        exchange.handler = self
        itself = self
        exchange.start(
            method: method, head: head, isChunked: false, length: UInt64(body.count), isRepeatable: isRepeatable)
        pump()
    }

    /// Gives up; the store sees a reset, and nobody is told.
    func cancel() {
        guard completion != nil else { return }
        completion = nil
        itself = nil
        exchange.abort()
    }

    func storeWritable() { pump() }

    func storeAnswered(_ head: ResponseHead) { answer.begin(head) }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        guard answer.status != nil, !answer.append(bytes) else { return }
        exchange.abort()
        let reason = "the answer is longer than it may be, or than there is room for"
        end(.failure(StoreFailure(.badAnswer, reason, mayBeStored: true)))
    }

    func storeAnswerEnded() {
        guard let answer = answer.take() else { return }
        end(.success(answer))
    }

    func storeFailed(_ failure: StoreFailure) {
        // A head that said how it went decides, even if the end of the answer was lost.
        guard let answer = answer.take() else { return end(.failure(failure)) }
        guard answer.status < 300 else { return end(.success(answer)) }
        end(.failure(StoreFailure(failure.kind, failure.reason, mayBeStored: true)))
    }

    private func pump() {
        guard completion != nil, answer.status == nil, !isFinished else { return }
        let body = self.body
        let bytes = body.span
        while sent < bytes.count {
            let slice = bytes.extracting(sent..<min(sent + Self.sliceBytes, bytes.count))
            sent += slice.count
            guard exchange.send(slice) else { break }
        }
        guard sent == body.count else { return }
        isFinished = true
        exchange.finish()
    }

    private func end(_ result: Result<WireAnswer, StoreFailure>) {
        let completion = self.completion
        self.completion = nil
        itself = nil
        completion?(result)
    }
}
