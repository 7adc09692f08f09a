// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// What clients are told that speak no vendor's dialect: the app's answer, a short JSON, or a problem (RFC 9457).
enum PlainAnswer {
    /// Answers an upload; returns the status that was told.
    static func send(
        _ outcome: Outcome, plan: UploadPlan, request: UploadRequest, on connection: ServerConnection
    ) -> Int {
        if !outcome.isPlainSuccess, let failure = outcome.failure {
            var fields = HeaderFields()
            fields.appendID(of: request.publicID)
            if let etag = outcome.object?.etagText { fields.append("ETag", "\"" + etag + "\"") }
            return send(
                failure, stored: outcome.stored, outcome: outcome, plan, fields, id: request.publicID, connection)
        }
        connection.respond(status: 200) { fields in
            fields.append("Putback-Request-Id: ")
            let id = request.publicID
            id.append(to: &fields)
            fields.append("\r\nX-Request-Id: ")
            id.append(to: &fields)
            fields.append("\r\n")
            if let etag = outcome.object?.etag, !etag.isEmpty { appendETag(etag, to: &fields) }
            guard !outcome.isPlainSuccess, case .succeeded(_, let contentType) = outcome.callback else {
                return fields.append("Content-Type: application/json\r\n")
            }
            HTTPEncoder.appendField("Content-Type", contentType.utf8.span, to: &fields)
        } writeBody: { body in
            if !outcome.isPlainSuccess, case .succeeded(let answer, _) = outcome.callback {
                return body.append(answer.span)
            }
            body.append(UInt8(ascii: "{"))
            if let object = outcome.object { appendMembers(object, plan, to: &body) }
            body.append("}\n")
        }
        return 200
    }

    /// Answers a request that became no upload; returns the status.
    @discardableResult
    static func send(
        _ failure: Failure, id: PublicID, on connection: ServerConnection, fields: HeaderFields = HeaderFields()
    ) -> Int {
        var fields = fields
        fields.appendID(of: id)
        return send(failure, stored: .no, outcome: nil, nil, fields, id: id, connection)
    }

    private static func send(
        _ failure: Failure, stored: Stored, outcome: Outcome?, _ plan: UploadPlan?, _ fields: HeaderFields,
        id: PublicID, _ connection: ServerConnection
    ) -> Int {
        var fields = fields
        if let seconds = failure.retryAfter { fields.append("Retry-After", String(seconds)) }
        fields.append("Content-Type", "application/problem+json")
        fields.append("Cache-Control", "no-store")
        let body = problem(failure, stored: stored, outcome: outcome, plan: plan, id: id)
        connection.respond(status: failure.status, fields: fields, body: body.span)
        return failure.status
    }

    /// The problem document: `stored` is true, false, or null where nobody can tell.
    static func problem(
        _ failure: Failure, stored: Stored, outcome: Outcome?, plan: UploadPlan?, id: PublicID
    ) -> OctetBuffer {
        var body = OctetBuffer()
        body.append("{\"type\":\"about:blank\",")
        appendProblem(failure, stored: stored, outcome: outcome, plan: plan, id: id, to: &body)
        body.append("}\n")
        return body
    }

    /// The members of a problem document that say something.
    static func appendProblem(
        _ failure: Failure, stored: Stored, outcome: Outcome?, plan: UploadPlan?, id: PublicID,
        to body: inout OctetBuffer
    ) {
        body.append("\"title\":")
        body.appendJSONString(ReasonPhrase.of(failure.status).octets)
        body.append(",\"status\":\(failure.status),\"detail\":")
        body.appendJSONString(failure.message.utf8.span)
        body.append(",\"code\":\"\(failure.code.rawValue)\",\"party\":\"\(failure.party.rawValue)\"")
        body.append(",\"phase\":\"\(failure.phase.rawValue)\",\"requestId\":\"")
        id.append(to: &body)
        body.append("\",\"stored\":")
        body.append(stored == .unknown ? "null" : stored == .yes ? "true" : "false")
        if let status = failure.storeStatus { body.append(",\"storeStatus\":\(status)") }
        if let code = failure.storeCode {
            body.append(",\"storeCode\":")
            body.appendJSONString(code.utf8.span)
        }
        if let object = outcome?.object, let plan {
            body.append(",")
            appendMembers(object, plan, to: &body)
        }
        if let problem = outcome?.callback.problem {
            body.append(",\"callback\":{\"error\":")
            body.appendJSONString(problem.message.utf8.span)
            if let status = problem.appStatus { body.append(",\"status\":\(status)") }
            body.append("}")
        }
    }

    private static func appendETag(_ etag: ArraySlice<UInt8>, to fields: inout OctetBuffer) {
        precondition(HeaderFields.isValidValue(etag.span), "a field value holds a line end")
        fields.append("ETag: \"")
        fields.append(etag)
        fields.append("\"\r\n")
    }

    static func appendMembers(_ object: StoredObjectFacts, _ plan: UploadPlan, to body: inout OctetBuffer) {
        body.append("\"bucket\":")
        body.appendJSONString(plan.bucket.utf8.span)
        body.append(",\"object\":")
        let key = plan.key
        body.appendJSONString(key.span)
        body.append(",\"size\":")
        body.appendDecimal(object.size)
        body.append(",\"etag\":")
        let etag = object.etag
        if etag.isEmpty { body.append("null") } else { body.appendJSONString(etag.span) }
    }
}

extension HeaderFields {
    /// The request's id, under the name that is Putback's own and under the one that many clients know.
    fileprivate mutating func appendID(of id: PublicID) {
        let text = id.text
        append("Putback-Request-Id", text)
        append("X-Request-Id", text)
    }
}
