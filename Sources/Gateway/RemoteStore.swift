// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
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

    init(pool: StorePool, requests: StoreRequests) {
        self.pool = pool
        self.requests = requests
    }

    /// Starts what the plan says of a body: an object, a part, a completion.
    func put(_ plan: UploadPlan, now: Int64, handler: any UploadSinkHandler) -> any UploadSink {
        let sink = spare.popLast() ?? RemoteSink(store: self)
        sink.start(
            method: plan.storeOperation.method, length: plan.length, isRepeatable: plan.isRepeatable, handler: handler
        ) { head in
            requests.put(plan, now: now, to: &head)
        }
        return sink
    }

    /// Takes back a sink whose upload is over.
    func keep(_ sink: RemoteSink) {
        if spare.count < Self.spareLimit { spare.append(sink) }
    }
}
