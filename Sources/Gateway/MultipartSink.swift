// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import Eventing
internal import HTTPWire
internal import Settings
internal import Upstream

/// A remote store as the place of an upload that one request cannot carry: it goes there in parts. Loop thread only.
///
/// The bytes are gathered, a part at a time: at most ``partsInFlight`` parts are being stored while one is filled, fewer
/// where ``PartsMemory`` gives no more, which bounds the memory. A body that turns out to be no longer than a part is an
/// ordinary object, stored by one request.
/// Whatever goes wrong before the completion is out, the upload is aborted at the store, and nothing is stored.
final class MultipartSink: UploadSink {
    private static let partsInFlight = 2

    private enum State {
        /// The first part is not full. → creating, putting, over
        case gathering
        /// The store was asked for an upload. → noting, over
        case creating
        /// The upload is being noted, before there is anything in it. → sending, over
        case noting(uploadID: [UInt8])
        /// Parts go out. → completing, over
        case sending(uploadID: [UInt8])
        /// All parts are stored, and the store makes the object of them. → over
        case completing(StoreCall)
        /// The body was short: it goes out by one request. → over
        case putting(StoreCall)
        case over
    }

    private let runtime: Runtime
    private let remote: RemoteStore
    private let plan: UploadPlan
    private let dialect: any Dialect
    private let traits: StoreTraits
    private let memory: PartsMemory
    /// Weak: an aborted upload does not wait for the store.
    private weak var handler: (any UploadSinkHandler)?
    private var state = State.gathering
    private var parts: MultipartParts
    private var calls: [Int: StoreCall] = [:]
    private var stored: [Completion.Part] = []
    private var isPaused = false
    /// Of the whole body, where its client said what it is: the store sees parts only.
    private var md5: MD5?
    private var bodyBytes: UInt64 = 0
    /// What this sink holds at present, in the loop's count.
    private var countedBytes = 0
    private var flyingBytes = 0
    private(set) var answeredOperation: StoreOperation?
    /// The name of its note, where there is one.
    private var note: String?

    init(
        runtime: Runtime, remote: RemoteStore, dialect: any Dialect, plan: UploadPlan, memory: PartsMemory,
        handler: any UploadSinkHandler
    ) {
        self.runtime = runtime
        self.memory = memory
        self.remote = remote
        self.plan = plan
        self.dialect = dialect
        self.handler = handler
        traits = dialect.traits
        parts = MultipartParts(traits, length: plan.length, mostBytes: plan.sizeLimit)
        if plan.contentMD5 != nil { md5 = MD5() }
    }

    func send(_ bytes: Span<UInt8>) -> Bool {
        if case .over = state { return true }
        md5?.update(bytes)
        bodyBytes &+= UInt64(bytes.count)
        parts.append(bytes)
        advance()
        isPaused = !hasRoom
        return !isPaused
    }

    /// Whether there is a part to fill, and the memory for it.
    private var hasRoom: Bool { !parts.isOverfull && calls.count < memory.parts }

    func finish() {
        if let digest = md5.take()?.finalize(), let told = plan.contentMD5, digest != told {
            // In a later turn, as all that a sink tells.
            return runtime.worker.loop.execute { [self] in
                fail(.refused(.badDigest("The body's MD5 is not the one that Content-MD5 says."), relay: nil))
            }
        }
        parts.complete()
        advance()
    }

    func abort() {
        switch state {
        // Its answer names the upload that is to be aborted.
        case .gathering, .creating, .over: break
        case .putting(let call), .completing(let call): call.cancel()
        case .noting(let uploadID): abandon(uploadID)
        case .sending(let uploadID):
            for call in calls.values { call.cancel() }
            abandon(uploadID)
        }
        end()
    }

    func recycle() { abort() }

    // MARK: - Steps

    private func advance() {
        switch state {
        case .gathering:
            if parts.isOverfull || parts.waitingBytes > traits.largestPutBytes {
                create()
            } else if parts.isComplete {
                put()
            }
        case .sending(let uploadID):
            while calls.count < Self.partsInFlight, let part = parts.cut() { put(part, uploadID) }
            if !parts.isComplete, calls.count == memory.parts { memory.addPart() }
            if parts.isComplete, parts.isEmpty, calls.isEmpty { complete(uploadID) }
        case .creating, .noting, .completing, .putting, .over: break
        }
        count()
    }

    /// After room was made.
    private func resume() {
        guard isPaused, hasRoom else { return }
        isPaused = false
        handler?.sinkWritable()
    }

    private func put() {
        let body = parts.takeAll()
        flyingBytes = body.count
        let head = remote.requests.encoded(
            .putObject, of: plan, framing: .length(UInt64(body.count)), objectBytes: bodyBytes, now: seconds)
        let call = StoreCall(
            pool: remote.pool, method: .put, head: head, body: body, isRepeatable: plan.isRepeatable
        ) { [weak self] in self?.answered($0) }
        state = .putting(call)
    }

    private func create() {
        state = .creating
        let head = remote.requests.encoded(.createUpload, of: plan, framing: .none, now: seconds)
        // Goes on without the sink, whose client may be gone: the upload that the store began must not be left there.
        _ = StoreCall(pool: remote.pool, method: .post, head: head) {
            [weak self, remote, dialect, plan, clock = runtime.environment.clock] result in
            if let self, case .creating = self.state { return self.created(result) }
            guard case .success(let answer) = result, let created = dialect.created(answer) else { return }
            MultipartAbort.start(
                remote: remote, bucket: plan.bucket, key: Array(plan.key), uploadID: created.uploadID,
                now: { clock.seconds }, completion: { _ in })
        }
    }

    private func created(_ result: Result<WireAnswer, StoreFailure>) {
        switch result {
        case .failure(let failure): fail(.refused(Failure(failure), relay: nil))
        case .success(let answer):
            guard let created = dialect.created(answer) else {
                return fail(.refused(.refused(answer, dialect), relay: nil))
            }
            if let bytes = created.partBytes {
                parts.partBytes = Int(clamping: bytes)
                // What fails from here on aborts the upload.
                state = .sending(uploadID: created.uploadID)
                guard memory.resize(partBytes: parts.partBytes) else {
                    return fail(.refused(.noMemoryForParts, relay: nil))
                }
            }
            guard let notes = runtime.worker.notes else { return begin(created.uploadID) }
            state = .noting(uploadID: created.uploadID)
            let note = MultipartNote(
                store: runtime.settings.stores[plan.storeIndex].name, bucket: plan.bucket, key: Array(plan.key),
                uploadID: created.uploadID)
            notes.write(note, loop: runtime.worker.loop) { [self, uploadID = created.uploadID] name in
                guard case .noting = state else {
                    // Given up meanwhile; the abort may be over or not, and is not waited for.
                    if let name { notes.remove(name) }
                    return
                }
                self.note = name
                begin(uploadID)
            }
        }
    }

    private func begin(_ uploadID: [UInt8]) {
        state = .sending(uploadID: uploadID)
        advance()
        resume()
    }

    private func put(_ part: MultipartPart, _ uploadID: [UInt8]) {
        let operation = StoreOperation.putPart(uploadID: uploadID, number: part.number)
        let head = remote.requests.encoded(
            operation, of: plan, framing: .length(UInt64(part.bytes.count)), now: seconds)
        if !part.isRepeated { flyingBytes += part.bytes.count }
        calls[part.number] = StoreCall(
            pool: remote.pool, method: .put, head: head, body: part.bytes, isRepeatable: traits.reportsCRC64
        ) { [weak self] in self?.partAnswered($0, part, operation, uploadID) }
    }

    private func partAnswered(
        _ result: Result<WireAnswer, StoreFailure>, _ part: MultipartPart, _ operation: StoreOperation,
        _ uploadID: [UInt8]
    ) {
        guard case .sending = state else { return }
        // Those of a failed call, too, are no more.
        calls[part.number] = nil
        switch result {
        case .failure(let failure):
            // A connection that closed says little of the store, and the bytes are still here.
            guard failure.kind == .closed, !part.isRepeated else { return fail(.refused(Failure(failure), relay: nil)) }
            var part = part
            part.isRepeated = true
            put(part, uploadID)
        case .success(let answer):
            do throws(Failure) {
                stored.append(try part.judge(answer, to: operation, dialect, isChecked: plan.route.integrity == .full))
            } catch {
                return fail(.refused(error, relay: nil))
            }
            flyingBytes -= part.bytes.count
            memory.keep(calls.count + 1)
            advance()
            resume()
        }
    }

    private func complete(_ uploadID: [UInt8]) {
        stored.sort { $0.number < $1.number }
        let operation = StoreOperation.completeUpload(uploadID: uploadID)
        let body = remote.requests.completionBody(stored)
        let head = remote.requests.encoded(
            operation, of: plan, framing: .length(UInt64(body.count)), objectBytes: bodyBytes, now: seconds)
        let call = StoreCall(pool: remote.pool, method: .post, head: head, body: body) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let failure) where !failure.mayBeStored: abandon(uploadID)
            case .success(let answer):
                let verdict = dialect.judge(
                    answer, to: operation, streamed: Checksums(), callbackAsked: plan.asksStoreForCallback)
                if case .notStored = verdict { abandon(uploadID) }
                switch verdict {
                case .stored, .callbackFailed, .mismatch: forget()
                case .notStored, .unclear: break
                }
            case .failure: break
            }
            answeredOperation = operation
            answered(result)
        }
        state = .completing(call)
    }

    // MARK: - Ends

    /// The answer that decides what became of the object.
    private func answered(_ result: Result<WireAnswer, StoreFailure>) {
        end()
        switch result {
        case .success(let answer): handler?.sinkAnswered(answer)
        case .failure(let failure): handler?.sinkFailed(Failure(failure), mayBeStored: failure.mayBeStored)
        }
    }

    private func fail(_ verdict: StoreVerdict) {
        if case .over = state { return }
        abort()
        handler?.sinkDecided(verdict)
    }

    private func abandon(_ uploadID: [UInt8]) {
        MultipartAbort.start(
            remote: remote, bucket: plan.bucket, key: Array(plan.key), uploadID: uploadID,
            now: { [clock = runtime.environment.clock] in clock.seconds }
        ) { [note, notes = runtime.worker.notes] isGone in
            if isGone, let note { notes?.remove(note) }
        }
    }

    private func forget() {
        if let note { runtime.worker.notes?.remove(note) }
    }

    private func end() {
        state = .over
        calls = [:]
        _ = parts.takeAll()
        memory.release()
        flyingBytes = 0
        count()
    }

    /// Keeps the loop's count of waiting bytes right.
    private func count() {
        let bytes = parts.waitingBytes + flyingBytes
        if bytes != countedBytes { runtime.worker.metrics.bufferedBytes.add(bytes - countedBytes) }
        countedBytes = bytes
    }

    private var seconds: Int64 { runtime.environment.clock.seconds }
}

// Confined to its loop; posted to it so that it tells in a later turn.
extension MultipartSink: @unchecked Sendable {}
