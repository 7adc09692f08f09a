// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
package import Signing

/// Writes the requests to one OSS store, and signs them; confined to its loop.
///
/// Source: "PutObject", "AppendObject" and the pages on multipart upload of the OSS API reference.
package final class OSSOutbound: StoreWriter {
    private let store: StoreIdentity
    private let signer: OSSSigner
    /// That of the last request: most stores have one bucket.
    private var address: StoreAddress

    package init(_ store: StoreIdentity) {
        self.store = store
        signer = OSSSigner(
            version: store.signature == OSSSignatureVersion.v1.rawValue ? .v1 : .v4, credentials: store.key,
            region: store.region)
        address = StoreAddress(bucket: "", addressing: store.addressing, authority: store.authority)
    }

    /// Callbacks go in header fields: URLs of 5 KB are too long for many.
    ///
    /// An upload without Content-Type becomes `application/octet-stream`, because what OSS would make of it is not
    /// documented.
    package func write(
        _ operation: StoreOperation, bucket: String, key: ArraySlice<UInt8>, clientFields: HeaderFields,
        from source: FieldSource, routeFields: HeaderFields, callback: StoreCallback?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest
    ) {
        if case .putObject = operation {
            begin(.put, bucket: bucket, key: key.span, parameters: [], in: &request)
            appendObjectFields(clientFields, source, routeFields, for: .putObject, to: &request.fields)
            append(callback, to: &request.fields)
            request.fields.append(framing)
            return signer.sign(method: "PUT", bucket: bucket, key: key, fields: &request.fields, now: now)
        }
        let parameters = Self.parameters(of: operation)
        begin(operation.method, bucket: bucket, key: key.span, parameters: parameters, in: &request)
        switch operation {
        case .appendObject, .createUpload:
            appendObjectFields(clientFields, source, routeFields, for: operation, to: &request.fields)
        case .completeUpload:
            OSSFieldPolicy.copy(clientFields, from: source, for: operation, to: &request.fields)
            request.fields.replace(with: routeFields) { OSSFieldPolicy.belongsToCompletion($0, of: routeFields) }
            append(callback, to: &request.fields)
            // With a body OSS refuses it.
            if framing == .none, source == .sdk, let all = clientFields.first("x-oss-complete-all") {
                request.fields.append("x-oss-complete-all", bytes: all.span)
            }
        default:
            OSSFieldPolicy.copy(clientFields, from: source, for: operation, to: &request.fields)
        }
        if request.method == .put || request.method == .post { request.fields.append(framing) }
        let resource = OSSResource(bucket: bucket, key: key.isEmpty ? nil : Array(key), parameters: parameters)
        signer.sign(method: request.method.name, resource: resource, fields: &request.fields, now: now)
    }

    package func signedText(
        _ operation: StoreOperation, bucket: String, key: [UInt8], request: StoreRequest, callback: StoreCallback?,
        now: Int64
    ) -> SignedText {
        var fields = request.fields
        fields.remove("Authorization")
        let resource = OSSResource(
            bucket: bucket, key: key.isEmpty ? nil : key, parameters: Self.parameters(of: operation))
        return signer.canonicalText(method: request.method.name, resource: resource, fields: fields, now: now)
    }

    package func completionBody(_ parts: [Completion.Part]) -> [UInt8] {
        var writer = XMLWriter(declaration: true, indent: 0)
        writer.open("CompleteMultipartUpload")
        for part in parts {
            writer.open("Part")
            writer.element("PartNumber", String(part.number))
            writer.element("ETag", "\"\(part.etag)\"")
            writer.close()
        }
        writer.close()
        return writer.bytes
    }

    // MARK: Request line

    private func begin(
        _ method: HTTPMethod, bucket: String, key: Span<UInt8>, parameters: [StoreParameter],
        in request: inout StoreRequest
    ) {
        if address.bucket != bucket {
            address = StoreAddress(bucket: bucket, addressing: store.addressing, authority: store.authority)
        }
        request.reset(method)
        address.appendTarget(key: key, parameters: parameters, to: &request.target)
        request.fields.append("Host", address.host)
    }

    private static func parameters(of operation: StoreOperation) -> [StoreParameter] {
        switch operation {
        case .appendObject(let position):
            [storeParameter("append"), storeParameter("position", Array(String(position).utf8))]
        case .createUpload: [storeParameter("uploads")]
        case .putPart(let uploadID, let number):
            [storeParameter("partNumber", Array(String(number).utf8)), storeParameter("uploadId", uploadID)]
        case .completeUpload(let uploadID), .abortUpload(let uploadID): [storeParameter("uploadId", uploadID)]
        case .listParts(let uploadID, let options):
            [storeParameter("uploadId", uploadID)]
                + list(options, limit: "max-parts", marker: "part-number-marker")
        case .listUploads(let options):
            [storeParameter("uploads")] + list(options, limit: "max-uploads", marker: "key-marker")
        case .putObject, .postObject, .getObject, .headObject, .deleteObject, .headBucket: []
        }
    }

    private static func list(_ options: ListOptions, limit: String, marker: String) -> [StoreParameter] {
        options.parameters(limit: limit, marker: marker)
            + (options.encodesKeys ? [storeParameter("encoding-type", Array("url".utf8))] : [])
    }

    // MARK: Fields

    /// What an object is to have: the client's fields, the route's, and a type.
    private func appendObjectFields(
        _ clientFields: HeaderFields, _ source: FieldSource, _ routeFields: HeaderFields, for operation: StoreOperation,
        to fields: inout HeaderFields
    ) {
        OSSFieldPolicy.copy(clientFields, from: source, for: operation, to: &fields)
        fields.replace(with: routeFields)
        if !fields.contains("Content-Type") { fields.append("Content-Type", "application/octet-stream") }
    }

    private func append(_ callback: StoreCallback?, to fields: inout HeaderFields) {
        guard let callback else { return }
        fields.set("x-oss-callback", callback.parameters)
        if let variables = callback.variables { fields.set("x-oss-callback-var", variables) }
    }
}

/// Its signer's texts and keys are reused from call to call, without a lock.
@available(*, unavailable)
extension OSSOutbound: Sendable {}
