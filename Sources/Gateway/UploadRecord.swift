// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
internal import HTTPWire
internal import Settings

/// What the log line of an upload is made of, gathered on its way.
struct UploadRecord {
    var started: Instant
    var bodyEnded: Instant?
    /// Since when the client has to wait for the store to take what it has.
    var stalledSince: Instant?
    /// How long it had to, in all.
    var stalledNanoseconds: UInt64 = 0
    var storeAnswered: Instant?
    var callbackStarted: Instant?
    var callbackEnded: Instant?
    /// What the store answered with, as far as it did.
    var storeStatus: Int?
    /// Before the client is told.
    var ended: Instant?
    /// Body bytes that came.
    var received: UInt64 = 0
    /// What the client was told; 499 when it was gone.
    var status = 499

    init(started: Instant) { self.started = started }

    /// The store takes bytes again, or none is left for it to take.
    @inline(__always)
    mutating func stallEnded(_ now: Instant) {
        guard let since = stalledSince else { return }
        stalledNanoseconds &+= now.nanoseconds(since: since)
        stalledSince = nil
    }
}

extension LogLine {
    /// The fields of one upload.
    mutating func add(
        _ record: UploadRecord, _ outcome: Outcome, request: UploadRequest, plan: UploadPlan?, listener: LogFields,
        route: LogFields?
    ) {
        add("request") { request.publicID.append(to: &$0) }
        if let trace = request.trace {
            if trace.requestID != nil { add("ownRequest") { request.requestID.append(to: &$0) } }
            if let context = trace.context { add("traceparent", bytes: context.parent.span) }
        }
        if let id = request.form?.requestID { add("form") { id.append(to: &$0) } }
        add(listener)
        if let route { add(route) }
        if !request.clientID.isEmpty { add("client", request.clientID) }
        add("address", request.clientIP)
        add(request.route.head)
        if let plan {
            add("bucket", plan.bucket)
            add("object", bytes: plan.key)
        }
        add("bytes", number: record.received)
        add("status", number: UInt64(record.status))
        add(outcome, storeStatus: record.storeStatus)
        add("callback", plan?.callbackName)
        add(record)
    }

    /// What the client said.
    private mutating func add(_ head: RequestHead) {
        add("method", head.method.name)
        add("host", bytes: head.authority.span)
        // Without the query, which may hold a signature.
        add("path", bytes: head.path.span)
    }

    private mutating func add(_ outcome: Outcome, storeStatus: Int?) {
        add("outcome", word: outcome.label)
        add("stored", word: outcome.stored.rawValue)
        if let object = outcome.object, !object.etag.isEmpty {
            let etag = object.etag
            add("etag", bytes: etag.span)
        }
        add("storeStatus", number: storeStatus.map { UInt64($0) })
        if outcome.isPlainSuccess { return }
        if let problem = outcome.callback.problem {
            add("callbackStatus", number: problem.appStatus.map { UInt64($0) })
            add("callbackError", problem.message)
        }
        guard let failure = outcome.failure else { return }
        add("code", failure.code.rawValue)
        add("party", failure.party.rawValue)
        add("phase", failure.phase.rawValue)
        add("error", failure.message)
    }

    /// Where the time went: a body that could not be passed on waited for the store, else for the client.
    private mutating func add(_ record: UploadRecord) {
        let now = record.ended ?? .now
        let stalled = record.stalledNanoseconds
        add("milliseconds", number: now.milliseconds(since: record.started))
        let body = (record.bodyEnded ?? now).nanoseconds(since: record.started)
        add("clientMilliseconds", number: (body > stalled ? body - stalled : 0) / 1_000_000)
        if let bodyEnded = record.bodyEnded, let storeAnswered = record.storeAnswered {
            let store = storeAnswered.nanoseconds(since: bodyEnded) + stalled
            add("storeMilliseconds", number: store / 1_000_000)
        } else if stalled > 0 {
            add("storeMilliseconds", number: stalled / 1_000_000)
        }
        if let started = record.callbackStarted, let ended = record.callbackEnded {
            add("appMilliseconds", number: ended.milliseconds(since: started))
        }
    }
}
