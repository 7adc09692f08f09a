// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
package import Signing

/// Writes the requests to one US3 bucket's host, and signs them; confined to its loop.
///
/// Source: the pages put_file.md, initiate_multipart_upload.md, upload_part.md, finish_multipart_upload.md and
/// get_multi_upload_part.md of the US3 API manual.
package final class US3Outbound: StoreWriter {
    private let store: StoreIdentity
    private let signer: US3Signer
    /// That of the last request: most stores have one bucket.
    private var address: StoreAddress

    package init(_ store: StoreIdentity) {
        self.store = store
        signer = US3Signer(credentials: store.key)
        address = StoreAddress(bucket: "", addressing: store.addressing, authority: store.authority)
    }

    /// A put policy goes into `Authorization` and its signature.
    ///
    /// Content-Type is always said, because it is signed and a library or proxy must not add one.
    package func write(
        _ operation: StoreOperation, bucket: String, key: ArraySlice<UInt8>, clientFields: HeaderFields,
        from source: FieldSource, routeFields: HeaderFields, callback: StoreCallback?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest
    ) {
        let key = Array(key)
        begin(operation, bucket: bucket, key: key, in: &request)
        US3FieldPolicy.copy(clientFields, from: source, for: operation, to: &request.fields)
        switch operation {
        case .putObject:
            request.fields.replace(with: routeFields) { US3FieldPolicy.maySend($0, of: routeFields) }
            appendType(to: &request.fields)
            appendMD5(of: clientFields, from: source, to: &request.fields)
        case .createUpload:
            request.fields.replace(with: routeFields) { US3FieldPolicy.maySend($0, of: routeFields) }
            appendType(to: &request.fields)
        case .putPart:
            appendType(to: &request.fields)
            appendMD5(of: clientFields, from: source, to: &request.fields)
        case .completeUpload: appendType(to: &request.fields)
        default: break
        }
        precondition(framing != .chunked, "US3 takes bodies of a known length only")
        if request.method == .put || request.method == .post { request.fields.append(framing) }
        signer.sign(
            method: request.method.name, bucket: bucket, key: Self.signedKey(key, operation),
            policy: Self.policy(callback, operation), fields: &request.fields)
    }

    package func signedText(
        _ operation: StoreOperation, bucket: String, key: [UInt8], request: StoreRequest, callback: StoreCallback?,
        now: Int64
    ) -> SignedText {
        signer.canonicalText(
            method: request.method.name, bucket: bucket, key: Self.signedKey(key, operation),
            policy: Self.policy(callback, operation), fields: request.fields)
    }

    /// Unquoted, in order, without a comma at the end.
    package func completionBody(_ parts: [Completion.Part]) -> [UInt8] {
        Array(parts.map(\.etag).joined(separator: ",").utf8)
    }

    /// Only what makes an object takes a policy (putpolicy.md).
    private static func policy(_ callback: StoreCallback?, _ operation: StoreOperation) -> String {
        operation.endsUpload ? callback?.parameters ?? "" : ""
    }

    /// Lists are about the bucket, whatever upload they name.
    private static func signedKey(_ key: [UInt8], _ operation: StoreOperation) -> [UInt8] {
        switch operation {
        case .listParts, .listUploads: []
        default: key
        }
    }

    // MARK: Request line

    private func begin(_ operation: StoreOperation, bucket: String, key: [UInt8], in request: inout StoreRequest) {
        if address.bucket != bucket {
            address = StoreAddress(bucket: bucket, addressing: store.addressing, authority: store.authority)
        }
        request.reset(operation.method)
        let key = Self.signedKey(key, operation)
        address.appendTarget(key: key.span, parameters: Self.parameters(of: operation), to: &request.target)
        request.fields.append("Host", address.host)
    }

    private static func parameters(of operation: StoreOperation) -> [StoreParameter] {
        switch operation {
        case .createUpload: return [storeParameter("uploads")]
        case .putPart(let uploadID, let number):
            return [storeParameter("uploadId", uploadID), storeParameter("partNumber", Array(String(number).utf8))]
        case .completeUpload(let uploadID), .abortUpload(let uploadID): return [storeParameter("uploadId", uploadID)]
        case .listParts(let uploadID, let options):
            // The marker of US3 is the first part wanted.
            let start = UInt64(decimal: options.marker.span).map { Array(String($0 + 1).utf8) } ?? []
            return [storeParameter("muploadpart"), storeParameter("uploadId", uploadID)]
                + [storeParameter("max-parts", decimal(options.limit)), storeParameter("part-number-marker", start)]
                .filter { !$0.value.isEmpty }
        case .listUploads(let options):
            return [storeParameter("muploadid")]
                + [
                    storeParameter("prefix", options.prefix), storeParameter("marker", options.marker),
                    storeParameter("limit", decimal(options.limit)),
                ].filter { !$0.value.isEmpty }
        case .appendObject: preconditionFailure("US3 documents no append")
        case .putObject, .postObject, .getObject, .headObject, .deleteObject, .headBucket: return []
        }
    }

    private static func decimal(_ number: Int?) -> [UInt8] { number.map { Array(String($0).utf8) } ?? [] }

    // MARK: Fields

    private func appendType(to fields: inout HeaderFields) {
        if !fields.contains("Content-Type") { fields.append("Content-Type", "application/octet-stream") }
    }

    /// In lower-case hexadecimal digits: of clients that know no store it comes in Base64 (RFC 1864). What is neither
    /// is left out: it would be part of the signature.
    private func appendMD5(of clientFields: HeaderFields, from source: FieldSource, to fields: inout HeaderFields) {
        guard let value = clientFields.first("Content-MD5") else { return }
        let digest = source == .sdk ? Hex.decode(value.span) : Base64.decode(value.span)
        guard let digest, digest.count == 16 else { return }
        fields.append("Content-MD5", Hex.encode(digest.span))
    }
}

/// Its signer's text is reused from call to call, without a lock.
@available(*, unavailable)
extension US3Outbound: Sendable {}
