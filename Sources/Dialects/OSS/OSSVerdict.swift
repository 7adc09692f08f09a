// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// What answers of OSS mean.
package enum OSSVerdict {
    /// Judges an answer to a PutObject.
    ///
    /// Source: "PutObject" and "Callback" of the OSS API reference. Checksums are compared wherever both sides have them:
    /// an upload that was changed on its way is never a success, whatever the status says.
    ///
    /// - Parameters:
    ///   - body: of 203 and of errors, as much as was read; not needed for 200.
    ///   - expectedCRC64: of the bytes that were streamed; nil if not computed.
    ///   - expectedMD5: the 16 bytes of the same; nil if not computed.
    ///   - callbackAsked: whether the request carried a callback.
    package static func judgePut(
        status: Int, fields: HeaderFields, body: Span<UInt8>, expectedCRC64: UInt64?, expectedMD5: [UInt8]?,
        callbackAsked: Bool
    ) -> Verdict {
        switch status {
        case 200:
            return judgeStored(fields, expectedCRC64, expectedMD5) { .stored($0) }
        case 203:
            let document = ErrorDocument(ossFields: fields, body: body)
            // Others than OSS use 203 too: proxies that changed an answer (RFC 9110 section 15.3.4).
            guard callbackAsked || document.code == OSSErrorCode.callbackFailed.rawValue else {
                return .unclear(status: status)
            }
            return judgeStored(fields, expectedCRC64, expectedMD5) { .callbackFailed($0, document) }
        case 300..<500:
            return .notStored(status: status, ErrorDocument(ossFields: fields, body: body))
        case 500...:
            let document = ErrorDocument(ossFields: fields, body: body)
            // A proxy in front of OSS gives 502 or 504 also when OSS went on and stored the object.
            return document.code.isEmpty ? .unclear(status: status) : .notStored(status: status, document)
        default:
            return .unclear(status: status)
        }
    }

    private static func judgeStored(
        _ fields: HeaderFields, _ crc64: UInt64?, _ md5: [UInt8]?, verdict: (StoredFacts) -> Verdict
    ) -> Verdict {
        var stored = StoredFacts(fields)
        if let crc64, stored.crc64 != crc64, let text = fields.string("x-oss-hash-crc64ecma") {
            return .mismatch(stored, ChecksumMismatch(kind: .crc64, streamed: String(crc64), stored: text))
        }
        if crc64 != nil, stored.crc64 == crc64 { stored.isVerified = true }
        if let md5, let text = stored.contentMD5 {
            let streamed = Base64.encode(md5.span)
            guard streamed == text else {
                return .mismatch(stored, ChecksumMismatch(kind: .contentMD5, streamed: streamed, stored: text))
            }
            stored.isVerified = true
        }
        // The ETag of encrypted objects need not be the MD5 of what was sent.
        if let md5, let etag = stored.etag, etag.count == 32, !fields.contains("x-oss-server-side-encryption") {
            let streamed = Hex.encode(md5.span, uppercase: true)
            let told = String(octets: etag.span)
            guard streamed == told.uppercased() else {
                return .mismatch(stored, ChecksumMismatch(kind: .etag, streamed: streamed, stored: told))
            }
            stored.isVerified = true
        }
        return verdict(stored)
    }
}

extension StoredFacts {
    /// Reads the header fields of an answer.
    package init(_ fields: HeaderFields) {
        if let index = fields.firstIndex(of: "ETag") {
            var range = fields.valueRange(at: index)
            let bytes = fields.bytes.span
            let quote = UInt8(ascii: "\"")
            if range.count >= 2, bytes[range.lowerBound] == quote, bytes[range.upperBound - 1] == quote {
                range = range.lowerBound + 1..<range.upperBound - 1
            }
            etag = fields.bytes[range]
        }
        if let index = fields.firstIndex(of: "x-oss-hash-crc64ecma") {
            crc64 = UInt64(decimal: fields.bytes.span.extracting(fields.valueRange(at: index)))
        }
        contentMD5 = fields.string("Content-MD5")
    }
}
