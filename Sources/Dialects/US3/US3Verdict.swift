// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// What answers of US3 mean.
package enum US3Verdict {
    /// Judges an answer to an operation that stores something.
    ///
    /// Source: the pages of the US3 API manual, 上传回调 of the Go SDK's pages, putpolicy.md, and live output in issues of
    /// JuiceFS and the SDKs. With a put policy the app's answer comes with the app's own status: it is told from an
    /// error of US3 by the document only.
    package static func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict {
        let document = ErrorDocument(us3: answer)
        if answer.status == US3ErrorCode.callbackNotSent.status, !document.code.isEmpty {
            // The codes of callbacks are the only ones that are not negative.
            guard callbackAsked, !document.code.hasPrefix("-") else { return .unclear(status: answer.status) }
            return judgeStored(answer.fields, streamed) { .callbackFailed($0, document) }
        }
        if callbackAsked, isOfApp(answer, document) {
            return judgeStored(answer.fields, streamed) { .stored($0) }
        }
        switch answer.status {
        // JuiceFS takes 201 for a success as well.
        case 200, 201:
            guard document.code.isEmpty else { return .unclear(status: answer.status) }
            return judgeStored(answer.fields, streamed) { stored in
                // Stored for sure, but nothing says that the app was called.
                callbackAsked ? .callbackFailed(stored, document) : .stored(stored)
            }
        case 300..<500: return .notStored(status: answer.status, document)
        case 500...: return judgeServerError(answer.status, document, operation, streamed)
        default: return .unclear(status: answer.status)
        }
    }

    /// A part cannot be written twice: of a repeated one, whose first answer was lost, US3 says that it is there. Its
    /// ETag is what the bytes come to; whether those are the bytes stored, a list of the parts tells, and the Finish that
    /// names it.
    private static func judgeServerError(
        _ status: Int, _ document: ErrorDocument, _ operation: StoreOperation, _ streamed: Checksums
    ) -> Verdict {
        if case .putPart = operation, document.code == String(US3ErrorCode.duplicatePart.retCode),
            let etag = streamed.us3ETag
        {
            var stored = StoredFacts()
            stored.etag = Array(etag.utf8)[...]
            return .stored(stored)
        }
        // A proxy in front of US3 gives 502 or 504 also when US3 went on and stored the object.
        return document.code.isEmpty ? .unclear(status: status) : .notStored(status: status, document)
    }

    /// Whether an answer to a request with a put policy is the app's: it is JSON, or US3 would not have passed it on, and
    /// no error of US3, whose codes are negative but for those of a failed callback. An app can have such codes of its own:
    /// then the ETag tells, which errors have not.
    private static func isOfApp(_ answer: WireAnswer, _ document: ErrorDocument) -> Bool {
        let type = answer.fields.string("Content-Type")?.lowercased() ?? ""
        guard type.hasPrefix("application/json"), (try? JSON.parse(answer.body.span)) != nil else { return false }
        return !document.code.hasPrefix("-") || (200..<300).contains(answer.status) && answer.fields.contains("ETag")
    }

    /// What an answer to InitiateMultipartUpload says; nil if it is no success. Without the size of its parts an upload
    /// cannot be finished.
    package static func created(_ answer: WireAnswer) -> CreatedUpload? {
        guard answer.status == 200 || answer.status == 201, let json = try? JSON.parse(answer.body.span),
            let id = json["UploadId"]?.stringValue, !id.isEmpty,
            let size = json["BlkSize"]?.integerValue, size > 0
        else { return nil }
        return CreatedUpload(uploadID: Array(id.utf8), partBytes: UInt64(size))
    }

    /// The ETag of a part in an answer to ListParts (live output in ufile-sdk-java, issue 61).
    static func etag(ofPart number: Int, in answer: WireAnswer) -> String? {
        guard answer.status == 200, let list = (try? JSON.parse(answer.body.span))?["Parts"]?.arrayValue else {
            return nil
        }
        let part = list.first { $0["PartNum"]?.integerValue == number }
        return part?["Etag"]?.stringValue.map { $0.filter { $0 != "\"" } }
    }

    /// What a successful answer to HeadFile says.
    package static func facts(ofHead fields: HeaderFields) -> ObjectFacts {
        let length = fields.first("Content-Length").flatMap { UInt64(decimal: $0.span) }
        return ObjectFacts(
            size: length ?? 0, etag: StoredFacts(us3: fields).etag.map { String(octets: $0.span) } ?? "",
            contentMD5: nil, crc64: nil,
            lastModified: fields.first("Last-Modified").flatMap { HTTPDate.parse($0.span) } ?? 0,
            contentType: fields.string("Content-Type") ?? "application/octet-stream",
            kept: US3FieldPolicy.kept(fields))
    }

    /// Compares ETags of the same kind: 32 characters for objects, 28 for parts. For parts of another size than 4 MiB
    /// no rule is published, and nobody computes one.
    private static func judgeStored(
        _ fields: HeaderFields, _ streamed: Checksums, verdict: (StoredFacts) -> Verdict
    ) -> Verdict {
        var stored = StoredFacts(us3: fields)
        guard let expected = streamed.us3ETag, let etag = stored.etag, etag.count == expected.utf8.count else {
            return verdict(stored)
        }
        guard etag.elementsEqual(expected.utf8) else {
            return .mismatch(
                stored, ChecksumMismatch(kind: .etag, streamed: expected, stored: String(octets: etag.span)))
        }
        stored.isVerified = true
        return verdict(stored)
    }
}

extension StoredFacts {
    /// Reads the header fields of an answer of US3.
    init(us3 fields: HeaderFields) { etag = fields.etag }
}
