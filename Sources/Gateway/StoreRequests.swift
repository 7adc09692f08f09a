// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import HTTPWire
internal import Octets
internal import Settings
internal import Signing

/// Writes the signed requests of one store. Confined to one thread.
final class StoreRequests {
    private let writer: any StoreWriter
    /// Kept for its capacity.
    private var request = StoreRequest()

    init(_ store: RemoteStoreSettings) {
        let key = AccessKey(
            id: store.credentials.id, secret: store.credentials.secret.reveal(),
            token: store.credentials.token?.revealText())
        writer = store.dialect.dialect.makeWriter(
            StoreIdentity(
                key: key, region: store.region ?? "", signature: store.signature?.rawValue,
                addressing: store.addressing, authority: store.endpoint.authority))
    }

    /// Appends the request of a plan with a body, encoded.
    func put(_ plan: UploadPlan, now: Int64, to bytes: inout OctetBuffer) {
        write(plan.storeOperation, of: plan, plan.objectFields, framing: plan.framing, now: now)
        let target = request.target
        HTTPEncoder.appendRequest(method: request.method, target: target.span, fields: request.fields, to: &bytes)
    }

    /// The signed request that ``put(_:now:to:)`` sends, or that begins an upload in parts, and what its signature covers.
    func explain(_ plan: UploadPlan, now: Int64) -> (head: [UInt8], signed: SignedText) {
        let operation = plan.needsParts ? StoreOperation.createUpload : plan.storeOperation
        let head = encoded(operation, of: plan, framing: plan.needsParts ? .none : plan.framing, now: now)
        let signed = writer.signedText(
            operation, bucket: plan.bucket, key: Array(plan.key), request: request,
            callback: operation.endsUpload ? Self.callback(plan) : nil, now: now)
        return (head, signed)
    }

    /// A signed request without a body, encoded.
    ///
    /// - Parameter behalf: the request that it is made for.
    func encoded(
        _ operation: StoreOperation, bucket: String, key: ArraySlice<UInt8>,
        clientFields: HeaderFields = HeaderFields(),
        routeFields: HeaderFields = HeaderFields(), on behalf: PublicID? = nil, now: Int64
    ) -> [UInt8] {
        writer.write(
            operation, bucket: bucket, key: key, clientFields: clientFields, from: .sdk, routeFields: routeFields,
            callback: nil, framing: .none, now: now, into: &request)
        if let behalf { request.fields.append(behalf) }
        return request.encoded
    }

    /// A signed request on the way of a plan's object that the plan itself does not describe, encoded: one of an upload in
    /// parts, or a put whose length became known.
    ///
    /// - Parameter objectBytes: of the whole object, once its body is complete.
    func encoded(
        _ operation: StoreOperation, of plan: UploadPlan, framing: BodyFraming, objectBytes: UInt64? = nil, now: Int64
    ) -> [UInt8] {
        var clientFields = plan.objectFields
        if case .putPart = operation {
            // They are about the whole body.
            clientFields.remove("Content-MD5")
            clientFields.remove("x-oss-hash-crc64ecma")
        }
        write(operation, of: plan, clientFields, framing: framing, objectBytes: objectBytes, now: now)
        return request.encoded
    }

    /// The body of a completion of these parts, in order.
    func completionBody(_ parts: [Completion.Part]) -> [UInt8] { writer.completionBody(parts) }

    private func write(
        _ operation: StoreOperation, of plan: UploadPlan, _ clientFields: HeaderFields, framing: BodyFraming,
        objectBytes: UInt64? = nil, now: Int64
    ) {
        writer.write(
            operation, bucket: plan.bucket, key: plan.key, clientFields: clientFields,
            from: plan.isFromSDK ? .sdk : .plain, routeFields: plan.routeFields,
            callback: operation.endsUpload ? Self.callback(plan, objectBytes) : nil, framing: framing, now: now,
            into: &request)
        request.fields.append(plan.request.publicID)
    }

    private static func callback(_ plan: UploadPlan, _ objectBytes: UInt64? = nil) -> StoreCallback? {
        switch plan.callback {
        case .byStore(let parameters):
            StoreCallback(parameters: parameters.callback, variables: parameters.variables)
        case .byStoreSized(let policy):
            StoreCallback(parameters: policy.parameters(size: objectBytes ?? 0).callback, variables: nil)
        case .byStoreAsSent(let callback, let variables):
            StoreCallback(
                parameters: String(decoding: callback, as: UTF8.self),
                variables: variables.map { String(decoding: $0, as: UTF8.self) })
        case .none, .own:
            nil
        }
    }
}

extension StoreRequest {
    /// Request line and fields as they go out.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1024)
        let target = self.target
        HTTPEncoder.appendRequest(method: method, target: target.span, fields: fields, to: &bytes)
        return bytes
    }
}
