// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
package import Signing

/// Writes the requests to one TOS store, and signs them; confined to its loop.
package final class TOSOutbound: StoreWriter {
    private let store: StoreIdentity
    private let signer: TOSSigner
    /// That of the last request: most stores have one bucket.
    private var address: StoreAddress

    package init(_ store: StoreIdentity) {
        self.store = store
        signer = TOSSigner(key: store.key, region: store.region)
        address = StoreAddress(bucket: "", addressing: store.addressing, authority: store.authority)
    }

    /// Callbacks go in header fields, as all SDKs send them.
    package func write(
        _ operation: StoreOperation, bucket: String, key: ArraySlice<UInt8>, clientFields: HeaderFields,
        from source: FieldSource, routeFields: HeaderFields, callback: StoreCallback?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest
    ) {
        let key = Array(key)
        let parameters = Self.parameters(of: operation)
        begin(operation, bucket: bucket, key: key, parameters: parameters, in: &request)
        TOSFieldPolicy.copy(clientFields, from: source, for: operation, to: &request.fields)
        switch operation {
        case .putObject, .appendObject, .createUpload:
            request.fields.replace(with: routeFields)
            // What the SDKs say of a key without a known extension (consts.py).
            if !request.fields.contains("Content-Type") {
                request.fields.append("Content-Type", "binary/octet-stream")
            }
        case .completeUpload where framing == .none && source == .sdk:
            // With a list of parts TOS takes the list.
            if let all = clientFields.first("x-tos-complete-all") {
                request.fields.append("x-tos-complete-all", bytes: all.span)
            }
        default: break
        }
        if let callback, operation.endsUpload {
            request.fields.set("x-tos-callback", callback.parameters)
            if let variables = callback.variables { request.fields.set("x-tos-callback-var", variables) }
        }
        if request.method == .put || request.method == .post { request.fields.append(framing) }
        signer.sign(
            method: request.method.name, bucket: bucketInPath(bucket), key: key, parameters: parameters,
            fields: &request.fields, now: now)
    }

    package func signedText(
        _ operation: StoreOperation, bucket: String, key: [UInt8], request: StoreRequest, callback: StoreCallback?,
        now: Int64
    ) -> SignedText {
        signer.canonicalText(
            method: request.method.name, bucket: bucketInPath(bucket), key: key,
            parameters: Self.parameters(of: operation), fields: request.fields, now: now)
    }

    package func completionBody(_ parts: [Completion.Part]) -> [UInt8] { TOSCompletion.body(parts) }

    // MARK: Request line

    /// What is signed in front of the key.
    private func bucketInPath(_ bucket: String) -> String? { store.addressing == .path ? bucket : nil }

    private func begin(
        _ operation: StoreOperation, bucket: String, key: [UInt8], parameters: [StoreParameter],
        in request: inout StoreRequest
    ) {
        if address.bucket != bucket {
            address = StoreAddress(bucket: bucket, addressing: store.addressing, authority: store.authority)
        }
        request.reset(operation.method)
        address.appendTarget(key: key.span, parameters: parameters, to: &request.target)
        request.fields.append("Host", address.host)
    }

    private static func parameters(of operation: StoreOperation) -> [StoreParameter] {
        switch operation {
        case .appendObject(let offset):
            [storeParameter("append"), storeParameter("offset", Array(String(offset).utf8))]
        case .createUpload: [storeParameter("uploads")]
        case .putPart(let uploadID, let number):
            [storeParameter("partNumber", Array(String(number).utf8)), storeParameter("uploadId", uploadID)]
        case .completeUpload(let uploadID), .abortUpload(let uploadID): [storeParameter("uploadId", uploadID)]
        case .listParts(let uploadID, let options):
            [storeParameter("uploadId", uploadID)]
                + options.parameters(limit: "max-parts", marker: "part-number-marker")
        case .listUploads(let options):
            [storeParameter("uploads")] + options.parameters(limit: "max-uploads", marker: "key-marker")
        case .putObject, .postObject, .getObject, .headObject, .deleteObject, .headBucket: []
        }
    }
}

/// Its signer's key is reused from call to call, without a lock.
@available(*, unavailable)
extension TOSOutbound: Sendable {}
