// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import HTTPWire
internal import Octets
internal import Settings
internal import Signing

/// Writes the signed requests of one OSS store. Confined to one thread.
final class OSSRequests {
    private let store: RemoteStoreSettings
    private let signer: OSSSigner
    /// By bucket; a store whose bucket is not fixed has as many as its clients name.
    private var outbounds: [String: OSSOutbound] = [:]
    /// Kept for its capacity.
    private var request = StoreRequest()

    init(_ store: RemoteStoreSettings) {
        self.store = store
        signer = OSSSigner(
            version: store.signature == .v1 ? .v1 : .v4,
            credentials: AccessKey(
                id: store.credentials.id, secret: store.credentials.secret.reveal(),
                token: store.credentials.token?.revealText()), region: store.region ?? "")
    }

    /// Appends a PutObject, encoded.
    func put(_ plan: UploadPlan, now: Int64, to bytes: inout OctetBuffer) {
        write(plan, now: now)
        let target = request.target
        HTTPEncoder.appendRequest(method: request.method, target: target.span, fields: request.fields, to: &bytes)
    }

    /// The signed request that ``put(_:now:to:)`` sends, and what its signature covers.
    func explain(_ plan: UploadPlan, now: Int64) -> (head: [UInt8], signed: SignedText) {
        write(plan, now: now)
        return (request.encoded, outbound(plan.bucket).canonicalText(request, key: plan.key, now: now))
    }

    /// A signed request without a body, encoded.
    func encoded(
        _ method: HTTPMethod, bucket: String, key: [UInt8], clientFields: HeaderFields = HeaderFields(), now: Int64
    ) -> [UInt8] {
        outbound(bucket).simple(method, key: key, clientFields: clientFields, now: now, into: &request)
        return request.encoded
    }

    private func write(_ plan: UploadPlan, now: Int64) {
        outbound(plan.bucket).put(
            key: plan.key, clientFields: plan.request.route.head.fields, client: plan.isFromSDK ? .sdk : .plain,
            routeFields: plan.routeFields, callback: Self.callback(plan),
            framing: plan.length.map { .length($0) } ?? .chunked, now: now, into: &request)
    }

    private static func callback(_ plan: UploadPlan) -> (parameters: String, variables: String?)? {
        switch plan.callback {
        case .byStore(let parameters):
            (parameters.callback, parameters.variables)
        case .byStoreAsSent(let callback, let variables):
            (String(decoding: callback, as: UTF8.self), variables.map { String(decoding: $0, as: UTF8.self) })
        case .none, .own:
            nil
        }
    }

    private func outbound(_ bucket: String) -> OSSOutbound {
        if let outbound = outbounds[bucket] { return outbound }
        let address = OSSAddress(bucket: bucket, addressing: store.addressing, authority: store.endpoint.authority)
        let outbound = OSSOutbound(address: address, signer: signer)
        // Clients may name any bucket: the table must not grow with their fancy.
        if outbounds.count >= 256 { outbounds.removeAll(keepingCapacity: true) }
        outbounds[bucket] = outbound
        return outbound
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
