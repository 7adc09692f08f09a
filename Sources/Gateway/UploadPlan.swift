// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import HTTPWire
internal import Settings

/// What an upload asks for, whatever dialect it came in.
struct UploadRequest: Sendable {
    /// The listener's place in the settings.
    var listenerIndex: Int
    var head: RequestHead
    /// The decoded path without its leading slash; from an SDK client the object key.
    var path: ArraySlice<UInt8>
    /// Decoded parameters of the query.
    var query: QueryItems
    /// The bucket that an SDK client named.
    var bucket: String?
    /// nil when the length is not known beforehand.
    var length: UInt64?
    var clientIP: String
    /// Empty for a client that did not say who it is.
    var clientID = ""
    var requestID: String
    /// The Base64 callback parameters of an SDK client's own.
    var clientCallback: [UInt8]?
    var clientCallbackVariables: [UInt8]?
    /// `Content-MD5`, decoded.
    var contentMD5: [UInt8]?
    /// The CRC-64 that an SDK client says the body has.
    var crc64: UInt64?
    /// Whether an SDK client wants an object of that name to stay.
    var forbidsOverwrite = false

    var route: RouteRequest {
        RouteRequest(
            listenerIndex: listenerIndex, method: head.method, authority: head.authority, path: path,
            fields: head.fields, query: query, contentLength: length)
    }
}

/// What will be done with an upload: all of it is decided before its first byte is passed on.
struct UploadPlan: Sendable {
    enum Callback: Sendable {
        case none
        /// The store makes it: the values of its two parameters.
        case byStore(OSSCallbackParameters)
        /// An SDK client's own parameters, passed on as they came.
        case byStoreAsSent(callback: [UInt8], variables: [UInt8]?)
        /// Putback makes it, once the object is stored.
        case own(OwnCallback)
    }

    var route: Route
    var storeIndex: Int
    var bucket: String
    var key: [UInt8]
    /// In bytes; enforced while streaming when no length was told.
    var sizeLimit: UInt64
    var length: UInt64?
    /// The object's type, told to callbacks.
    var mimeType: String
    var callback: Callback
    var onFailure: CallbackPolicy.FailureRule
    /// For the log.
    var callbackName: String?
    /// As received; the store's dialect says which of them cross.
    var clientFields: HeaderFields
    var isFromSDK: Bool
    /// The route's own, which replace the client's of the same name.
    var routeFields: HeaderFields
    var contentMD5: [UInt8]?
    /// The CRC-64 that the client says the body has.
    var crc64: UInt64?
    var forbidsOverwrite = false

    /// Whether the answer of the store carries a callback's result.
    var asksStoreForCallback: Bool {
        switch callback {
        case .byStore, .byStoreAsSent: true
        case .none, .own: false
        }
    }

    /// Whether the store request may be sent twice without anybody noticing: PUT is idempotent (RFC 9110 §9.2.2), a
    /// callback by the store and a condition on the object's absence are not.
    var isRepeatable: Bool {
        !asksStoreForCallback && !clientFields.contains("x-oss-forbid-overwrite")
            && !routeFields.contains("x-oss-forbid-overwrite")
    }

    var ownCallback: OwnCallback? {
        if case .own(let callback) = callback { callback } else { nil }
    }
}
