// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension TOSAnswer {
    /// The head of an answer to GetObject or HeadObject, and the bytes of the object that follow it.
    static func object(
        _ object: ObjectFacts, options: ReadOptions, isHead: Bool, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        guard let (bytes, isPart) = options.bytes(ofObject: object.size, isHead: isHead) else {
            let error = VendorError(
                status: 416, code: "InvalidRange", message: "The requested range cannot be satisfied.")
            return (self.error(error, toHead: isHead, context), 0..<0)
        }
        var answer = WireAnswer(tos: isPart ? 206 : 200, body: nil, type: object.contentType, context)
        answer.fields.append("Content-Length", decimal: bytes.upperBound - bytes.lowerBound)
        answer.fields.append("Accept-Ranges", "bytes")
        if isPart {
            answer.fields.append("Content-Range", "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(object.size)")
        }
        answer.appendTOSChecksums(of: object)
        answer.fields.append("Last-Modified") { HTTPDate.append(object.lastModified, to: &$0) }
        for index in object.kept.indices { answer.fields.append(fieldAt: index, of: object.kept) }
        return (answer, isHead ? 0..<0 : bytes)
    }
}
