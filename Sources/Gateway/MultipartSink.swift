// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPWire
internal import Octets
internal import Upstream

/// An upload that one PUT cannot carry: its length is unknown where the store wants one, or it is too long. Loop thread only.
///
/// Bytes are gathered into parts, of which ``partsInFlight`` are on their way and one is filled; so many are held and no
/// more. A body that ends within the first part is an ordinary PUT of a known length after all. Whatever fails before the
/// completion is out aborts the upload at the store, so that nothing is stored and no part is left.
final class MultipartSink: UploadSink {
    private static let partsInFlight = 2
    private static let usualPartBytes = 8 << 20

    private enum Step {
        /// Less than a part came. → creating, finishing, over
        case gathering
        /// The upload is begun at the store. → sending, over
        case creating
        /// Parts go out. → finishing, over
        case sending(uploadID: [UInt8])
        /// The completion, or the one PUT, is out. → over
        case finishing
        case over
    }

    private let plan: UploadPlan
    private let remote: RemoteStore
    private let dialect: any Dialect
    private let now: () -> Int64
    /// Unowned: the upload owns its sink.
    private unowned var handler: (any UploadSinkHandler)?
    private var step = Step.gathering
    private var partBytes: Int
    private var buffer: [UInt8] = []
    private var exchanges: [Int: SmallExchange] = [:]
    private var parts: [Completion.Part] = []
    private var nextNumber: Int
    private var isComplete = false
    private var isPaused = false
    private var md5: MD5Box?

    init(
        plan: UploadPlan, remote: RemoteStore, dialect: any Dialect, now: @escaping () -> Int64,
        handler: any UploadSinkHandler
    ) {
        self.plan = plan
        self.remote = remote
        self.dialect = dialect
        self.now = now
        self.handler = handler
        let traits = dialect.traits
        nextNumber = traits.firstPartNumber
        partBytes = traits.hasFixedParts ? Int(DirectoryParts.fixedBytes) : Self.usualPartBytes
        // So that the parts allowed suffice for the longest body.
        if !traits.hasFixedParts {
            let longest = min(plan.length ?? plan.sizeLimit, UInt64(traits.mostParts) * (256 << 20))
            partBytes = max(partBytes, Int(longest / UInt64(traits.mostParts)) + 1)
        }
        if plan.contentMD5 != nil { md5 = MD5Box() }
    }

    /// Whether an upload needs this way.
    static func isNeeded(_ plan: UploadPlan, _ traits: StoreTraits) -> Bool {
        guard plan.operation == .putObject || plan.operation == .postObject else { return false }
        guard let length = plan.length else { return !traits.takesChunks || plan.sizeLimit > traits.largestPutBytes }
        return length > traits.largestPutBytes
    }

    // MARK: - From the upload

    func send(_ bytes: Span<UInt8>) -> Bool {
        md5?.update(bytes)
        buffer.append(bytes)
        advance()
        isPaused = !isOver && buffer.count > partBytes
        return !isPaused
    }

    func finish() {
        isComplete = true
        if let md5, let expected = plan.contentMD5, md5.finish() != expected {
            return fail(.badDigest("The body's MD5 is not the one that Content-MD5 says."))
        }
        advance()
    }

    func abort() {
        if case .over = step { return }
        end()
    }

    func recycle() {}

    private var isOver: Bool { if case .over = step { true } else { false } }

    // MARK: - Parts

    private func advance() {
        switch step {
        case .gathering:
            if isComplete { return putWhole() }
            if buffer.count > partBytes { create() }
        case .sending(let id):
            while exchanges.count < Self.partsInFlight, buffer.count > partBytes || (isComplete && !buffer.isEmpty) {
                sendPart(id)
            }
            if isComplete, buffer.isEmpty, exchanges.isEmpty { complete(id) }
            guard isPaused, buffer.count <= partBytes else { return }
            isPaused = false
            handler?.sinkWritable()
        case .creating, .finishing, .over: break
        }
    }

    /// All of the body is there and is no more than a part: the callback goes with it as with any other upload.
    private func putWhole() {
        step = .finishing
        let body = buffer
        buffer = []
        var checksum: String?
        if plan.needsETag {
            let digest = US3BodyDigest(isPart: false)
            digest.update(body.span)
            checksum = digest.finish()
        }
        let sums = Checksums(crc64: crc(of: body), us3ETag: checksum)
        let head = remote.requests.encoded(plan, .putObject, framing: .length(UInt64(body.count)), now: now())
        exchange(.put, head, body) { [self] result in answered(result, to: .putObject, sums) }
    }

    private func create() {
        step = .creating
        let head = remote.requests.encoded(plan, .createUpload, framing: .none, now: now())
        exchange(.post, head, []) { [self] result in
            switch result {
            case .success(let answer):
                let created = dialect.created(answer)
                if isOver { return created.map { abortAtStore($0.uploadID) } ?? () }
                guard let created else {
                    return fail(.storeRefused(status: answer.status, dialect.errorDocument(answer), answer.fields))
                }
                if let size = created.partBytes { partBytes = Int(clamping: size) }
                step = .sending(uploadID: created.uploadID)
                advance()
            case .failure(let failure): fail(Failure(failure))
            }
        }
    }

    private func sendPart(_ id: [UInt8]) {
        let number = nextNumber
        nextNumber += 1
        guard number < dialect.traits.firstPartNumber + dialect.traits.mostParts else {
            return fail(.tooLarge(UInt64(partBytes) * UInt64(dialect.traits.mostParts)))
        }
        let body = Array(buffer.prefix(partBytes))
        buffer.removeFirst(body.count)
        var sums = Checksums(crc64: crc(of: body))
        if plan.needsETag, partBytes == Int(DirectoryParts.fixedBytes) {
            let digest = US3BodyDigest(isPart: true)
            digest.update(body.span)
            sums.us3ETag = digest.finish()
        }
        let operation = StoreOperation.putPart(uploadID: id, number: number)
        let head = remote.requests.encoded(plan, operation, framing: .length(UInt64(body.count)), now: now())
        exchange(.put, head, body) { [self] result in
            switch result {
            case .success(let answer):
                let verdict = dialect.judge(answer, to: operation, streamed: sums, callbackAsked: false)
                stored(number, verdict, sums, answer)
            case .failure(let failure): fail(Failure(failure))
            }
        }
    }

    private func stored(_ number: Int, _ verdict: Verdict, _ sums: Checksums, _ answer: WireAnswer) {
        switch verdict {
        case .stored(let facts):
            guard let etag = facts.etag.map({ String(octets: $0.span) }) ?? sums.us3ETag else {
                return fail(.unverified)
            }
            guard sums.isEmpty || facts.isVerified || sums.us3ETag != nil else { return fail(.unverified) }
            parts.append(Completion.Part(number: number, etag: etag))
            advance()
        case .notStored(let status, let document): fail(.storeRefused(status: status, document, answer.fields))
        case .mismatch, .callbackFailed, .unclear:
            fail(
                Failure(
                    .storeMismatch, party: .store, phase: .judging, status: 502,
                    "The store did not store part \(number) as it was sent.", storeStatus: answer.status))
        }
    }

    private func complete(_ id: [UInt8]) {
        step = .finishing
        parts.sort { $0.number < $1.number }
        let body = remote.requests.completionBody(parts)
        let operation = StoreOperation.completeUpload(uploadID: id)
        let head = remote.requests.encoded(plan, operation, framing: .length(UInt64(body.count)), now: now())
        exchange(.post, head, body) { [self] result in
            // A refusal says that there is no object: then the parts are to go.
            if case .success(let answer) = result, (400..<500).contains(answer.status) { abortAtStore(id) }
            answered(result, to: operation, Checksums())
        }
    }

    // MARK: - The end

    private func answered(
        _ result: Result<WireAnswer, StoreFailure>, to operation: StoreOperation, _ sums: Checksums
    ) {
        guard case .finishing = step else { return }
        step = .over
        exchanges = [:]
        switch result {
        case .success(let answer): handler?.sinkAnswered(answer)
        case .failure(let failure): handler?.sinkFailed(Failure(failure), mayBeStored: failure.mayBeStored)
        }
    }

    private func fail(_ failure: Failure) {
        if isOver { return }
        end()
        handler?.sinkDecided(.refused(failure, relay: nil))
    }

    private func end() {
        let last = step
        step = .over
        buffer = []
        // The answer to a request that is under way tells the id that is to be aborted.
        if case .creating = last { return }
        for exchange in exchanges.values { exchange.cancel() }
        exchanges = [:]
        if case .sending(let id) = last { abortAtStore(id) }
    }

    /// Outlives the upload, whose client may be gone.
    private func abortAtStore(_ id: [UInt8]) {
        let head = remote.requests.encoded(plan, .abortUpload(uploadID: id), framing: .none, now: now())
        remote.detached(.delete, head)
    }

    private func exchange(
        _ method: HTTPMethod, _ head: [UInt8], _ body: [UInt8],
        _ completion: @escaping (Result<WireAnswer, StoreFailure>) -> Void
    ) {
        let place = nextPlace
        nextPlace += 1
        exchanges[place] = SmallExchange(pool: remote.pool, method: method, head: head, body: body) { [weak self] in
            guard let self, exchanges.removeValue(forKey: place) != nil else { return }
            completion($0)
        }
    }

    private var nextPlace = 0

    private func crc(of bytes: [UInt8]) -> UInt64? {
        guard plan.needsChecksum, dialect.traits.reportsCRC64 else { return nil }
        return CRC64.checksum(bytes.span)
    }
}

/// Holds a running MD5, which cannot be copied, in an optional.
private final class MD5Box {
    private var digest: MD5? = MD5()

    func update(_ bytes: Span<UInt8>) { digest?.update(bytes) }

    func finish() -> [UInt8] { digest.take()?.finalize() ?? [] }
}
