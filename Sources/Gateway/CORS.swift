// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import HTTPWire

/// Lets pages of other origins upload by script (Fetch standard, "HTTP extensions").
enum CORS {
    /// Adds what a page of an allowed origin needs to every answer of the present request, and answers its preflight.
    ///
    /// - Returns: whether the request was a preflight and is answered.
    static func answer(_ connection: ServerConnection, origins: [String]) -> Bool {
        let head = connection.request
        let isAny = origins.contains("*")
        if !isAny { connection.answerFields.append("Vary", "Origin") }
        guard let origin = head.fields.string("origin"), isAny || origins.contains(origin) else { return false }
        connection.answerFields.append("Access-Control-Allow-Origin", isAny ? "*" : origin)
        guard head.method == .options, head.fields.contains("access-control-request-method") else {
            connection.answerFields.append("Access-Control-Expose-Headers", "ETag, Putback-Request-Id, Retry-After")
            return false
        }
        var fields = HeaderFields()
        fields.append("Access-Control-Allow-Methods", "PUT, POST")
        if let names = head.fields.first("access-control-request-headers") {
            fields.append("Access-Control-Allow-Headers", bytes: names.span)
        }
        fields.append("Access-Control-Max-Age", "600")
        connection.respond(status: 204, fields: fields, body: Span())
        return true
    }
}
