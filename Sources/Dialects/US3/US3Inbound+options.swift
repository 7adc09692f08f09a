// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets
internal import Signing

extension US3Inbound {
    /// Reads what else the operation heeds.
    static func readOptions(of request: inout ClientRequest, _ head: RequestHead) throws(VendorError) {
        let policy = US3Verifier.putPolicy(in: head.fields)
        switch request.operation {
        case .putObject, .putPart:
            if head.framing == .none { throw VendorError.us3(.invalidArgument, "no content length", status: 411) }
            try checkLength(request)
            request.contentMD5 = try contentMD5(head.fields)
        case .postObject:
            if head.framing == .none { throw VendorError.us3(.invalidArgument, "no content length", status: 411) }
            try checkLength(request)
            request.objectFields = formFields(head.fields)
        case .completeUpload:
            // The key to take where another object has got the first one meanwhile; the Java SDK sends it empty where there
            // is none. It is not signed, and the parts went where the route of the first key leads.
            if let key = request.first("newKey"), !key.isEmpty, key != request.key {
                throw .notImplementedByUS3("newKey, another key at the end of an upload,")
            }
        case .getObject:
            if let range = head.fields.first("Range") {
                request.read.range = ByteRange(range.span, isStandard: true)
            }
        default: break
        }
        guard let policy else { return }
        switch request.operation {
        case .putObject, .completeUpload: request.callback = RawCallback(callback: policy)
        // Nothing else takes one (putpolicy.md). What US3 does with it is not published; a client that waits for a
        // callback must not be left waiting.
        default: throw VendorError.us3(.invalidPutPolicy)
        }
    }

    /// What Content-MD5 says: 32 hexadecimal digits, where all others use Base64 (put_file.md).
    static func contentMD5(_ fields: HeaderFields) throws(VendorError) -> [UInt8]? {
        guard let value = fields.first("Content-MD5"), !value.isEmpty else { return nil }
        guard fields.count(of: "Content-MD5") == 1, let digest = Hex.decode(value.span), digest.count == 16 else {
            throw VendorError.us3(.checkMD5Failed)
        }
        return digest
    }

    private static func checkLength(_ request: ClientRequest) throws(VendorError) {
        guard let length = request.contentLength, length > largestPutBytes else { return }
        throw VendorError.us3(.invalidArgument, "content length:\(length) larger than max size:\(largestPutBytes)")
    }

    /// Of a form's request what counts for its object: MD5 and token, class and metadata. MD5 is that of the file.
    private static func formFields(_ fields: HeaderFields) -> HeaderFields {
        var kept = HeaderFields()
        for index in fields.indices {
            let isObjects =
                fields.isNamed("Content-MD5", at: index) || fields.isNamed("SecurityToken", at: index)
                || fields.isNamed("X-Ufile-Storage-Class", at: index) || fields.hasPrefix("x-ufile-meta-", at: index)
            if isObjects { kept.append(fieldAt: index, of: fields) }
        }
        return kept
    }
}
