// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import DirectoryStore
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Settings
internal import Signing
internal import Upstream

/// One snapshot on one loop: its connection pools and signers. Loop thread only.
///
/// Uploads hold the runtime that they began with; after a reload the old one goes with its last upload.
final class Runtime {
    /// Holds the runtime too, until its end.
    let worker: Worker
    let snapshot: Snapshot
    let planner: Planner
    let metrics: MetricsTables
    /// For each store: nil for directories.
    private let remotes: [RemoteStore?]
    let callbackPools: CallbackPools
    /// What log lines say of each listener, and of each route and its store.
    private let listenerFields: [LogFields]
    private let routeFields: [LogFields]
    /// What checks vendors' clients, made when the first one comes.
    private var verifiers: [DialectName: any ClientVerifier] = [:]

    let settings: Settings
    let environment: Environment

    init(worker: Worker, snapshot: Snapshot) {
        self.worker = worker
        self.snapshot = snapshot
        let settings = snapshot.settings
        self.settings = settings
        let log = worker.log
        listenerFields = settings.listeners.map { listener in log.fields { $0.add("listener", listener.name) } }
        routeFields = settings.routes.routes.map { route in
            log.fields { line in
                line.add("route", route.name)
                line.add("store", settings.stores[route.storeIndex].name)
            }
        }
        environment = worker.environment
        planner = Planner(settings: snapshot.settings, environment: worker.environment, signer: snapshot.signer)
        callbackPools = CallbackPools(context: worker.upstream, snapshot: snapshot)
        let metrics = worker.metrics.tables(snapshot.settings)
        self.metrics = metrics
        remotes = snapshot.stores.indices.map { index in
            guard case .remote(let endpoint, let store) = snapshot.stores[index], let meter = metrics.stores[index]
            else { return nil }
            return RemoteStore(
                pool: StorePool(
                    context: worker.upstream, endpoint: endpoint, meter: meter, placeMeters: metrics.places[index]),
                requests: StoreRequests(store))
        }
    }

    /// Closes idle connections; those in use close when their exchange is over.
    func retire() {
        for remote in remotes { remote?.pool.close() }
        callbackPools.close()
    }

    func verifier(_ name: DialectName) -> any ClientVerifier {
        if let verifier = verifiers[name] { return verifier }
        let verifier = name.dialect.makeVerifier()
        verifiers[name] = verifier
        return verifier
    }

    func remote(_ index: Int) -> RemoteStore? { remotes[index] }

    func directory(_ index: Int) -> DirectoryStore? {
        if case .directory(let store) = snapshot.stores[index] { store } else { nil }
    }

    /// Opens the way to the plan's store.
    func makeSink(
        for plan: UploadPlan, _ admission: Admission, handler: any UploadSinkHandler
    ) -> any UploadSink {
        if let remote = remotes[plan.storeIndex] {
            if let memory = admission.memory, let dialect = plan.storeDialect?.dialect {
                return MultipartSink(
                    runtime: self, remote: remote, dialect: dialect, plan: plan, memory: memory, handler: handler)
            }
            return remote.put(plan, now: environment.clock.seconds, handler: handler)
        }
        guard let store = directory(plan.storeIndex) else { preconditionFailure("a store is remote or a directory") }
        return DirectorySink(
            store: store, target: DirectoryTarget(plan), loop: worker.loop, queue: worker.disk.queue(),
            buffered: worker.metrics.bufferedBytes, budget: worker.counters.budget, handler: handler)
    }

    /// Removes an object whose callback failed; `completion` is told, in a later turn, whether it is gone.
    func deleteObject(of plan: UploadPlan, completion: @escaping @Sendable (Bool) -> Void) {
        if let remote = remotes[plan.storeIndex] {
            let head = remote.requests.encoded(
                .deleteObject, bucket: plan.bucket, key: plan.key, on: plan.request.publicID,
                now: environment.clock.seconds)
            _ = StoreCall(pool: remote.pool, method: .delete, head: head) { result in
                guard case .success(let answer) = result else { return completion(false) }
                completion((200...299).contains(answer.status) || answer.status == 404)
            }
        } else if let store = directory(plan.storeIndex) {
            worker.disk.queue().execute { [loop = worker.loop, bucket = plan.bucket, key = Array(plan.key)] in
                let isGone = (try? store.delete(bucket: bucket, key: key)) != nil
                loop.execute { completion(isGone) }
            }
        }
    }

    /// Refuses what the plan's store cannot hold, before the client sends it.
    func validate(_ plan: UploadPlan) throws(Failure) {
        if plan.needsLength {
            var failure = Failure(
                .malformedRequest, party: .client, phase: .planning, status: 411,
                "The store takes such a body of a known length only.")
            failure.exact = .lengthRequired
            throw failure
        }
        guard plan.request.namesObject, let store = directory(plan.storeIndex) else { return }
        if let traits = plan.clientDialect?.dialect.traits, traits.hasFixedParts, plan.isPart, let length = plan.length,
            length > traits.smallestPartBytes
        {
            // A shorter one may be the last, so that only the completion can tell (live, juicefs issue 3763).
            var failure = Failure.tooLarge(traits.smallestPartBytes)
            failure.exact = .badRequest("content length:\(length) larger than block size:\(traits.smallestPartBytes)")
            throw failure
        }
        do throws(StoreError) { try store.validate(bucket: plan.bucket, key: Array(plan.key)) } catch {
            throw Failure(error)
        }
    }

    /// Lets an upload in, which counts until its end, or throws 503 that says what is used up.
    func admit(
        _ request: UploadRequest, _ plan: UploadPlan, on connection: ServerConnection
    ) throws(Failure) -> Admission {
        guard worker.admitUpload() else { throw .overloaded }
        do throws(Failure) {
            return try admitFile(request, plan, on: connection)
        } catch {
            worker.releaseUpload()
            throw error
        }
    }

    /// The same for a file of a form, which was let in as a whole.
    func admitFile(
        _ request: UploadRequest, _ plan: UploadPlan, on connection: ServerConnection
    ) throws(Failure) -> Admission {
        // First what takes nothing of a quota: it goes with its holder where the quota is used up.
        let memory = try memoryForParts(of: plan)
        var admission = try snapshot.quotas.admit(
            request, plan.route, address: connection.peer.octets, now: worker.loop.now, settings)
        admission.memory = memory
        return admission
    }

    private func memoryForParts(of plan: UploadPlan) throws(Failure) -> PartsMemory? {
        guard plan.needsParts, let traits = plan.storeDialect?.dialect.traits else { return nil }
        let bytes = MultipartParts.partBytes(traits, length: plan.length, mostBytes: plan.sizeLimit)
        guard
            let memory = PartsMemory(
                partBytes: min(bytes, Int(clamping: plan.sizeLimit)), of: worker.counters.budget,
                limit: settings.limits.bufferBytes)
        else { throw .noMemoryForParts }
        return memory
    }

    /// Out of line: the usual upload succeeds, and so large a value costs it hundreds of instructions.
    @inline(never)
    private func noteFailure(
        _ record: UploadRecord, _ outcome: Outcome, _ request: UploadRequest, _ plan: UploadPlan?
    ) {
        guard let failure = RecentFailure(outcome, record: record, request: request, plan: plan, runtime: self) else {
            return
        }
        worker.failures.add(failure)
    }

    func log(_ record: UploadRecord, _ outcome: Outcome, request: UploadRequest, plan: UploadPlan?) {
        if outcome.kind != .stored { noteFailure(record, outcome, request, plan) }
        worker.log.event("upload") { line in
            line.add(
                record, outcome, request: request, plan: plan, listener: listenerFields[request.listenerIndex],
                route: plan.map { routeFields[$0.route.index] })
        }
    }
}
