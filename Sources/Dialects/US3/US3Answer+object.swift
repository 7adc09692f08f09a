// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension US3Answer {
    /// The head of an answer to a download or HeadFile, and the bytes of the object that follow it.
    ///
    /// Source: head_file.md and get_file.md of the US3 API manual. An answer to HEAD says how long a whole object is,
    /// whatever range was asked for.
    ///
    /// - Returns: the answer, its body still empty; and what to send, empty for HEAD and for errors.
    package static func object(
        _ object: ObjectFacts, options: ReadOptions, isHead: Bool, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        guard let (bytes, isPart) = options.bytes(ofObject: object.size, isHead: isHead) else {
            var answer = error(
                VendorError.us3(.invalidArgument, "invalid range", status: 416), toHead: false, context)
            answer.fields.append("Content-Range", "bytes */\(object.size)")
            return (answer, 0..<0)
        }
        var answer = WireAnswer(us3: isPart ? 206 : 200, body: nil, context)
        answer.fields.append("Content-Type", object.contentType)
        answer.fields.append("Content-Length", decimal: bytes.upperBound - bytes.lowerBound)
        answer.fields.append("Accept-Ranges", "bytes")
        if isPart {
            let range = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(object.size)"
            answer.fields.append("Content-Range", range)
        }
        answer.fields.append("ETag", "\"\(object.etag)\"")
        answer.fields.append("Last-Modified") { HTTPDate.append(object.lastModified, to: &$0) }
        if !object.kept.contains("X-Ufile-Storage-Class") { answer.fields.append("X-Ufile-Storage-Class", "STANDARD") }
        for index in object.kept.indices { answer.fields.append(fieldAt: index, of: object.kept) }
        for (name, value) in options.overrides { answer.fields.set(name: name, bytes: value.span) }
        return (answer, isHead ? 0..<0 : bytes)
    }
}
