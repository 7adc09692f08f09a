// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// A whole answer as OSS gives it; the body is empty where the caller streams one.
package struct OSSAnswer: Sendable, Equatable {
    package var status: Int
    package var fields: HeaderFields
    package var body: [UInt8]
}

/// What an answer says about the request and the server, whatever the operation.
package struct OSSAnswerContext: Sendable {
    /// 24 upper-case hexadecimal digits.
    package var requestID: String
    /// Host of the request, bucket included; becomes `HostId`.
    package var host: String
    /// Unix seconds of the answer; clients correct their clocks by it.
    package var now: Int64
    /// How long the request took, for `x-oss-server-time`.
    package var elapsedMilliseconds: UInt64
    /// Whether the connection can carry another request.
    package var keepAlive: Bool

    package init(requestID: String, host: String, now: Int64, elapsedMilliseconds: UInt64, keepAlive: Bool) {
        self.requestID = requestID
        self.host = host
        self.now = now
        self.elapsedMilliseconds = elapsedMilliseconds
        self.keepAlive = keepAlive
    }
}

/// An object as an answer describes it.
package struct OSSObjectFacts: Sendable {
    package var size: UInt64
    /// Without quotes: 32 upper-case hexadecimal digits for PutObject.
    package var etag: String
    /// The 16 bytes; nil if not known.
    package var contentMD5: [UInt8]?
    package var crc64: UInt64?
    /// Unix seconds.
    package var lastModified: Int64
    package var contentType: String
    /// What `OSSFieldPolicy.kept` kept of the upload.
    package var kept: HeaderFields

    package init(
        size: UInt64, etag: String, contentMD5: [UInt8]?, crc64: UInt64?, lastModified: Int64 = 0,
        contentType: String = "application/octet-stream", kept: HeaderFields = HeaderFields()
    ) {
        self.size = size
        self.etag = etag
        self.contentMD5 = contentMD5
        self.crc64 = crc64
        self.lastModified = lastModified
        self.contentType = contentType
        self.kept = kept
    }
}

// Fields and their order as the samples of the OSS API reference show them.
extension OSSAnswer {
    /// The empty 200 of a PutObject without callback.
    package static func put(_ object: OSSObjectFacts, _ context: OSSAnswerContext) -> OSSAnswer {
        var answer = OSSAnswer(200, bodyBytes: 0, type: nil, context)
        answer.appendChecksums(of: object)
        answer.appendServerTime(context)
        return answer
    }

    /// The 200 of a PutObject whose callback succeeded: the app's body, byte for byte ("Callback" of the OSS API
    /// reference).
    package static func put(
        _ object: OSSObjectFacts, callbackBody: [UInt8], contentType: String = "application/json",
        _ context: OSSAnswerContext
    ) -> OSSAnswer {
        var answer = OSSAnswer(200, bodyBytes: callbackBody.count, type: contentType, context)
        answer.appendChecksums(of: object)
        answer.appendServerTime(context)
        answer.body = callbackBody
        return answer
    }

    /// The 203 of a PutObject whose object is stored but whose callback failed.
    package static func callbackFailed(
        _ object: OSSObjectFacts, message: String, ec: String?, _ context: OSSAnswerContext
    ) -> OSSAnswer {
        let error = OSSError(
            status: 203, code: OSSErrorCode.callbackFailed.rawValue, message: message, ec: ec)
        let document = Self.document(error, context)
        var answer = OSSAnswer(203, bodyBytes: document.count, type: "application/xml", context)
        answer.appendChecksums(of: object)
        if let ec { answer.fields.append("x-oss-ec", ec) }
        answer.appendServerTime(context)
        answer.body = document
        return answer
    }

    /// The 204 of a DeleteObject, also for an object that never was.
    package static func deleted(_ context: OSSAnswerContext) -> OSSAnswer {
        var answer = OSSAnswer(204, bodyBytes: nil, type: nil, context)
        answer.appendServerTime(context)
        return answer
    }

    /// Any error. An answer to HEAD has no body; there the document stands in `x-oss-err`, in base64 (client.go of the
    /// Go SDK v2, oss2 `exceptions.py`).
    package static func error(_ error: OSSError, toHead: Bool = false, _ context: OSSAnswerContext) -> OSSAnswer {
        let document = Self.document(error, context)
        var answer = OSSAnswer(
            error.status, bodyBytes: toHead ? nil : document.count, type: toHead ? nil : "application/xml", context)
        if toHead {
            answer.fields.append("x-oss-err", Base64.encode(document.span))
        } else {
            answer.body = document
        }
        if let ec = error.ec { answer.fields.append("x-oss-ec", ec) }
        answer.appendServerTime(context)
        return answer
    }

    /// The error document: declaration, two spaces of indentation, a newline at the end.
    package static func document(_ error: OSSError, _ context: OSSAnswerContext) -> [UInt8] {
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

extension OSSAnswer {
    /// The fields that every answer starts with.
    ///
    /// - Parameter bodyBytes: nil: no Content-Length, where HTTP knows of no body.
    init(_ status: Int, bodyBytes: Int?, type: String?, _ context: OSSAnswerContext) {
        self.status = status
        body = []
        fields = HeaderFields()
        fields.append("Server", "AliyunOSS")
        fields.append("Date") { HTTPDate.append(context.now, to: &$0) }
        if let type { fields.append("Content-Type", type) }
        if let bodyBytes { fields.append("Content-Length", decimal: UInt64(bodyBytes)) }
        fields.append("Connection", context.keepAlive ? "keep-alive" : "close")
        fields.append("x-oss-request-id", context.requestID)
    }

    mutating func appendChecksums(of object: OSSObjectFacts) {
        fields.append("ETag", "\"\(object.etag)\"")
        if let crc64 = object.crc64 { fields.append("x-oss-hash-crc64ecma", decimal: crc64) }
        if let digest = object.contentMD5 { fields.append("Content-MD5", Base64.encode(digest.span)) }
    }

    mutating func appendServerTime(_ context: OSSAnswerContext) {
        fields.append("x-oss-server-time", decimal: context.elapsedMilliseconds)
    }
}
