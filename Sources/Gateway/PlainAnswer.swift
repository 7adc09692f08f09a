// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import HTTPWire
internal import Octets

/// What clients are told that speak no vendor's dialect: the app's answer, a short JSON, or a problem (RFC 9457).
enum PlainAnswer {
    /// Answers an upload; returns the status that was told.
    static func send(
        _ outcome: Outcome, plan: UploadPlan, request: UploadRequest, on connection: ServerConnection
    ) -> Int {
        var fields = HeaderFields(roomFor: 4, bytes: 256)
        fields.append("Putback-Request-Id", request.requestID)
        if let etag = outcome.object?.etag { appendETag(etag, to: &fields) }
        if let failure = outcome.failure {
            return send(
                failure, stored: outcome.stored, outcome: outcome, fields, requestID: request.requestID, connection)
        }
        if case .succeeded(let body, let contentType) = outcome.callback {
            fields.append("Content-Type", contentType)
            connection.respond(status: 200, fields: fields, body: body.span)
            return 200
        }
        var body: [UInt8] = []
        body.reserveCapacity(256)
        if let object = outcome.object { append(object, to: &body) }
        body.append("}\n")
        fields.append("Content-Type", "application/json")
        connection.respond(status: 200, fields: fields, body: body.span)
        return 200
    }

    /// Answers a request that became no upload; returns the status.
    @discardableResult
    static func send(
        _ failure: Failure, requestID: String, on connection: ServerConnection, fields: HeaderFields = HeaderFields()
    )
        -> Int
    {
        var fields = fields
        fields.append("Putback-Request-Id", requestID)
        return send(failure, stored: .no, outcome: nil, fields, requestID: requestID, connection)
    }

    private static func send(
        _ failure: Failure, stored: Stored, outcome: Outcome?, _ fields: HeaderFields, requestID: String,
        _ connection: ServerConnection
    ) -> Int {
        var fields = fields
        if let seconds = failure.retryAfter { fields.append("Retry-After", String(seconds)) }
        fields.append("Content-Type", "application/problem+json")
        fields.append("Cache-Control", "no-store")
        let body = problem(failure, stored: stored, outcome: outcome, requestID: requestID)
        connection.respond(status: failure.status, fields: fields, body: body.span)
        return failure.status
    }

    /// The problem document: `stored` is true, false, or null where nobody can tell.
    static func problem(_ failure: Failure, stored: Stored, outcome: Outcome?, requestID: String) -> [UInt8] {
        var body: [UInt8] = []
        body.append("{\"type\":\"about:blank\",\"title\":")
        body.appendJSONString(ReasonPhrase.of(failure.status).octets)
        body.append(",\"status\":\(failure.status),\"detail\":")
        body.appendJSONString(failure.message.utf8.span)
        body.append(",\"code\":\"\(failure.code.rawValue)\",\"party\":\"\(failure.party.rawValue)\"")
        body.append(",\"phase\":\"\(failure.phase.rawValue)\",\"requestId\":\"\(requestID)\",\"stored\":")
        body.append(stored == .unknown ? "null" : stored == .yes ? "true" : "false")
        if let status = failure.storeStatus { body.append(",\"storeStatus\":\(status)") }
        if let code = failure.storeCode {
            body.append(",\"storeCode\":")
            body.appendJSONString(code.utf8.span)
        }
        if let object = outcome?.object {
            body.append(",")
            appendMembers(object, to: &body)
        }
        if case .failed(let message, _, let status) = outcome?.callback {
            body.append(",\"callback\":{\"error\":")
            body.appendJSONString(message.utf8.span)
            if let status { body.append(",\"status\":\(status)") }
            body.append("}")
        }
        body.append("}\n")
        return body
    }

    private static func appendETag(_ etag: String, to fields: inout HeaderFields) {
        fields.append(
            "ETag",
            writing: { value in
                value.append(UInt8(ascii: "\""))
                value.append(etag)
                value.append(UInt8(ascii: "\""))
            })
    }

    private static func append(_ object: StoredObjectFacts, to body: inout [UInt8]) {
        body.append("{")
        appendMembers(object, to: &body)
    }

    private static func appendMembers(_ object: StoredObjectFacts, to body: inout [UInt8]) {
        body.append("\"bucket\":")
        body.appendJSONString(object.bucket.utf8.span)
        body.append(",\"object\":")
        let key = object.key
        body.appendJSONString(key.span)
        body.append(",\"size\":")
        body.appendDecimal(object.size)
        body.append(",\"etag\":")
        if let etag = object.etag { body.appendJSONString(etag.utf8.span) } else { body.append("null") }
    }
}
