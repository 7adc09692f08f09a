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
}

extension LogLine {
    /// The fields of one upload.
    mutating func add(
        _ record: UploadRecord, _ outcome: Outcome, request: UploadRequest, plan: UploadPlan?, listener: LogFields,
        route: LogFields?
    ) {
        add("request") { request.requestID.append(to: &$0) }
        if let form = request.form { add("form") { form.requestID.append(to: &$0) } }
        add(listener)
        if let route { add(route) }
        if !request.clientID.isEmpty { add("client", request.clientID) }
        add("address", request.clientIP)
        add("method", request.route.head.method.name)
        let (authority, path) = (request.route.head.authority, request.route.head.path)
        add("host", bytes: authority.span)
        // Without the query, which may hold a signature.
        add("path", bytes: path.span)
        if let plan {
            add("bucket", plan.bucket)
            let key = plan.key
            add("object", bytes: key.span)
        }
        add("bytes", number: record.received)
        add("status", number: UInt64(record.status))
        add(outcome, storeStatus: record.storeStatus)
        add("callback", plan?.callbackName)
        add(record)
    }

    private mutating func add(_ outcome: Outcome, storeStatus: Int?) {
        add("outcome", outcome.label)
        add("stored", outcome.stored.rawValue)
        if let etag = outcome.object?.etag { add("etag", bytes: etag.span) }
        add("storeStatus", number: storeStatus.map { UInt64($0) })
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

    /// Where the time went.
    private mutating func add(_ record: UploadRecord) {
        let now = record.ended ?? .now
        add("milliseconds", number: now.milliseconds(since: record.started))
        guard let bodyEnded = record.bodyEnded else { return }
        add("clientMilliseconds", number: bodyEnded.milliseconds(since: record.started))
        if let storeAnswered = record.storeAnswered {
            add("storeMilliseconds", number: storeAnswered.milliseconds(since: bodyEnded))
        }
        if let started = record.callbackStarted, let ended = record.callbackEnded {
            add("appMilliseconds", number: ended.milliseconds(since: started))
        }
    }
}
