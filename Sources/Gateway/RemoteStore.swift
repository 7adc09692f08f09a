// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Upstream

/// A store behind connections, on one loop: its connections and its requests. Loop thread only.
final class RemoteStore {
    /// Sinks that are kept for later uploads.
    private static let spareLimit = 64

    let pool: StorePool
    let requests: StoreRequests
    private var spare: [RemoteSink] = []
    private var detached: [Int: SmallExchange] = [:]
    private var nextDetached = 0

    init(pool: StorePool, requests: StoreRequests) {
        self.pool = pool
        self.requests = requests
    }

    /// Starts what the plan says of a body: an object, a part, a completion.
    func put(_ plan: UploadPlan, now: Int64, handler: any UploadSinkHandler) -> any UploadSink {
        let sink = spare.popLast() ?? RemoteSink(store: self)
        sink.start(
            method: plan.method, length: plan.length, isRepeatable: plan.isRepeatable, handler: handler
        ) { head in
            requests.put(plan, now: now, to: &head)
        }
        return sink
    }

    /// Sends what nobody waits for: that it arrives matters even when the upload is over.
    func detached(_ method: HTTPMethod, _ head: [UInt8]) {
        let place = nextDetached
        nextDetached += 1
        detached[place] = SmallExchange(pool: pool, method: method, head: head, body: []) { [weak self] _ in
            self?.detached[place] = nil
        }
    }

    /// Takes back a sink whose upload is over.
    func keep(_ sink: RemoteSink) {
        if spare.count < Self.spareLimit { spare.append(sink) }
    }
}
