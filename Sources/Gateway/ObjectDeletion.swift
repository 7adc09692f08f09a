// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import DirectoryStore
internal import Eventing
internal import HTTPWire
internal import Upstream

/// Removes one object, at a store or in a directory. Loop thread only.
final class ObjectDeletion: StoreExchangeHandler {
    private var exchange: StoreExchange?
    private var completion: ((Bool) -> Void)?
    private var status = 0

    /// `completion` is called once, in a later turn: whether the object is gone for certain.
    init(runtime: Runtime, storeIndex: Int, bucket: String, key: [UInt8], completion: @escaping (Bool) -> Void) {
        self.completion = completion
        if let remote = runtime.remote(storeIndex) {
            let exchange = StoreExchange(pool: remote.pool, handler: self)
            self.exchange = exchange
            let head = remote.requests.encoded(
                .deleteObject, bucket: bucket, key: key, now: runtime.environment.clock.seconds)
            exchange.start(method: .delete, head: head, isChunked: false, length: 0)
            exchange.finish()
        } else if let store = runtime.directory(storeIndex) {
            let deletion = self
            let loop = runtime.worker.loop
            runtime.worker.disk.queue().execute {
                let isGone = (try? store.delete(bucket: bucket, key: key)) != nil
                loop.execute { deletion.end(isGone) }
            }
        }
    }

    private func end(_ succeeded: Bool) {
        let completion = self.completion
        self.completion = nil
        completion?(succeeded)
    }

    func storeWritable() {}
    func storeAnswered(_ head: ResponseHead) { status = head.status }
    func storeAnswerBody(_ bytes: Span<UInt8>) {}
    func storeAnswerEnded() { end((200...299).contains(status) || status == 404) }
    func storeFailed(_ failure: StoreFailure) { end(false) }
}

// Confined to its loop; crosses to the disk thread only as the address to which the result is posted back.
extension ObjectDeletion: @unchecked Sendable {}
