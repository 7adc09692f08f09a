// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Answers as OSS gives them; fields and their order as the samples of the OSS API reference show them.
package enum OSSAnswer {
    /// What became of a request, in the words of OSS.
    package static func answer(
        _ result: DialectResult, to request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        switch (result, request.operation) {
        case (.stored(let object, .succeeded(_, let body, let contentType)), _):
            put(object, callbackBody: body, contentType: contentType, context)
        case (.stored(let object, .failed(let message, let ec, _)), _):
            callbackFailed(object, message: message, ec: ec, context)
        case (.stored(let object, .none), .completeUpload): completed(object, request, context)
        case (.stored(let object, .none), .postObject): posted(object, request, context)
        case (.stored(let object, .none), .appendObject): appended(object, context)
        case (.stored(let object, .none), _): put(object, context)
        case (.part(let part), _): self.part(part, context)
        case (.created(let upload), _): created(upload, request, context)
        case (.parts(let listing), .listParts(let uploadID, let options)):
            parts(listing, uploadID: uploadID, options, request, context)
        case (.uploads(let listing), .listUploads(let options)): uploads(listing, options, request, context)
        case (.deleted, _), (.aborted, _): deleted(context)
        case (.parts, _), (.uploads, _): preconditionFailure("only who asks for a list is told one")
        case (.bucket, _): preconditionFailure("OSS has no HeadBucket")
        }
    }

    /// The empty 200 of a PutObject without callback.
    package static func put(_ object: ObjectFacts, _ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(200, bodyBytes: 0, type: nil, context)
        answer.appendChecksums(of: object)
        answer.appendServerTime(context)
        return answer
    }

    /// The 200 of a PutObject whose callback succeeded: the app's body, byte for byte ("Callback" of the OSS API
    /// reference).
    package static func put(
        _ object: ObjectFacts, callbackBody: [UInt8], contentType: String = "application/json",
        _ context: AnswerContext
    ) -> WireAnswer {
        var answer = WireAnswer(200, bodyBytes: callbackBody.count, type: contentType, context)
        answer.appendChecksums(of: object)
        answer.appendServerTime(context)
        answer.body = callbackBody
        return answer
    }

    /// The 203 of a PutObject whose object is stored but whose callback failed.
    package static func callbackFailed(
        _ object: ObjectFacts, message: String, ec: String?, _ context: AnswerContext
    ) -> WireAnswer {
        let error = VendorError(
            status: 203, code: OSSErrorCode.callbackFailed.rawValue, message: message, ec: ec)
        let document = Self.document(error, context)
        var answer = WireAnswer(203, bodyBytes: document.count, type: "application/xml", context)
        answer.appendChecksums(of: object)
        if let ec { answer.fields.append("x-oss-ec", ec) }
        answer.appendServerTime(context)
        answer.body = document
        return answer
    }

    /// The empty 200 of an AppendObject ("AppendObject" of the OSS API reference); the ETag is no MD5.
    static func appended(_ object: ObjectFacts, _ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(200, bodyBytes: 0, type: nil, context)
        var told = object
        told.contentMD5 = nil
        answer.appendChecksums(of: told)
        answer.fields.append("x-oss-next-append-position", decimal: object.size)
        answer.appendServerTime(context)
        return answer
    }

    /// The 204 of a DeleteObject, also for an object that never was.
    package static func deleted(_ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(204, bodyBytes: nil, type: nil, context)
        answer.appendServerTime(context)
        return answer
    }

    /// Any error. An answer to HEAD has no body; there the document stands in `x-oss-err`, in base64 (client.go of the
    /// Go SDK v2, oss2 `exceptions.py`). `x-oss-ec` has the sub-code of the document in both (tests/test_exception_ec.py of
    /// oss2, which ask the service).
    package static func error(_ error: VendorError, toHead: Bool = false, _ context: AnswerContext) -> WireAnswer {
        let document = Self.document(error, context)
        var answer = WireAnswer(
            error.status, bodyBytes: toHead ? nil : document.count, type: toHead ? nil : "application/xml", context)
        if toHead {
            answer.fields.append("x-oss-err", Base64.encode(document.span))
        } else {
            answer.body = document
        }
        if let ec = error.ec { answer.fields.append("x-oss-ec", ec) }
        for (name, value) in error.fields { answer.fields.append(name: name, value) }
        answer.appendServerTime(context)
        return answer
    }

    /// The error document: declaration, two spaces of indentation, a newline at the end.
    package static func document(_ error: VendorError, _ context: AnswerContext) -> [UInt8] {
        var writer = XMLWriter(declaration: true, indent: 2)
        writer.open("Error")
        writer.element("Code", error.code)
        writer.element("Message", error.message)
        writer.element("RequestId", context.requestID)
        writer.element("HostId", context.host)
        for (element, text) in error.details { writer.element(element, text) }
        if let ec = error.ec {
            writer.element("EC", ec)
            writer.element("RecommendDoc", "https://api.aliyun.com/troubleshoot?q=\(ec)")
        }
        writer.close()
        return writer.bytes
    }
}

extension WireAnswer {
    /// The fields that every answer of OSS starts with.
    ///
    /// - Parameter bodyBytes: nil: no Content-Length, where HTTP knows of no body.
    init(_ status: Int, bodyBytes: Int?, type: String?, _ context: AnswerContext) {
        self.init(status: status, fields: HeaderFields(), body: [])
        fields.append("Server", "AliyunOSS")
        fields.append("Date") { HTTPDate.append(context.now, to: &$0) }
        if let type { fields.append("Content-Type", type) }
        if let bodyBytes { fields.append("Content-Length", decimal: UInt64(bodyBytes)) }
        fields.append("Connection", context.keepAlive ? "keep-alive" : "close")
        fields.append("x-oss-request-id", context.requestID)
    }

    mutating func appendChecksums(of object: ObjectFacts) {
        fields.append("ETag", "\"\(object.etag)\"")
        if let crc64 = object.crc64 { fields.append("x-oss-hash-crc64ecma", decimal: crc64) }
        if let digest = object.contentMD5 { fields.append("Content-MD5", Base64.encode(digest.span)) }
    }

    mutating func appendServerTime(_ context: AnswerContext) {
        fields.append("x-oss-server-time", decimal: context.elapsedMilliseconds)
    }
}
