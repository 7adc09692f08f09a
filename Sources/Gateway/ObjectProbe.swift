// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Eventing
internal import HTTPWire
internal import Upstream

/// Asks a store for the size and type of an object that was made of parts, which no answer to a completion tells. Loop thread
/// only.
final class ObjectProbe: StoreExchangeHandler {
    private let exchange: StoreExchange
    private let dialect: any Dialect
    private var completion: ((ObjectFacts?) -> Void)?
    private var facts: ObjectFacts?

    /// `completion` is called once, in a later turn; with nil if the store does not tell.
    init(
        remote: RemoteStore, dialect: any Dialect, bucket: String, key: [UInt8], now: Int64,
        completion: @escaping (ObjectFacts?) -> Void
    ) {
        self.dialect = dialect
        self.completion = completion
        exchange = StoreExchange(pool: remote.pool)
        exchange.handler = self
        let head = remote.requests.encoded(.headObject, bucket: bucket, key: key, now: now)
        exchange.start(method: .head, head: head, isChunked: false, length: 0)
        exchange.finish()
    }

    func cancel() {
        completion = nil
        exchange.abort()
    }

    func storeWritable() {}

    func storeAnswered(_ head: ResponseHead) {
        if head.status == 200 { facts = dialect.facts(ofHead: head.fields) }
    }

    func storeAnswerBody(_ bytes: Span<UInt8>) {}
    func storeAnswerEnded() { end(facts) }
    func storeFailed(_ failure: StoreFailure) { end(nil) }

    private func end(_ facts: ObjectFacts?) {
        let completion = self.completion
        self.completion = nil
        completion?(facts)
    }
}
