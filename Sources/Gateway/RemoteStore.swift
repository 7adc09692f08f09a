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
            method: plan.storeMethod, length: plan.length, isRepeatable: plan.isRepeatable, handler: handler
        ) { head in
            requests.put(plan, now: now, to: &head)
        }
        return sink
    }

    /// Asks what the store has of the plan's object; `completion` is told in a later turn, nil where there is no answer.
    func facts(of plan: UploadPlan, now: Int64, completion: @escaping (ObjectFacts?) -> Void) -> StoreCall {
        let head = requests.encoded(
            .headObject, bucket: plan.bucket, key: plan.key, on: plan.request.publicID, now: now)
        return StoreCall(pool: pool, method: .head, head: head, isRepeatable: true) { result in
            guard case .success(let answer) = result, answer.status == 200 else { return completion(nil) }
            completion(plan.storeDialect?.dialect.facts(ofHead: answer.fields))
        }
    }

    /// Asks which ETag the store has of the plan's part; `completion` is told in a later turn, nil where it has none or there
    /// is no answer.
    func etagOfPart(of plan: UploadPlan, now: Int64, completion: @escaping (String?) -> Void) -> StoreCall {
        guard case .putPart(let uploadID, let number) = plan.operation else {
            preconditionFailure("only parts have a number")
        }
        var options = ListOptions()
        options.limit = 1
        if number > 0 { options.marker = Array(String(number - 1).utf8) }
        let head = requests.encoded(
            .listParts(uploadID: uploadID, options), bucket: plan.bucket, key: plan.key, on: plan.request.publicID,
            now: now)
        return StoreCall(pool: pool, method: .get, head: head, isRepeatable: true) { result in
            guard case .success(let answer) = result else { return completion(nil) }
            completion(plan.storeDialect?.dialect.etag(ofPart: number, in: answer))
        }
    }

    /// Takes back a sink whose upload is over.
    func keep(_ sink: RemoteSink) {
        if spare.count < Self.spareLimit { spare.append(sink) }
    }
}
