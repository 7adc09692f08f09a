// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Answers as US3 gives them, as the samples of its API manual show them.
package enum US3Answer {
    /// What became of a request, in the words of US3.
    package static func answer(
        _ result: DialectResult, to request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        switch (result, request.operation) {
        case (.stored(let object, .succeeded(let status, let body, let contentType)), _):
            appAnswer(object, status: status, body: body, contentType: contentType, context)
        case (.stored(_, .failed(let message, _, let code)), _):
            error(VendorError(status: 599, code: code ?? "20003", message: message), toHead: false, context)
        case (.stored(let object, .none), .completeUpload): completed(object, request, context)
        case (.stored(let object, .none), _): put(object, context)
        case (.part(let part), _): self.part(part, context)
        case (.created(let upload), _): created(upload, request, context)
        case (.parts(let listing), .listParts(let uploadID, let options)):
            parts(listing, uploadID: uploadID, options, request, context)
        case (.uploads(let listing), _): uploads(listing, context)
        case (.deleted(let existed), _):
            existed
                ? WireAnswer(us3: 204, body: nil, context)
                : error(VendorError.us3(.fileNotExist), toHead: false, context)
        case (.aborted, _): WireAnswer(us3: 200, body: [], context)
        case (.parts, _): preconditionFailure("only who asks for a list is told one")
        case (.bucket, _): preconditionFailure("US3 has no HeadBucket")
        }
    }

    /// The empty 200 of a PutFile or PostFile without callback (put_file.md, post_file.md).
    static func put(_ object: ObjectFacts, _ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(us3: 200, body: [], context)
        answer.fields.append("ETag", "\"\(object.etag)\"")
        return answer
    }

    /// The app's answer in place of the result, with its own status (putpolicy.md; MultiUploadSample of the Java SDK).
    ///
    /// The Java SDK reads an ETag after PutFile, where it is there.
    private static func appAnswer(
        _ object: ObjectFacts, status: Int, body: [UInt8], contentType: String, _ context: AnswerContext
    ) -> WireAnswer {
        var answer = WireAnswer(us3: status, body: body, type: contentType, context)
        answer.fields.append("ETag", "\"\(object.etag)\"")
        return answer
    }

    /// Any error: `RetCode` and `ErrMsg`, and a session id, which only failures have. An answer to HEAD has no body.
    ///
    /// The type is exactly `application/json`: with any other, also one with parameters, the Python SDK says "unknown
    /// error" (`httprequest.py`).
    package static func error(_ error: VendorError, toHead: Bool, _ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(us3: error.status, body: toHead ? nil : document(error), context)
        answer.fields.append("X-SessionId", sessionID(context.requestID))
        for (name, value) in error.fields { answer.fields.append(name: name, value) }
        return answer
    }

    /// The error document, without any white space.
    package static func document(_ error: VendorError) -> [UInt8] {
        var json: [UInt8] = []
        json.append("{\"RetCode\":")
        json.append(Int(error.code).map { String($0) } ?? "\(US3ErrorCode.invalidArgument.retCode)")
        json.append(",\"ErrMsg\":")
        json.appendJSONString(error.message.utf8.span)
        json.append("}")
        return json
    }

    /// US3 writes UUIDs: the request id with zeros in front of its last four digits.
    static func sessionID(_ requestID: String) -> String {
        let digits = Array(requestID.lowercased())
        guard digits.count == 24 else { return requestID }
        let groups = [digits[..<8], digits[8..<12], digits[12..<16], digits[16..<20]].map { String($0) }
        return groups.joined(separator: "-") + "-00000000" + String(digits[20...])
    }
}

extension WireAnswer {
    /// The fields that every answer of US3 has.
    ///
    /// - Parameter body: nil: no Content-Length, where HTTP knows of no body.
    init(us3 status: Int, body: [UInt8]?, type: String = "application/json", _ context: AnswerContext) {
        self.init(status: status, fields: HeaderFields(), body: body ?? [])
        fields.append("Date") { HTTPDate.append(context.now, to: &$0) }
        if let body {
            if !body.isEmpty { fields.append("Content-Type", type) }
            fields.append("Content-Length", decimal: UInt64(body.count))
        }
        fields.append("Connection", context.keepAlive ? "keep-alive" : "close")
    }
}
