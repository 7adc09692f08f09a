// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension OSSAnswer {
    /// The head of an answer to GetObject or HeadObject, and the bytes of the object that follow it.
    ///
    /// Source: "GetObject" and "HeadObject" of the OSS API reference. Checksums are those of the whole object, also
    /// where only a part of it follows. An answer to HEAD says how long a whole object is, whatever range was asked for.
    ///
    /// - Returns: the answer, its body still empty; and what to send, empty for HEAD and for errors.
    package static func object(
        _ object: ObjectFacts, options: ReadOptions, isHead: Bool, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        guard let (bytes, isPart) = options.bytes(ofObject: object.size, isHead: isHead) else {
            return (unsatisfiable(object, context), 0..<0)
        }
        var answer = WireAnswer(
            isPart ? 206 : 200, bodyBytes: Int(bytes.upperBound - bytes.lowerBound),
            type: object.contentType, context)
        answer.fields.append("Accept-Ranges", "bytes")
        if isPart {
            let range = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(object.size)"
            answer.fields.append("Content-Range", range)
        }
        answer.appendChecksums(of: object)
        answer.fields.append("Last-Modified") { HTTPDate.append(object.lastModified, to: &$0) }
        answer.fields.append("x-oss-object-type", "Normal")
        if !object.kept.contains("x-oss-storage-class") {
            answer.fields.append("x-oss-storage-class", "Standard")
        }
        for index in object.kept.indices { answer.fields.append(fieldAt: index, of: object.kept) }
        for (name, value) in options.overrides { answer.fields.set(name: name, bytes: value.span) }
        answer.appendServerTime(context)
        return (answer, isHead ? 0..<0 : bytes)
    }

    private static func unsatisfiable(_ object: ObjectFacts, _ context: AnswerContext) -> WireAnswer {
        var answer = error(VendorError(.invalidRange), context)
        answer.fields.append("Content-Range", "bytes */\(object.size)")
        return answer
    }
}
