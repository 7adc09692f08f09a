// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Upstream

/// A store that speaks OSS, on one loop: its connections and its requests. Loop thread only.
final class RemoteStore {
    let pool: StorePool
    let requests: OSSRequests

    init(pool: StorePool, requests: OSSRequests) {
        self.pool = pool
        self.requests = requests
    }

    /// Starts a PutObject.
    func put(
        _ plan: UploadPlan, now: Int64, handler: any UploadSinkHandler,
        judge: @escaping (StoreAnswer) -> StoreVerdict
    ) -> any UploadSink {
        RemoteSink(
            pool: pool, head: requests.put(plan, now: now), length: plan.length, isRepeatable: plan.isRepeatable,
            handler: handler, judge: judge)
    }
}
