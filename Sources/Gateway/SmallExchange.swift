// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import HTTPWire
internal import Octets
internal import Upstream

/// One request to a store whose body is there as a whole, and its whole answer. Loop thread only.
final class SmallExchange: StoreExchangeHandler {
    private static let answerLimit = 4 * 1024 * 1024

    private let exchange: StoreExchange
    private var completion: ((Result<WireAnswer, StoreFailure>) -> Void)?
    private var answer = WireAnswer(status: 0, fields: HeaderFields(), body: [])
    private var rest: [UInt8] = []
    private var sent = 0

    /// `completion` is called once, in a later turn.
    init(
        pool: StorePool, method: HTTPMethod, head: [UInt8], body: [UInt8],
        completion: @escaping (Result<WireAnswer, StoreFailure>) -> Void
    ) {
        self.completion = completion
        rest = body
        exchange = StoreExchange(pool: pool)
        exchange.handler = self
        exchange.start(method: method, head: head, isChunked: false, length: UInt64(body.count))
        send()
    }

    /// Gives up; the completion is not called.
    func cancel() {
        completion = nil
        exchange.abort()
    }

    /// As many pieces as the store takes, so that no more than one is held twice.
    private func send() {
        let piece = 128 * 1024
        while sent < rest.count {
            let end = min(rest.count, sent + piece)
            let takesMore = exchange.send(rest.span.extracting(sent..<end))
            sent = end
            if !takesMore { break }
        }
        guard sent == rest.count, completion != nil else { return }
        rest = []
        sent = 0
        exchange.finish()
    }

    func storeWritable() {
        if !rest.isEmpty { send() }
    }

    func storeAnswered(_ head: ResponseHead) {
        answer.status = head.status
        answer.fields = head.fields
    }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        if answer.body.count + bytes.count <= Self.answerLimit { answer.body.append(bytes) }
    }

    func storeAnswerEnded() { end(.success(answer)) }
    func storeFailed(_ failure: StoreFailure) { end(.failure(failure)) }

    private func end(_ result: Result<WireAnswer, StoreFailure>) {
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }
}
