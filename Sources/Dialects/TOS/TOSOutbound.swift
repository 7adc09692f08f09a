// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
package import Signing

/// Writes the requests to one TOS store, and signs them; confined to its loop.
package final class TOSOutbound: StoreWriter {
    private let store: StoreIdentity
    private let signer: TOSSigner
    /// Decoded path of the last request, which is what is signed.
    private var path: [UInt8] = []

    package init(_ store: StoreIdentity) {
        self.store = store
        signer = TOSSigner(key: store.key, region: store.region)
    }

    /// Callbacks go in header fields, as all SDKs send them.
    package func write(
        _ operation: StoreOperation, bucket: String, key: [UInt8], clientFields: HeaderFields, from source: FieldSource,
        routeFields: HeaderFields, callback: StoreCallback?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest
    ) {
        let parameters = Self.parameters(of: operation)
        begin(operation, bucket: bucket, key: key, parameters: parameters, in: &request)
        TOSFieldPolicy.copy(clientFields, from: source, for: operation, to: &request.fields)
        switch operation {
        case .putObject, .appendObject, .createUpload:
            append(routeFields, to: &request.fields)
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
        if request.method == .put || request.method == .post { append(framing, to: &request.fields) }
        signer.sign(
            method: request.method.name, path: path, parameters: parameters, fields: &request.fields, now: now)
    }

    package func signedText(
        _ operation: StoreOperation, bucket: String, key: [UInt8], request: StoreRequest, callback: StoreCallback?,
        now: Int64
    ) -> SignedText {
        signer.canonicalText(
            method: request.method.name, path: decodedPath(bucket, key), parameters: Self.parameters(of: operation),
            fields: request.fields, now: now)
    }

    package func completionBody(_ parts: [Completion.Part]) -> [UInt8] { TOSCompletion.body(parts) }

    // MARK: Request line

    private func decodedPath(_ bucket: String, _ key: [UInt8]) -> [UInt8] {
        store.addressing == .path ? Array("/\(bucket)/".utf8) + key : Array("/".utf8) + key
    }

    private func begin(
        _ operation: StoreOperation, bucket: String, key: [UInt8], parameters: [(name: [UInt8], value: [UInt8])],
        in request: inout StoreRequest
    ) {
        request.reset(Self.method(of: operation))
        let path = decodedPath(bucket, key)
        self.path = path
        request.target.appendPercentEncoded(path.span, keeping: .unreservedAndSlash)
        for (index, parameter) in parameters.enumerated() {
            request.target.append(index == 0 ? "?" : "&")
            request.target.appendPercentEncoded(parameter.name.span, keeping: .unreserved)
            guard !parameter.value.isEmpty else { continue }
            request.target.append("=")
            request.target.appendPercentEncoded(parameter.value.span, keeping: .unreserved)
        }
        let host = store.addressing == .virtualHost ? "\(bucket).\(store.authority)" : store.authority
        request.fields.append("Host", host)
    }

    private static func method(of operation: StoreOperation) -> HTTPMethod {
        switch operation {
        case .putObject, .putPart: .put
        case .appendObject, .createUpload, .completeUpload: .post
        case .listParts, .listUploads, .getObject: .get
        case .headObject: .head
        case .abortUpload, .deleteObject: .delete
        case .postObject: preconditionFailure("a form is written to a store as PutObject")
        }
    }

    private static func parameters(of operation: StoreOperation) -> [(name: [UInt8], value: [UInt8])] {
        switch operation {
        case .appendObject(let offset): [parameter("append"), parameter("offset", Array(String(offset).utf8))]
        case .createUpload: [parameter("uploads")]
        case .putPart(let uploadID, let number):
            [parameter("partNumber", Array(String(number).utf8)), parameter("uploadId", uploadID)]
        case .completeUpload(let uploadID), .abortUpload(let uploadID): [parameter("uploadId", uploadID)]
        case .listParts(let uploadID, let options):
            [parameter("uploadId", uploadID)] + list(options, limit: "max-parts", marker: "part-number-marker")
        case .listUploads(let options):
            [parameter("uploads")] + list(options, limit: "max-uploads", marker: "key-marker")
        case .putObject, .postObject, .getObject, .headObject, .deleteObject: []
        }
    }

    private static func list(
        _ options: ListOptions, limit: String, marker: String
    ) -> [(name: [UInt8], value: [UInt8])] {
        [
            parameter(limit, options.limit.map { Array(String($0).utf8) } ?? []), parameter(marker, options.marker),
            parameter("upload-id-marker", options.uploadIDMarker), parameter("prefix", options.prefix),
            parameter("delimiter", options.delimiter),
        ].filter { !$0.value.isEmpty }
    }

    private static func parameter(_ name: String, _ value: [UInt8] = []) -> (name: [UInt8], value: [UInt8]) {
        (name: Array(name.utf8), value: value)
    }

    // MARK: Fields

    private func append(_ source: HeaderFields, to fields: inout HeaderFields) {
        let bytes = source.bytes.span
        for index in source.indices {
            fields.set(
                name: bytes.extracting(source.nameRange(at: index)),
                value: bytes.extracting(source.valueRange(at: index)))
        }
    }

    private func append(_ framing: BodyFraming, to fields: inout HeaderFields) {
        switch framing {
        case .length(let count): fields.append("Content-Length", decimal: count)
        case .chunked: fields.append("Transfer-Encoding", "chunked")
        case .none: fields.append("Content-Length", "0")
        case .untilClose: preconditionFailure("a request to TOS is sent with a length or in chunks")
        }
    }
}

/// Its signer's key is reused from call to call, without a lock.
@available(*, unavailable)
extension TOSOutbound: Sendable {}
