// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Callbacks

/// An ordered rule: which uploads go where, under which key, with which callback.
///
/// A class, because every upload's plan holds its route: one reference instead of all that the route is made of.
package final class Route: Sendable {
    /// How sure Putback makes that the store holds what the client sent.
    package enum Integrity: String, Sendable, CaseIterable {
        /// Checksums of all bytes are compared with the store's.
        case full
        /// Only the length is; bodies may then pass without being looked at.
        case length
    }

    /// Its place in the settings.
    package let index: Int
    package let name: String
    /// What an upload must be like.
    package let conditions: RouteConditions
    /// Who may upload, in ``Settings/clients``, instead of those the listener names; nil leaves it to the listener.
    package let clientsIndex: Int?
    /// The store, in ``Settings/stores``.
    package let storeIndex: Int
    package let key: Template
    /// Whether the key is `${path}`, as it is unless the config says otherwise: then there is nothing to render.
    package let keyIsPath: Bool
    /// Whether the key ends in `${path}`, and what stands in front is the same for all of a client's requests about a bucket:
    /// then a client's key can be told from the store's.
    package let keyHasLead: Bool
    /// Whether every request of one upload in parts leads to the same key, whatever else differs between them.
    package var keyIsStable: Bool { unstableKeyVariable == nil }
    /// The first variable of the key that may differ between the requests of one upload in parts.
    let unstableKeyVariable: TemplateVariable?
    /// Fields that are added to the store request and signed.
    package let headers: [RouteHeader]
    /// The policy, in ``Settings/callbacks``; nil makes no callback of the route's own.
    package let callbackIndex: Int?
    /// Who makes the route's callback; meaningless without one.
    package let callbackIsByStore: Bool
    package let integrity: Integrity
    /// Where callbacks asked for by SDK clients may go; empty when clients may not ask.
    package let clientCallbacks: TargetAllowance
    /// The longest body: the route's own limit, else the general one, and never more than its size condition.
    package let uploadLimitBytes: UInt64
    /// Of all its uploads together.
    package let quota: Quota
    /// Whether the key or a callback variable holds `${uuid}`.
    package let needsUUID: Bool
    /// Whether one of them holds `${request.id}`.
    package let needsRequestID: Bool

    init(
        index: Int, name: String, conditions: RouteConditions, clientsIndex: Int?, storeIndex: Int, key: Template,
        headers: [RouteHeader], callbackIndex: Int?, callbackIsByStore: Bool, integrity: Integrity,
        clientCallbacks: TargetAllowance, uploadLimitBytes: UInt64, quota: Quota, needsUUID: Bool,
        needsRequestID: Bool
    ) {
        self.index = index
        self.name = name
        self.conditions = conditions
        self.clientsIndex = clientsIndex
        self.storeIndex = storeIndex
        self.key = key
        keyIsPath = key.segments == [.variable(.path, insideJSONString: false)]
        let variables = key.references
        keyHasLead = variables.last == .path && key.endsInVariable && variables.dropLast().allSatisfy(\.isOfBucket)
        unstableKeyVariable = key.references.first { !$0.isStable }
        self.headers = headers
        self.callbackIndex = callbackIndex
        self.callbackIsByStore = callbackIsByStore
        self.integrity = integrity
        self.clientCallbacks = clientCallbacks
        self.uploadLimitBytes = uploadLimitBytes
        self.quota = quota
        self.needsUUID = needsUUID
        self.needsRequestID = needsRequestID
    }
}

extension Template {
    fileprivate var endsInVariable: Bool { if case .variable? = segments.last { true } else { false } }
}

extension TemplateVariable {
    /// Whether a request about a bucket, which has no key, tells it as one about an object does.
    fileprivate var isOfBucket: Bool {
        switch self {
        case .host, .clientID, .system(.bucket): true
        default: false
        }
    }

    /// Whether it is the same in every request of one upload in parts: object, bucket and who uploads are; a client may
    /// come from several addresses, and it sends other fields with each part.
    fileprivate var isStable: Bool {
        switch self {
        case .path, .pathMatch, .pathName, .pathExtension, .host, .clientID, .system, .custom, .unknown: true
        case .header, .query, .form, .clientIP, .uuid, .requestID, .date: false
        }
    }
}

/// A header field of the store request.
package struct RouteHeader: Sendable {
    /// In lower case.
    package let name: String
    /// Rendered with ``Escaping/headerValue``.
    package let value: Template
}

/// A range of sizes in bytes, both ends included.
package struct SizeRange: Sendable, Equatable, CustomStringConvertible {
    package let lower: UInt64
    /// Nil has no end.
    package let upper: UInt64?

    package static var any: SizeRange { SizeRange(lower: 0, upper: nil) }

    package func contains(_ size: UInt64) -> Bool {
        size >= lower && (upper.map { size <= $0 } ?? true)
    }

    func covers(_ other: SizeRange) -> Bool {
        guard lower <= other.lower else { return false }
        guard let upper else { return true }
        return other.upper.map { $0 <= upper } ?? false
    }

    package var description: String { "\(lower == 0 ? "" : String(lower))..\(upper.map(String.init) ?? "")" }
}
