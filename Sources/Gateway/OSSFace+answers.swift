// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets

extension OSSFace {
    /// Answers an upload; returns the status that was told.
    static func send(
        _ outcome: Outcome, plan: UploadPlan, request: UploadRequest, on connection: ServerConnection, runtime: Runtime,
        started: Instant
    ) -> Int {
        let context = context(connection, request.requestID, started, runtime.environment)
        // What a store of the same dialect said is passed on as it came.
        if let relay = outcome.relay {
            var fields = StoreAnswerFields.forSDK(relay.fields)
            fields.append("Putback-Request-Id", request.requestID.text)
            connection.respond(status: relay.status, fields: fields, body: relay.body.span)
            return relay.status
        }
        let answer = answer(outcome, context)
        send(answer, on: connection)
        return answer.status
    }

    static func context(
        _ connection: ServerConnection, _ requestID: RequestID, _ started: Instant, _ environment: Environment
    ) -> AnswerContext {
        AnswerContext(
            requestID: requestID.text, host: String(decoding: connection.request.authority, as: UTF8.self),
            now: environment.clock.seconds, elapsedMilliseconds: Instant.now.milliseconds(since: started),
            keepAlive: true)
    }

    static func send(_ answer: WireAnswer, on connection: ServerConnection) {
        let body = answer.body
        connection.respond(status: answer.status, fields: answer.fields, body: body.span)
    }

    /// Answers and logs a request that became nothing.
    static func refuse(_ error: VendorError, _ request: UploadRequest?, _ incoming: Incoming) {
        incoming.runtime.worker.metrics.refused(Failure.Code(refusalStatus: error.status))
        let connection = incoming.connection
        let context = context(connection, incoming.requestID, incoming.started, incoming.runtime.environment)
        let isHead = connection.request.method == .head
        send(OSSAnswer.error(error, toHead: isHead, context), on: connection)
        var record = UploadRecord(started: incoming.started)
        record.status = error.status
        let outcome = Outcome(
            stored: .no,
            failure: Failure(
                .forbidden, party: .client, phase: .authorizing, status: error.status, "\(error.code): \(error.message)"
            ))
        let request = request ?? .unreadable(connection, incoming.listenerIndex, incoming.requestID)
        incoming.runtime.log(record, outcome, request: request, plan: nil)
    }

    private static func answer(_ outcome: Outcome, _ context: AnswerContext) -> WireAnswer {
        guard let object = outcome.object, outcome.stored == .yes else {
            let failure = outcome.failure ?? .internalError
            return OSSAnswer.error(VendorError(failure, stored: outcome.stored), context)
        }
        let facts = ObjectFacts(
            size: object.size, etag: object.etagText ?? "",
            contentMD5: object.contentMD5.flatMap { Base64.decode($0.utf8.span) }, crc64: object.crc64)
        switch outcome.callback {
        case .notAsked: return OSSAnswer.put(facts, context)
        case .succeeded(let body, let contentType):
            return OSSAnswer.put(facts, callbackBody: body, contentType: contentType, context)
        case .failed(let message, let ec, _): return OSSAnswer.callbackFailed(facts, message: message, ec: ec, context)
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

extension Failure {
    static var internalError: Failure {
        Failure(.internalError, party: .putback, phase: .answering, status: 500, "Something went wrong in Putback.")
    }
}

extension VendorError {
    /// A failure in OSS's words.
    ///
    /// SDKs send an upload again after any 5xx, so that only what is certainly not stored gets one.
    init(_ failure: Failure, stored: Stored = .no) {
        if stored != .no {
            // RequestTimeout is a 400 that no SDK repeats on its own.
            let code: OSSErrorCode = failure.code == .storeMismatch ? .invalidCRC64 : .requestTimeout
            self.init(code, failure.message + (stored == .unknown ? " The object may be stored." : ""))
            return
        }
        switch failure.code {
        case .tooLarge: self.init(.entityTooLarge)
        case .badKey, .badPath: self.init(.invalidObjectName, failure.message)
        case .badDigest:
            self.init(failure.message.contains("CRC-64") ? .invalidCRC64 : .invalidDigest)
        case .badValue, .malformedRequest, .malformedForm, .bodyMalformed: self.init(.invalidArgument, failure.message)
        case .objectExists: self.init(.fileAlreadyExists)
        case .bodyTruncated: self.init(.incompleteBody)
        case .headTimeout, .bodyStalled, .bodyTooSlow: self.init(.requestTimeout)
        case .unauthorized, .forbidden, .noRoute: self.init(.accessDenied, failure.message)
        case .methodNotAllowed: self.init(.methodNotAllowed)
        case .notFound: self.init(.noSuchKey)
        case .overloaded, .draining, .storeBusy, .storeTimeout: self.init(.serviceUnavailable, failure.message)
        case .callbackFailed:
            // Only here where the object was deleted again: the usual 203 is a success to many SDKs.
            self.init(status: 400, code: OSSErrorCode.callbackFailed.rawValue, message: failure.message)
        case .clientGone, .storeUnresolved, .storeUnreachable, .storeTLS, .storeClosed, .storeBadAnswer, .storeRefused,
            .storeMismatch, .diskFull, .diskFailed, .internalError:
            self.init(.internalError, failure.message)
        }
    }
}
