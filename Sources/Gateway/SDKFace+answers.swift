// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets
internal import Settings

extension SDKFace {
    /// Answers an upload; returns the status that was told.
    static func send(
        _ outcome: Outcome, name: DialectName, plan: UploadPlan, request: UploadRequest,
        on connection: ServerConnection, runtime: Runtime, started: Instant
    ) -> Int {
        let context = context(connection, request.requestID, started, runtime.environment)
        let answer = answer(outcome, name: name, plan: plan, request: request, context)
        send(answer, on: connection)
        return answer.status
    }

    /// What the client of an upload is told.
    static func answer(
        _ outcome: Outcome, name: DialectName, plan: UploadPlan, request: UploadRequest, _ context: AnswerContext
    ) -> WireAnswer {
        guard let client = request.client else { preconditionFailure("SDK clients' requests are kept as they asked") }
        let dialect = name.dialect
        let isHidden = plan.hidesCallback(outcome, dialect: name)
        // What a store of the same dialect said is passed on as it came; a form was another request for the store.
        if var relay = outcome.relay, !isHidden, client.operation != .postObject || outcome.stored != .yes {
            if outcome.stored == .yes, plan.renames(client) {
                // With a callback the document is the app's.
                if outcome.callback == .notAsked { relay = dialect.renamed(relay, for: client, context) }
                if relay.fields.contains("Location") { relay.fields.set("Location", context.location(of: client)) }
            }
            relay.fields = StoreAnswerFields.forSDK(relay.fields)
            relay.fields.append("Putback-Request-Id", request.publicID.text)
            return relay
        }
        var answer = answer(outcome, dialect, client, plan, context)
        if isHidden { answer.fields.appendCallback(outcome.callback) }
        // The vendor's own field has Putback's id, of the shape that SDKs expect.
        if request.trace?.requestID != nil { answer.fields.append("Putback-Request-Id", request.publicID.text) }
        return answer
    }

    static func context(
        _ connection: ServerConnection, _ requestID: RequestID, _ started: Instant, _ environment: Environment
    ) -> AnswerContext {
        AnswerContext(
            requestID: requestID.text, host: String(decoding: connection.request.authority, as: UTF8.self),
            now: environment.clock.seconds, elapsedMilliseconds: Instant.now.milliseconds(since: started),
            keepAlive: true, isTLS: connection.isTLS)
    }

    static func context(_ incoming: Incoming) -> AnswerContext {
        context(incoming.connection, incoming.requestID, incoming.started, incoming.runtime.environment)
    }

    static func send(_ answer: WireAnswer, on connection: ServerConnection) {
        let body = answer.body
        connection.respond(status: answer.status, fields: answer.fields, body: body.span)
    }

    /// Answers and logs a request that became nothing.
    static func refuse(_ error: VendorError, _ request: UploadRequest?, _ incoming: Incoming) {
        let connection = incoming.connection
        let isHead = connection.request.method == .head
        send(incoming.dialect.answer(error, toHead: isHead, context(incoming)), on: connection)
        log(error, request ?? .unreadable(connection, incoming.listenerIndex, incoming.requestID), incoming)
    }

    /// Counts and logs a request that became nothing.
    static func log(_ error: VendorError, _ request: UploadRequest, _ incoming: Incoming) {
        incoming.runtime.worker.metrics.refused(Failure.Code(refusalStatus: error.status))
        var record = UploadRecord(started: incoming.started)
        record.status = error.status
        let outcome = Outcome(
            stored: .no,
            failure: Failure(
                .forbidden, party: .client, phase: .authorizing, status: error.status, "\(error.code): \(error.message)"
            ))
        incoming.runtime.log(record, outcome, request: request, plan: nil)
    }

    private static func answer(
        _ outcome: Outcome, _ dialect: any Dialect, _ client: ClientRequest, _ plan: UploadPlan,
        _ context: AnswerContext
    ) -> WireAnswer {
        guard let object = outcome.object, outcome.stored == .yes, outcome.failure == nil || outcome.callback.isFailure
        else {
            let failure = outcome.failure ?? .internalError
            return dialect.answer(dialect.error(failure, stored: outcome.stored), toHead: false, context)
        }
        let md5 = object.contentMD5.flatMap { Base64.decode($0.utf8.span) }
        if case .putPart(_, let number) = client.operation {
            let part = PartFacts(
                number: number, size: object.size, etag: object.etagText ?? "", crc64: object.crc64, contentMD5: md5)
            return dialect.answer(.part(part), to: client, context)
        }
        var facts = ObjectFacts(
            size: object.size, etag: object.etagText ?? "", contentMD5: md5, crc64: object.crc64)
        facts.isSizeKnown = object.isSizeKnown
        let isHidden = plan.hidesCallback(outcome, dialect: dialect.name)
        return dialect.answer(.stored(facts, isHidden ? .none : outcome.callback.report), to: client, context)
    }
}

extension UploadPlan {
    /// Whether the client does not see the callback's result in the body: it did not ask for one and parses the normal
    /// result, or would send again after a 5xx (US3's 599) what is stored.
    fileprivate func hidesCallback(_ outcome: Outcome, dialect: DialectName) -> Bool {
        guard route.callbackIndex != nil, outcome.stored == .yes, outcome.callback != .notAsked else { return false }
        if case .completeUpload = operation { return true }
        return dialect == .us3 && outcome.callback.isFailure
    }

    /// Whether the store knows the object by another name than the client.
    func renames(_ client: ClientRequest) -> Bool { bucket != client.bucket || key != client.key[...] }
}

extension CallbackResult {
    var report: CallbackReport {
        switch self {
        case .notAsked: .none
        case .succeeded(let body, let contentType): .succeeded(status: 200, body: body, contentType: contentType)
        case .passedOn(let status, let body, let contentType):
            .succeeded(status: status, body: body, contentType: contentType)
        case .failed(let message, let ec, _): .failed(message: message, ec: ec, code: ec)
        }
    }
}

extension HeaderFields {
    /// The largest app's answer that goes into a header field.
    private static let largestCallbackBody = 4096

    /// A callback's result beside the document that the client parses.
    fileprivate mutating func appendCallback(_ result: CallbackResult) {
        switch result {
        case .notAsked: return
        case .passedOn(let status, let body, _):
            append("Putback-Callback-Status", String(status))
            if body.count <= Self.largestCallbackBody {
                append("Putback-Callback-Body", Base64.encode(body.span))
            }
        case .succeeded(let body, _):
            append("Putback-Callback-Status", "200")
            if body.count <= Self.largestCallbackBody {
                append("Putback-Callback-Body", Base64.encode(body.span))
            }
        case .failed(_, _, let status):
            append("Putback-Callback-Status", status.map { String($0) } ?? "failed")
        }
    }
}

/// Which fields of a store's answer a client of its dialect gets: all but those of the hop.
enum StoreAnswerFields {
    static func forSDK(_ fields: HeaderFields) -> HeaderFields {
        var result = HeaderFields()
        for index in fields.indices where !HopByHop.isHop(at: index, of: fields) {
            result.append(fieldAt: index, of: fields)
        }
        return result
    }
}
