// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Settings
internal import Upstream

/// One upload from its accepted request to its log line: performs what ``UploadState`` decides. Loop thread only.
final class Upload: BodyReceiver, UploadSinkHandler {
    let runtime: Runtime
    let request: UploadRequest
    let plan: UploadPlan
    let face: ClientFace
    /// nil once the client is gone or was told.
    private var source: (any UploadSource)?
    private var state: UploadState
    private var sink: (any UploadSink)?
    private var probe: StoreCall?
    private var callback: CallbackMaker?
    private var record: UploadRecord
    private let admission: Admission
    /// Bytes of the body so far.
    private(set) var received: UInt64 = 0
    private var checksum = CRC64()
    private let needsChecksum: Bool
    /// Of an upload to US3, in place of the CRC-64.
    private var etag: US3BodyDigest?
    /// Where the client signed one.
    private var sha256: SHA256?
    /// Of an upload whose callback tells the size of a picture.
    private var image: ImageHead?
    /// Its place among the worker's uploads, which hold it until it is over: its client may be gone before.
    var slot: Int?

    init(
        runtime: Runtime, request: UploadRequest, plan: UploadPlan, face: ClientFace, source: any UploadSource,
        record: UploadRecord, admission: Admission
    ) {
        self.admission = admission
        self.runtime = runtime
        self.request = request
        self.plan = plan
        self.face = face
        self.source = source
        self.record = record
        needsChecksum = plan.needsChecksum
        etag = plan.needsETag ? US3BodyDigest(isPart: plan.isPart) : nil
        sha256 = plan.isFromSDK && request.client?.contentSHA256 != nil ? SHA256() : nil
        image = plan.needsImage ? ImageHead() : nil
        state = UploadState(callsBack: plan.ownCallback != nil, onFailure: plan.onFailure)
    }

    /// When its head came, or its part of a form.
    var started: Instant { record.started }

    /// Where it is.
    var phase: Phase { state.phase }

    /// Starts to store; the body follows from the source.
    func start() {
        runtime.worker.uploadStarted(self)
        sink = runtime.makeSink(for: plan, admission, handler: self)
        source?.begin(self)
    }

    /// Ends the upload because the process ends: nothing may be half-stored.
    func cancel() {
        let failure = Failure(
            .draining, party: .putback, phase: state.phase, status: 503, "Putback is shutting down.", retryAfter: 1)
        probe?.cancel()
        callback?.cancel()
        sink?.abort()
        let stored: Stored = if case .callingBack = state.step { .yes } else { state.isWaiting ? .unknown : .no }
        finish(Outcome(stored: stored, failure: failure))
        source?.abort()
    }

    /// The body broke a rule of what it is a part of: nothing is stored of it.
    func fail(_ failure: Failure) {
        perform(state.bodyFailed(failure))
    }

    // MARK: - From the client

    func bodyReceived(_ bytes: Span<UInt8>) {
        guard state.isStreaming else { return }
        received &+= UInt64(bytes.count)
        guard received <= plan.sizeLimit else { return perform(state.bodyFailed(.tooLarge(plan.sizeLimit))) }
        if needsChecksum { checksum.update(bytes) }
        etag?.update(bytes)
        sha256?.update(bytes)
        image?.add(bytes)
        if sink?.send(bytes) == false { pauseBody() }
    }

    /// Bytes that are only counted need not pass through this process.
    var takesPipe: Bool {
        !needsChecksum && etag == nil && sha256 == nil && image == nil && state.isStreaming
            && sink?.takesPipe == true
    }

    func bodyReceived(in pipe: SplicePipe) {
        guard state.isStreaming else { return }
        received &+= UInt64(pipe.count)
        guard received <= plan.sizeLimit else { return perform(state.bodyFailed(.tooLarge(plan.sizeLimit))) }
        if sink?.send(pipe) == false { pauseBody() }
    }

    private func pauseBody() {
        if record.stalledSince == nil { record.stalledSince = runtime.worker.loop.now }
        source?.pauseBody()
    }

    func bodyCompleted() {
        record.stallEnded(runtime.worker.loop.now)
        record.bodyEnded = runtime.worker.loop.now
        if let expected = plan.crc64, expected != checksum.value {
            return perform(
                state.bodyFailed(.badDigest("The body's CRC-64 is not the one that x-oss-hash-crc64ecma says.")))
        }
        if plan.isFromSDK, let failure = brokenPromise() { return perform(state.bodyFailed(failure)) }
        perform(state.bodyCompleted())
    }

    /// What a vendor's client said of its body, if it is not so; asked once, when the body is complete.
    private func brokenPromise() -> Failure? {
        if let digest = sha256.take()?.finalize(), digest != request.client?.contentSHA256 {
            var failure = Failure.badDigest("The body's SHA-256 is not the one that was signed.")
            failure.exact = .badSHA256
            return failure
        }
        guard let minimum = request.client?.lengthRange?.lowerBound, received < minimum else { return nil }
        var failure = Failure(
            .bodyMalformed, party: .client, phase: .storing, status: 400,
            "The body is shorter than \(minimum) bytes.")
        failure.exact = .tooSmall(minimum: minimum)
        return failure
    }

    func clientFailed(_ failure: ClientFailure) {
        if failure == .gone || failure == .answerNotTaken { source = nil }
        perform(state.bodyFailed(Failure(failure)))
    }

    func answerDrained() {}

    // MARK: - From the store

    func sinkWritable() {
        record.stallEnded(runtime.worker.loop.now)
        source?.resumeBody()
    }

    func sinkAnswered(_ answer: WireAnswer) {
        record.storeStatus = answer.status
        let facts = StreamedFacts(
            size: received, crc64: needsChecksum ? checksum.value : nil, us3ETag: etag?.finish())
        if let operation = sink?.answeredOperation { return sinkDecided(plan.judgeParts(answer, to: operation, facts)) }
        let isThere = plan.isPartThere(answer, facts)
        guard state.isWaiting, isThere || plan.lacksFacts(answer, facts),
            let remote = runtime.remote(plan.storeIndex)
        else {
            return sinkDecided(plan.judge(answer, facts))
        }
        if isThere {
            probe = remote.etagOfPart(of: plan, now: runtime.environment.clock.seconds) { [weak self] etag in
                guard let self else { return }
                var facts = facts
                facts.etagOfPart = etag
                sinkDecided(plan.judge(answer, facts))
            }
            return
        }
        probe = remote.facts(of: plan, now: runtime.environment.clock.seconds) { [weak self] found in
            guard let self else { return }
            sinkDecided(plan.judge(answer, facts, found: found))
        }
    }

    func sinkDecided(_ verdict: StoreVerdict) {
        record.storeAnswered = runtime.worker.loop.now
        perform(state.storeAnswered(verdict))
    }

    func sinkFailed(_ failure: Failure, mayBeStored: Bool) {
        record.storeAnswered = runtime.worker.loop.now
        perform(state.storeFailed(failure, mayBeStored: mayBeStored))
    }

    // MARK: - Actions

    private func perform(_ action: UploadState.Action) {
        switch action {
        case .nothing:
            break
        case .finishBody:
            sink?.finish()
        case .abort(let outcome):
            sink?.abort()
            finish(outcome)
        case .callBack(let object):
            callBack(object)
        case .delete(let object):
            delete(object)
        case .tell(let outcome):
            finish(outcome)
        }
    }

    private func callBack(_ object: StoredObjectFacts) {
        record.callbackStarted = .now
        guard let remote = runtime.remote(plan.storeIndex), case .completeUpload = plan.operation else {
            return call(object)
        }
        // No answer to a completion tells the size of what it made.
        probe = remote.facts(of: plan, now: runtime.environment.clock.seconds) { [weak self] facts in
            guard let self else { return }
            guard let facts else {
                let message = "The store does not tell the size of the object, so the app was not called."
                return perform(state.callbackEnded(.failed(message: message, ec: nil, appStatus: nil)))
            }
            let found = StoredObjectFacts(
                size: facts.size, etag: object.etag, crc64: object.crc64, contentMD5: object.contentMD5,
                contentType: facts.contentType)
            state.objectFound(found)
            call(found)
        }
    }

    private func call(_ object: StoredObjectFacts) {
        guard let own = plan.ownCallback else { preconditionFailure("the state calls back only what was planned") }
        let facts = CallbackFacts(
            bucket: plan.bucket, object: Array(plan.key), etag: object.etagText ?? "", size: object.size,
            mimeType: object.contentType ?? plan.mimeType, crc64: object.crc64, contentMD5: object.contentMD5,
            clientIP: request.clientIP, requestID: request.requestID.text, operation: plan.operation.apiName,
            image: image?.image, custom: own.custom)
        let maker = CallbackMaker(
            pools: runtime.callbackPools, callback: own, facts: facts, id: request.publicID,
            unixSeconds: runtime.environment.clock.seconds,
            answerLimit: runtime.settings.limits.callbackAnswerBytes
        ) { [weak self] result in
            guard let self else { return }
            record.callbackEnded = .now
            perform(state.callbackEnded(result))
        }
        callback = maker
        maker.start()
    }

    private func delete(_ object: StoredObjectFacts) {
        runtime.deleteObject(of: plan) { [weak self] succeeded in
            guard let self else { return }
            perform(state.deleteEnded(succeeded: succeeded))
        }
    }

    private func finish(_ outcome: Outcome) {
        guard slot != nil else { return }
        record.received = received
        // Before the answer: a client that has it may expect the room for its next upload.
        runtime.worker.uploadEnded(self)
        admission.end()
        let now = runtime.worker.loop.now
        record.stallEnded(now)
        record.ended = now
        runtime.metrics.count(
            outcome, route: plan.route, received: received, started: record.started, bodyEnded: record.bodyEnded,
            stalled: record.stalledNanoseconds, storeAnswered: record.storeAnswered,
            callbackStarted: record.callbackStarted, callbackEnded: record.callbackEnded, ended: now)
        if let source = source.take(), source.isOpen { record.status = source.ended(self, outcome) }
        runtime.log(record, outcome, request: request, plan: plan)
        sink.take()?.recycle()
        probe = nil
    }
}

// Confined to its loop; crosses to the disk thread only as the address to which a deletion's result is posted back.
extension Upload: @unchecked Sendable {}

/// What is known of a body once all of it was passed on.
struct StreamedFacts: Sendable {
    var size: UInt64
    /// nil where the route does not check it.
    var crc64: UInt64?
    /// Of uploads to US3.
    var us3ETag: String?
    /// Of an object that was made of parts, once the store told it.
    var objectBytes: UInt64?
    /// Of a part that US3 had already, once it told it.
    var etagOfPart: String?

    var isChecked: Bool { crc64 != nil || us3ETag != nil }
}

extension Failure {
    static func tooLarge(_ limit: UInt64) -> Failure {
        var failure = Failure(
            .tooLarge, party: .client, phase: .storing, status: 413, "The body is longer than \(limit) bytes.")
        failure.exact = .tooLarge(maximum: limit)
        return failure
    }

    /// What a client's failure means in the answer, if it still reads one, and in the log.
    init(_ failure: ClientFailure) {
        switch failure {
        case .gone, .answerNotTaken:
            self.init(.clientGone, party: .client, phase: .storing, status: 499, "The client went away.")
        case .truncated:
            self.init(
                .bodyTruncated, party: .client, phase: .storing, status: 400,
                "The body ended before it was complete.")
        case .stalled:
            self.init(
                .bodyStalled, party: .client, phase: .storing, status: 408, "No byte of the body came for too long.")
        case .tooSlow:
            self.init(
                .bodyTooSlow, party: .client, phase: .storing, status: 408,
                "The body came slower than the minimum rate.")
        case .malformed(let error):
            self.init(.bodyMalformed, party: .client, phase: .storing, status: error.status, error.message)
        }
    }
}
