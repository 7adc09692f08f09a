// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

// Source: "PostObject" of the OSS API reference.
extension OSSAnswer {
    /// The answer to a PostObject without callback: what the form asks for, else an empty 204.
    ///
    /// OSS does not document how it redirects; the status and what is added to the URL are those of Amazon S3, whose form
    /// upload it follows ("POST Object" of the S3 API reference).
    static func posted(_ object: ObjectFacts, _ request: ClientRequest, _ context: AnswerContext) -> WireAnswer {
        if let redirect = request.formAnswer.redirect {
            var answer = WireAnswer(303, bodyBytes: 0, type: nil, context)
            answer.appendChecksums(of: object)
            answer.fields.append("Location", FormFields.target(of: redirect, object, request))
            answer.appendServerTime(context)
            return answer
        }
        switch request.formAnswer.status {
        case 200: return put(object, context)
        case 201:
            return document(context, about: object, status: 201) { writer in
                writer.open("PostResponse")
                writer.element("Bucket", request.bucket)
                writer.element("ETag", "\"\(object.etag)\"")
                writer.element("Key", bytes: request.key.span)
                writer.element("Location", context.location(of: request))
                writer.close()
            }
        default:
            var answer = WireAnswer(204, bodyBytes: nil, type: nil, context)
            answer.appendChecksums(of: object)
            answer.appendServerTime(context)
            return answer
        }
    }
}
