// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// What answers of OSS mean.
package enum OSSVerdict {
    /// Judges an answer to an operation that stores something.
    ///
    /// Source: "PutObject", "UploadPart", "CompleteMultipartUpload", "AppendObject" and "Callback" of the OSS API
    /// reference. The body is needed of 203 and of errors, as much as was read.
    package static func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict {
        switch answer.status {
        case 200:
            if case .completeUpload = operation, !callbackAsked { return judgeCompleted(answer, operation, streamed) }
            return judgeStored(answer.fields, operation, streamed)
        case 203:
            let document = ErrorDocument(ossFields: answer.fields, body: answer.body.span)
            // Others than OSS use 203 too: proxies that changed an answer (RFC 9110 section 15.3.4).
            guard callbackAsked || document.code == OSSErrorCode.callbackFailed.rawValue else {
                return .unclear(status: answer.status)
            }
            let verdict = judgeStored(answer.fields, operation, streamed)
            return if case .stored(let stored) = verdict { .callbackFailed(stored, document) } else { verdict }
        case 300..<500:
            return .notStored(status: answer.status, ErrorDocument(ossFields: answer.fields, body: answer.body.span))
        case 500...:
            let document = ErrorDocument(ossFields: answer.fields, body: answer.body.span)
            // A proxy in front of OSS gives 502 or 504 also when OSS went on and stored the object.
            return document.code.isEmpty
                ? .unclear(status: answer.status) : .notStored(status: answer.status, document)
        default:
            return .unclear(status: answer.status)
        }
    }

    /// A 200 whose body is not the app's is a success only if it is not an error: status lines can leave before the end of
    /// a long completion is known, as those of Amazon S3 do.
    private static func judgeCompleted(
        _ answer: WireAnswer, _ operation: StoreOperation, _ streamed: Checksums
    ) -> Verdict {
        let document = ErrorDocument(ossFields: answer.fields, body: answer.body.span)
        guard document.code.isEmpty else { return .unclear(status: answer.status) }
        let verdict = judgeStored(answer.fields, operation, streamed)
        guard case .stored(var stored) = verdict, stored.etag == nil,
            let text = XMLScanner(answer.body.span).text("ETag")
        else { return verdict }
        stored.etag = Array(text.utf8.filter { $0 != UInt8(ascii: "\"") })[...]
        return .stored(stored)
    }

    /// What an answer to InitiateMultipartUpload says; nil if it is no success.
    package static func created(_ answer: WireAnswer) -> CreatedUpload? {
        guard answer.status == 200, let id = XMLScanner(answer.body.span).text("UploadId"), !id.isEmpty else {
            return nil
        }
        return CreatedUpload(uploadID: Array(id.utf8))
    }

    /// What a successful answer to HeadObject says.
    package static func facts(ofHead fields: HeaderFields) -> ObjectFacts {
        let stored = StoredFacts(fields)
        let length = fields.first("Content-Length").flatMap { UInt64(decimal: $0.span) }
        return ObjectFacts(
            size: length ?? 0, etag: stored.etag.map { String(octets: $0.span) } ?? "",
            contentMD5: stored.contentMD5.flatMap { Base64.decode($0.utf8.span) }, crc64: stored.crc64,
            lastModified: fields.first("Last-Modified").flatMap { HTTPDate.parse($0.span) } ?? 0,
            contentType: fields.string("Content-Type") ?? "application/octet-stream",
            kept: OSSFieldPolicy.kept(fields))
    }

    /// An answer that says "stored", compared with what was streamed.
    private static func judgeStored(
        _ fields: HeaderFields, _ operation: StoreOperation, _ streamed: Checksums
    ) -> Verdict {
        var stored = StoredFacts(fields)
        if let crc64 = streamed.crc64, reportsStreamed(operation) {
            if stored.crc64 != crc64, let text = fields.string("x-oss-hash-crc64ecma") {
                return .mismatch(stored, ChecksumMismatch(kind: .crc64, streamed: String(crc64), stored: text))
            }
            if stored.crc64 == crc64 { stored.isVerified = true }
        }
        guard let md5 = streamed.md5 else { return .stored(stored) }
        if let text = stored.contentMD5 {
            let told = Base64.encode(md5.span)
            guard told == text else {
                return .mismatch(stored, ChecksumMismatch(kind: .contentMD5, streamed: told, stored: text))
            }
            stored.isVerified = true
        }
        if hasMD5AsETag(operation, fields), let etag = stored.etag, etag.count == 32 {
            let expected = Hex.encode(md5.span, uppercase: true)
            let told = String(octets: etag.span)
            guard expected == told.uppercased() else {
                return .mismatch(stored, ChecksumMismatch(kind: .etag, streamed: expected, stored: told))
            }
            stored.isVerified = true
        }
        return .stored(stored)
    }

    /// Whether the CRC-64 of the answer is that of what was streamed: after an append it is that of the whole object.
    private static func reportsStreamed(_ operation: StoreOperation) -> Bool {
        if case .appendObject(let position) = operation { position == 0 } else { true }
    }

    /// Whether the ETag is the MD5 of what was streamed: of whole objects and parts, unless they are encrypted.
    private static func hasMD5AsETag(_ operation: StoreOperation, _ fields: HeaderFields) -> Bool {
        switch operation {
        case .putObject, .putPart: !fields.contains("x-oss-server-side-encryption")
        default: false
        }
    }
}

extension StoredFacts {
    /// Reads the header fields of an answer of OSS.
    package init(_ fields: HeaderFields) {
        let name: StaticString = "x-oss-hash-crc64ecma"
        let crc64 = fields.firstIndex(of: name).flatMap { index in
            UInt64(decimal: fields.bytes.span.extracting(fields.valueRange(at: index)))
        }
        self.init(etag: fields.etag, crc64: crc64, contentMD5: fields.string("Content-MD5"))
    }
}
