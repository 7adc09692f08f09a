// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import Digests
internal import HTTPWire
internal import Settings

/// What an upload asks for, whatever dialect it came in. Loop thread only; not changed once it is planned.
///
/// An object, as ``UploadPlan`` is: everybody on the way of an upload looks at it, and a value of that size would be
/// copied, field by field, for each of them.
final class UploadRequest {
    /// Head, path, query and length, as routing wants them.
    let route: RouteRequest
    /// The bucket that an SDK client named.
    var bucket: String?
    let clientIP: String
    /// Empty for a client that did not say who it is.
    var clientID = ""
    /// Putback's own.
    let requestID: RequestID
    /// nil for a client that says nothing of it.
    let trace: RequestTrace?
    /// `Content-MD5`, decoded.
    var contentMD5: [UInt8]?
    /// The CRC-64 that an SDK client says the body has.
    var crc64: UInt64?
    /// Whether an SDK client wants an object of that name to stay.
    var forbidsOverwrite = false
    /// What a vendor's client asks for; nil for a plain one. Looking at so large an optional is work: ``operation`` is for
    /// what every upload asks.
    var client: ClientRequest?
    let operation: StoreOperation
    /// Of the body; nil when it is not known beforehand.
    let length: UInt64?
    /// The form of a plain client that the upload is a file of.
    let form: FormContext?

    /// - Parameter routedLength: what the size conditions of routes look at.
    init(
        listenerIndex: Int, head: consuming RequestHead, path: ArraySlice<UInt8>, query: QueryItems,
        bucket: String? = nil, length: UInt64?, clientIP: String, requestID: RequestID, contentMD5: [UInt8]? = nil,
        routedLength: UInt64?, form: FormContext? = nil, client: ClientRequest? = nil
    ) {
        self.client = client
        operation = client?.operation ?? .putObject
        trace = RequestTrace.read(head.fields)
        route = RouteRequest(
            listenerIndex: listenerIndex, head: head, path: path, query: query, contentLength: routedLength)
        self.length = length
        self.bucket = bucket
        self.clientIP = clientIP
        self.requestID = requestID
        self.contentMD5 = contentMD5
        self.form = form
    }

    /// Whether the request is about an object, and not about a bucket.
    ///
    /// US3 lists the parts of an upload by its id alone.
    var namesObject: Bool {
        guard let client else { return true }
        switch client.operation {
        case .listUploads, .headBucket: return false
        case .listParts: return !client.key.isEmpty
        default: return true
        }
    }
    /// The id that client, store and app know the request by.
    var publicID: PublicID { PublicID(own: requestID, trace: trace) }
    /// The listener's place in the settings.
    var listenerIndex: Int { route.listenerIndex }
    // The large parts are lent, because a copy would be references more to count.
    var head: RequestHead { _read { yield route.head } }
    /// The decoded path without its leading slash, with the file's name behind it where it came in a form; from an SDK
    /// client the object key.
    var path: ArraySlice<UInt8> { _read { yield form?.path ?? route.path } }
    /// Decoded parameters of the query.
    var query: QueryItems { _read { yield route.query } }
}

/// What the form of a file says of it.
struct FormContext: Sendable {
    /// The id of the form's request, under which all its files are found in the log.
    let requestID: RequestID
    /// The path of the request with the file's name behind it.
    let path: ArraySlice<UInt8>
    /// The fields before the file.
    let fields: [QueryItems.Item]
}

/// What will be done with an upload: all of it is decided before its first byte is passed on. Loop thread only; not
/// changed once it is made.
final class UploadPlan {
    enum Callback: Sendable {
        case none
        /// The store makes it: the values of its two parameters.
        case byStore(CallbackParameters)
        /// The same, where it tells the size of a body whose length nobody told.
        case byStoreSized(SizedPutPolicy)
        /// An SDK client's own parameters, passed on as they came.
        case byStoreAsSent(callback: [UInt8], variables: [UInt8]?)
        /// Putback makes it, once the object is stored.
        case own(OwnCallback)
    }

    let request: UploadRequest
    let route: Route
    let bucket: String
    /// Shares the memory of the request's path where the route leaves it as it is.
    let key: ArraySlice<UInt8>
    /// In bytes; enforced while streaming when no length was told.
    let sizeLimit: UInt64
    private(set) var callback = Callback.none
    private(set) var onFailure = CallbackPolicy.FailureRule()
    /// For the log.
    private(set) var callbackName: String?
    /// The vendor whose protocol the store speaks; nil for a directory.
    let storeDialect: DialectName?
    /// Whose client asks; nil for a plain one.
    let clientDialect: DialectName?
    private let kind: Kind
    /// The route's own, which replace the client's of the same name.
    let routeFields: HeaderFields

    init(
        request: UploadRequest, route: Route, bucket: String, key: ArraySlice<UInt8>, sizeLimit: UInt64,
        clientDialect: DialectName?, storeDialect: DialectName?, routeFields: HeaderFields
    ) {
        self.request = request
        self.route = route
        self.bucket = bucket
        self.key = key
        self.sizeLimit = sizeLimit
        self.clientDialect = clientDialect
        self.storeDialect = storeDialect
        kind = Kind(request.operation)
        self.routeFields = routeFields
    }

    /// Whether a callback that Putback makes tells the size of a picture. The planner's to set.
    var needsImage = false

    /// What follows from the operation, told apart once.
    private enum Kind {
        /// One object, all of it in this body.
        case whole
        case part
        /// The beginning of an object, whose checksum is that of the body.
        case firstAppend
        case other

        init(_ operation: StoreOperation) {
            self =
                switch operation {
                case .putObject, .postObject: .whole
                case .putPart: .part
                case .appendObject(position: 0): .firstAppend
                default: .other
                }
        }
    }

    /// Decides on the callback; the planner's only.
    func setCallback(_ callback: Callback, name: String?, onFailure: CallbackPolicy.FailureRule) {
        self.callback = callback
        self.callbackName = name
        self.onFailure = onFailure
    }

    var storeIndex: Int { route.storeIndex }
    var length: UInt64? { request.length }
    var isFromSDK: Bool { clientDialect != nil }
    /// What is done to the object, in the words that the store and its client share.
    var operation: StoreOperation { _read { yield request.operation } }
    /// The operation as it is written to a store: a form becomes an object like others.
    var storeOperation: StoreOperation { kind == .whole ? .putObject : operation }
    /// The method of that.
    var storeMethod: HTTPMethod { kind == .whole ? .put : operation.method }
    private var isForUS3: Bool { if case .us3? = storeDialect { true } else { false } }
    /// Whether the bytes are summed up: those of an object, or of a part, that the store tells a checksum of. What is
    /// appended is not: the store's is that of the whole object.
    var needsChecksum: Bool {
        kind != .other && (route.integrity == .full && !isForUS3 || crc64 != nil)
    }
    /// The same for US3, which tells ETags only. A part of another size than a block has an ETag of its own rule.
    var needsETag: Bool {
        guard isForUS3, route.integrity == .full else { return false }
        switch kind {
        case .whole: return true
        case .part: return (length ?? .max) <= UInt64(US3ETag.blockBytes)
        case .firstAppend, .other: return false
        }
    }
    /// Whether one request cannot carry the object to its store, or may turn out not to.
    var needsParts: Bool {
        guard kind == .whole, let traits = storeDialect?.dialect.traits else { return false }
        guard let length else { return !traits.takesChunks || sizeLimit > traits.largestPutBytes }
        return length > traits.largestPutBytes
    }
    /// Whether its store takes the body of a known length only, and the client tells none.
    var needsLength: Bool {
        guard length == nil, !needsParts, storeDialect?.dialect.traits.takesChunks == false else { return false }
        if case .completeUpload = operation { return true }
        return operation.hasObjectBody
    }
    var isPart: Bool { kind == .part }
    /// Whether an object exists once it succeeded.
    var endsUpload: Bool { kind == .whole || operation.endsUpload }
    /// How the body goes to the store.
    var framing: BodyFraming {
        if kind == .whole { return length.map { .length($0) } ?? .chunked }
        // A completion without a list is one of all parts.
        if case .completeUpload = operation, length == 0 { return .none }
        return length.map { .length($0) } ?? .chunked
    }
    /// The client's fields that may say something about the object: a form's own, else those of the request.
    var objectFields: HeaderFields {
        _read {
            if isFromSDK, let fields = request.client?.objectFields {
                yield fields
            } else {
                yield request.route.head.fields
            }
        }
    }
    /// As received; the store's dialect says which of them cross.
    var clientFields: HeaderFields { _read { yield request.route.head.fields } }
    var contentMD5: [UInt8]? { request.contentMD5 }
    /// The CRC-64 that the client says the body has.
    var crc64: UInt64? { request.crc64 }
    var forbidsOverwrite: Bool { request.forbidsOverwrite }

    /// The object's type, told to callbacks.
    var mimeType: String {
        routeFields.string("content-type") ?? objectFields.string("content-type") ?? "application/octet-stream"
    }

    /// Whether the answer of the store carries a callback's result.
    var asksStoreForCallback: Bool {
        switch callback {
        case .byStore, .byStoreSized, .byStoreAsSent: true
        case .none, .own: false
        }
    }

    /// Whether the store request may be sent twice without anybody noticing: PUT is idempotent (RFC 9110 §9.2.2), a
    /// callback by the store and a condition on the object's absence are not, nor is a part of US3.
    var isRepeatable: Bool {
        guard !asksStoreForCallback else { return false }
        switch kind {
        case .whole: break
        case .part: return !isForUS3
        case .firstAppend, .other: return false
        }
        return !Self.hasCondition(objectFields) && (routeFields.isEmpty || !Self.hasCondition(routeFields))
    }

    private static func hasCondition(_ fields: HeaderFields) -> Bool {
        fields.contains("x-oss-forbid-overwrite") || fields.contains("x-tos-forbid-overwrite")
            || fields.contains("x-tos-if-match")
    }

    var ownCallback: OwnCallback? {
        if case .own(let callback) = callback { callback } else { nil }
    }
}
