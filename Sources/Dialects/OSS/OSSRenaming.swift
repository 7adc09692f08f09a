// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Tells a client an answer of a store in the names that the client used.
enum OSSRenaming {
    /// The answer with the client's bucket and key in its document, and its keys encoded as the client wants them.
    ///
    /// The app's answer to a callback is not the store's document and stays as it is.
    static func renamed(
        _ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?, _ context: AnswerContext
    ) -> WireAnswer? {
        var answer = answer
        if let header = answer.fields.first("x-oss-err"), let document = Base64.decode(header.span) {
            let text = Base64.encode(renamed(document, for: request, context).span)
            answer.fields.set("x-oss-err", text)
        }
        // With a callback of the client's own a 200 holds what the app said.
        let isApps = answer.status == 200 && request.callback != nil
        guard !isApps, !answer.body.isEmpty, isDocument(answer.body) else { return answer }
        answer.body = renamed(answer.body, for: request, context)
        if case .listUploads = request.operation, let lead, !lead.isEmpty {
            guard let told = withoutLead(answer.body, lead) else { return nil }
            answer.body = told
        }
        answer.fields.set("Content-Length", String(answer.body.count))
        return answer
    }

    private static func isDocument(_ body: [UInt8]) -> Bool {
        var reader = XMLReader(body.span)
        guard case .open(let root)? = try? reader.next() else { return false }
        return roots.contains(root)
    }

    private static func renamed(
        _ document: [UInt8], for request: ClientRequest, _ context: AnswerContext
    ) -> [UInt8] {
        var text = document
        for name in ["Bucket", "BucketName"] { replace(name, in: &text, with: Array(request.bucket.utf8)) }
        guard !request.key.isEmpty else { return text }
        replace("Location", in: &text, with: Array(context.location(of: request).utf8))
        let isError = XMLScanner(text.span).range("Error") != nil
        let names = OSSAnswer.Names(request)
        guard names.areEncoded, !isError else {
            replace("Key", in: &text, with: request.key)
            return text
        }
        replace("Key", in: &text, with: Array(Percent.encode(request.key.span, keeping: .unreserved).utf8))
        guard XMLScanner(text.span).range("EncodingType") == nil, let key = XMLScanner(text.span).range("Key"),
            let tag = text[..<key.lowerBound].lastIndex(of: UInt8(ascii: "<"))
        else { return text }
        text.insert(contentsOf: "<EncodingType>url</EncodingType>\n  ".utf8, at: tag)
        return text
    }

    /// A list of uploads with the lead taken off its keys and of what begins as they do; nil if one does not begin with it.
    private static func withoutLead(_ document: [UInt8], _ lead: [UInt8]) -> [UInt8]? {
        let scanner = XMLScanner(document.span)
        let areEncoded = scanner.text("EncodingType") == "url"
        let ranges = ["Key", "Prefix", "KeyMarker", "NextKeyMarker"].flatMap { scanner.ranges($0) }
        var text = document
        // From the end, so that what is still to come stays where it is.
        for range in ranges.sorted(by: { $0.lowerBound > $1.lowerBound }) where !range.isEmpty {
            let told = XMLScanner.resolve(document[range])
            guard let key = areEncoded ? Percent.decode(told.span) : told,
                let own = Dialects.withoutLead(key, lead)
            else { return nil }
            var escaped: [UInt8] = []
            if areEncoded {
                escaped.appendPercentEncoded(own.span, keeping: .unreserved)
            } else {
                escaped.appendXMLText(own.span)
            }
            text.replaceSubrange(range, with: escaped)
        }
        return text
    }

    private static func replace(_ element: String, in document: inout [UInt8], with value: [UInt8]) {
        guard let range = XMLScanner(document.span).range(element), !range.isEmpty else { return }
        var escaped: [UInt8] = []
        escaped.appendXMLText(value.span)
        document.replaceSubrange(range, with: escaped)
    }

    private static let roots: Set<String> = [
        "Error", "InitiateMultipartUploadResult", "CompleteMultipartUploadResult", "ListPartsResult",
        "ListMultipartUploadsResult", "PostResponse",
    ]
}
