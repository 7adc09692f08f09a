// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import HTTPWire
internal import Settings

extension UploadPlan {
    /// What a store's answer to the plan's request means, given what was streamed to it. Clients of the store's dialect are
    /// told what the store said, others what it means.
    func judge(_ answer: WireAnswer, _ streamed: StreamedFacts) -> StoreVerdict {
        judge(answer, to: storeOperation, streamed, relaysAnswer: isFromSDK)
    }

    /// The same of the completion of an upload in parts that Putback made of the plan's object. No client asked for it, so
    /// none is told the store's own words. What US3 tells of the object is by the size of its parts, each of which was
    /// compared before.
    func judgeParts(_ answer: WireAnswer, to operation: StoreOperation, _ streamed: StreamedFacts) -> StoreVerdict {
        var streamed = streamed
        streamed.us3ETag = nil
        if storeDialect == .us3 { streamed.crc64 = nil }
        return judge(answer, to: operation, streamed, relaysAnswer: false)
    }

    /// Whether US3 gave its app's answer to a put policy, and with it not what has to be known of the object: HeadFile tells it.
    ///
    /// An ETag to compare is optional then (PutFileApi of the Java SDK reads one, FinishMultiUploadApi does not try), and the
    /// result document with the size is not there at all; but of a policy that the client did not ask for it gets that document.
    /// An app's refusal looks as one by who stands in front of US3 does: only the object tells them apart.
    func lacksFacts(_ answer: WireAnswer, _ streamed: StreamedFacts) -> Bool {
        guard asksStoreForCallback, storeDialect == .us3, let dialect = storeDialect?.dialect else { return false }
        var isResultWanted = false
        if case .completeUpload = operation { isResultWanted = route.callbackIndex != nil }
        let hasETag = answer.fields.contains("ETag")
        guard isResultWanted || !hasETag && (streamed.us3ETag != nil || answer.status >= 300) else { return false }
        switch dialect.judge(answer, to: storeOperation, streamed: Checksums(), callbackAsked: true) {
        case .stored, .callbackFailed: return true
        case .notStored, .mismatch, .unclear: return false
        }
    }

    /// The same once the store was asked what it has of the object; nil: nothing, or it did not say.
    func judge(_ answer: WireAnswer, _ streamed: StreamedFacts, found: ObjectFacts?) -> StoreVerdict {
        var streamed = streamed
        streamed.objectBytes = found?.size
        let verdict = judge(answer.with(etag: found?.etag), streamed)
        guard answer.status >= 300, answer.status != US3ErrorCode.callbackNotSent.status else { return verdict }
        var isThis = found?.size == streamed.size
        // What was streamed to a completion is the list of its parts.
        if case .completeUpload = operation { isThis = found != nil }
        if case .mismatch = verdict { isThis = false }
        return isThis ? verdict : .unknown(.unclear(answer.status))
    }

    /// Whether the store says that it has the part already, perhaps with other bytes: its list of parts tells.
    func isPartThere(_ answer: WireAnswer, _ streamed: StreamedFacts) -> Bool {
        guard isPart, answer.status >= 300, let dialect = storeDialect?.dialect else { return false }
        let checksums = Checksums(us3ETag: streamed.us3ETag)
        if case .stored = dialect.judge(answer, to: storeOperation, streamed: checksums, callbackAsked: false) {
            return true
        }
        return false
    }

    private func judge(
        _ answer: WireAnswer, to operation: StoreOperation, _ streamed: StreamedFacts, relaysAnswer: Bool
    ) -> StoreVerdict {
        let relay = relaysAnswer ? answer : nil
        guard let dialect = storeDialect?.dialect else { preconditionFailure("only stores with a dialect answer") }
        let verdict = dialect.judge(
            answer, to: operation,
            streamed: Checksums(crc64: streamed.crc64, md5: contentMD5, us3ETag: streamed.us3ETag),
            callbackAsked: asksStoreForCallback)
        switch verdict {
        case .stored where isPart && answer.status >= 300:
            // US3 has a part of that number already and does not replace it (-1014).
            guard let etag = streamed.us3ETag, streamed.etagOfPart == etag else {
                return .refused(
                    .storeRefused(status: answer.status, dialect.errorDocument(answer), answer.fields, dialect),
                    relay: relay)
            }
            let facts = StoredObjectFacts(size: streamed.size, etag: Array(etag.utf8)[...])
            return .stored(facts, callback: .notAsked, relay: nil)
        case .stored(let stored):
            guard !streamed.isChecked || stored.isVerified else { return .mismatch(.unverified) }
            return .stored(facts(stored, streamed), callback: succeeded(answer), relay: relay)
        case .callbackFailed(let stored, let document):
            let result = CallbackResult.failed(
                message: document.message, ec: document.ec, appStatus: Self.appStatus(document.message))
            return .stored(facts(stored, streamed), callback: result, relay: relay)
        case .notStored(let status, let document):
            return .refused(.storeRefused(status: status, document, answer.fields, dialect), relay: relay)
        case .mismatch(_, let mismatch):
            return .mismatch(
                Failure(
                    .storeMismatch, party: .store, phase: .judging, status: 502,
                    "The store reports the \(mismatch.kind.rawValue) \(mismatch.stored) of the object; what was sent has "
                        + "\(mismatch.streamed)."))
        case .unclear(let status):
            return .unknown(.unclear(status))
        }
    }

    private func succeeded(_ answer: WireAnswer) -> CallbackResult {
        guard asksStoreForCallback else { return .notAsked }
        let contentType = answer.fields.string("content-type") ?? "application/octet-stream"
        guard (200...299).contains(answer.status) else {
            return .passedOn(status: answer.status, body: answer.body, contentType: contentType)
        }
        return .succeeded(body: answer.body, contentType: contentType)
    }

    private func facts(_ stored: StoredFacts, _ streamed: StreamedFacts) -> StoredObjectFacts {
        // What was streamed to a completion is the list of its parts.
        let isSizeKnown = if case .completeUpload = operation { streamed.objectBytes != nil } else { true }
        return StoredObjectFacts(
            size: streamed.objectBytes ?? streamed.size, isSizeKnown: isSizeKnown, etag: stored.etag ?? [],
            crc64: stored.crc64, contentMD5: stored.contentMD5)
    }

    /// The app's status in OSS's message `Error status : 502.`, as far as it names one.
    private static func appStatus(_ message: String) -> Int? {
        guard let colon = message.lastIndex(of: ":") else { return nil }
        let digits = message[message.index(after: colon)...].drop { $0 == " " }.prefix { $0.isNumber }
        return digits.utf8.count == 3 ? Int(digits) : nil
    }
}

extension WireAnswer {
    /// The same with an ETag that another answer told, if it has none.
    func with(etag: String?) -> WireAnswer {
        guard let etag, !etag.isEmpty, !fields.contains("ETag") else { return self }
        var answer = self
        answer.fields.append("ETag", "\"\(etag)\"")
        return answer
    }
}

extension Failure {
    /// A store whose answer holds nothing to compare, on a route that wants it compared.
    static var unverified: Failure {
        Failure(
            .storeMismatch, party: .store, phase: .judging, status: 502,
            "The store's answer has no checksum to compare with what was sent; a route with \"integrity: length\" does "
                + "without.")
    }

    static func unclear(_ status: Int) -> Failure {
        Failure(
            .storeBadAnswer, party: .store, phase: .judging, status: 502,
            "The store's answer \(status) does not tell whether the object is stored.", storeStatus: status)
    }

    /// A store's refusal, told to a client that did not cause it as a bad gateway, and as what it is where it did.
    static func storeRefused(
        status: Int, _ document: ErrorDocument, _ fields: HeaderFields, _ dialect: any Dialect
    ) -> Failure {
        var failure = Failure(
            .storeRefused, party: .store, phase: .judging, status: 502,
            "The store refused the upload with \(status)\(document.code.isEmpty ? "" : " " + document.code).",
            storeStatus: status, storeCode: document.code.isEmpty ? nil : document.code)
        if !document.message.isEmpty { failure.message += " " + document.message }
        switch (status, dialect.cause(document)) {
        case (_, .badMD5), (_, .badCRC64): (failure.status, failure.code) = (400, .badDigest)
        case (_, .objectExists): (failure.status, failure.code) = (409, .objectExists)
        case (_, .tooLarge), (413, _): (failure.status, failure.code) = (413, .tooLarge)
        case (_, .badKey): (failure.status, failure.code) = (400, .badKey)
        case (503, _), (429, _):
            (failure.status, failure.code) = (503, .storeBusy)
            failure.retryAfter = fields.string("retry-after").flatMap { Int($0) } ?? 1
        default: break
        }
        return failure
    }
}
