// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
package import Signing

/// Writes requests to OSS about one bucket, and signs them; confined to its loop.
package final class OSSOutbound {
    package let address: OSSAddress
    private let signer: OSSSigner

    package init(address: OSSAddress, signer: OSSSigner) {
        self.address = address
        self.signer = signer
    }

    /// Writes a signed PutObject.
    ///
    /// An upload without Content-Type becomes `application/octet-stream`, because what OSS would make of it is not
    /// documented. Callbacks go in header fields: URLs of 5 KB are too long for many.
    ///
    /// The parts come one by one, so that an upload lends what it has and nothing is copied.
    ///
    /// - Parameters:
    ///   - clientFields: the client's, of which only those go along that `OSSFieldPolicy` lets cross.
    ///   - routeFields: the route's; they replace the client's of the same name.
    ///   - callback: the one that OSS is to make; base64 as `x-oss-callback` and `x-oss-callback-var` carry it.
    ///   - framing: a length or chunks: OSS takes no other.
    ///   - now: Unix seconds.
    package func put(
        key: [UInt8], clientFields: HeaderFields, client: FieldSource, routeFields: HeaderFields,
        callback: (parameters: String, variables: String?)?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest
    ) {
        begin(.put, key: key, in: &request)
        OSSFieldPolicy.copy(clientFields, from: client, to: &request.fields)
        for index in routeFields.indices { replace(fieldAt: index, of: routeFields, in: &request.fields) }
        if !request.fields.contains("Content-Type") {
            request.fields.append("Content-Type", "application/octet-stream")
        }
        if let callback {
            request.fields.set("x-oss-callback", callback.parameters)
            if let variables = callback.variables { request.fields.set("x-oss-callback-var", variables) }
        }
        switch framing {
        case .length(let count): request.fields.append("Content-Length", decimal: count)
        case .chunked: request.fields.append("Transfer-Encoding", "chunked")
        case .none, .untilClose: preconditionFailure("an upload to OSS is sent with a length or in chunks")
        }
        sign(key: key, now: now, &request)
    }

    /// Writes a signed GetObject, HeadObject or DeleteObject.
    ///
    /// - Parameters:
    ///   - clientFields: of which range, conditions and `x-oss-range-behavior` go along.
    ///   - now: Unix seconds.
    package func simple(
        _ method: HTTPMethod, key: [UInt8], clientFields: HeaderFields = HeaderFields(), now: Int64,
        into request: inout StoreRequest
    ) {
        precondition(method == .get || method == .head || method == .delete, "a request without a body")
        begin(method, key: key, in: &request)
        if method != .delete {
            for name in Self.readFields {
                if let value = clientFields.first(name) { request.fields.append(name, bytes: value.span) }
            }
        }
        sign(key: key, now: now, &request)
    }

    /// What the signature of the request covers; for `explain`.
    package func canonicalText(_ request: StoreRequest, key: [UInt8], now: Int64) -> SignedText {
        var fields = request.fields
        fields.remove("Authorization")
        return signer.canonicalText(
            method: request.method.name, resource: resource(key), fields: fields, now: now)
    }

    private func begin(_ method: HTTPMethod, key: [UInt8], in request: inout StoreRequest) {
        request.reset(method)
        address.appendTarget(key: key.span, to: &request.target)
        request.fields.append("Host", address.host)
    }

    private func sign(key: [UInt8], now: Int64, _ request: inout StoreRequest) {
        signer.sign(method: request.method.name, bucket: address.bucket, key: key, fields: &request.fields, now: now)
    }

    private func resource(_ key: [UInt8]) -> OSSResource {
        OSSResource(bucket: address.bucket, key: key)
    }

    private func replace(fieldAt index: Int, of source: HeaderFields, in fields: inout HeaderFields) {
        let bytes = source.bytes.span
        fields.set(
            name: bytes.extracting(source.nameRange(at: index)), value: bytes.extracting(source.valueRange(at: index)))
    }

    private static let readFields: [StaticString] = [
        "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "x-oss-range-behavior",
    ]
}

/// Its signer's texts and keys are reused from call to call, without a lock.
@available(*, unavailable)
extension OSSOutbound: Sendable {}
