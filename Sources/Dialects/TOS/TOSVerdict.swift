// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// What answers of TOS mean.
package enum TOSVerdict {
    /// Judges an answer to an operation that stores something.
    package static func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict {
        let document = answer.status == 200 ? nil : ErrorDocument(tos: answer)
        switch answer.status {
        case 200:
            // Unless the body is the app's, an error in it is the store's: status lines can leave before the end of a
            // long completion is known, as those of Amazon S3 do.
            if case .completeUpload = operation, !callbackAsked, !ErrorDocument(tos: answer).code.isEmpty {
                return .unclear(status: answer.status)
            }
            return stored(answer, operation, streamed) { .stored($0) }
        case 203:
            guard let document, callbackAsked || document.code == "CallbackFailed" else {
                return .unclear(status: answer.status)
            }
            return stored(answer, operation, streamed) { .callbackFailed($0, document) }
        case 300..<500: return .notStored(status: answer.status, document ?? ErrorDocument(tos: answer))
        case 500...:
            guard let document, !document.code.isEmpty else { return .unclear(status: answer.status) }
            return .notStored(status: answer.status, document)
        default: return .unclear(status: answer.status)
        }
    }

    private static func stored(
        _ answer: WireAnswer, _ operation: StoreOperation, _ streamed: Checksums, verdict: (StoredFacts) -> Verdict
    ) -> Verdict {
        var stored = StoredFacts(tos: answer.fields)
        if stored.etag == nil, case .completeUpload = operation,
            let etag = (try? JSON.parse(answer.body.span))?["ETag"]?.stringValue
        {
            stored.etag = Array(etag.utf8.filter { $0 != UInt8(ascii: "\"") })[...]
        }
        var isOfBody = true
        if case .appendObject(let offset) = operation, offset > 0 { isOfBody = false }
        if let crc64 = streamed.crc64, isOfBody, let told = stored.crc64 {
            guard told == crc64 else {
                return .mismatch(
                    stored, ChecksumMismatch(kind: .crc64, streamed: String(crc64), stored: String(told)))
            }
            stored.isVerified = true
        }
        return verdict(stored)
    }

    package static func created(_ answer: WireAnswer) -> CreatedUpload? {
        guard answer.status == 200, let json = try? JSON.parse(answer.body.span),
            let id = json["UploadId"]?.stringValue, !id.isEmpty
        else { return nil }
        return CreatedUpload(uploadID: Array(id.utf8))
    }

    package static func facts(ofHead fields: HeaderFields) -> ObjectFacts {
        let stored = StoredFacts(tos: fields)
        return ObjectFacts(
            size: fields.first("Content-Length").flatMap { UInt64(decimal: $0.span) } ?? 0,
            etag: stored.etag.map { String(octets: $0.span) } ?? "", contentMD5: nil, crc64: stored.crc64,
            lastModified: fields.first("Last-Modified").flatMap { HTTPDate.parse($0.span) } ?? 0,
            contentType: fields.string("Content-Type") ?? "binary/octet-stream", kept: TOSFieldPolicy.kept(fields))
    }
}

extension StoredFacts {
    /// Reads the header fields of an answer of TOS.
    init(tos fields: HeaderFields) {
        self.init()
        etag = fields.etag
        crc64 = fields.first("x-tos-hash-crc64ecma").flatMap { UInt64(decimal: $0.span) }
    }
}
