// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// What can be asked of a store, whatever its dialect: by Putback of a store, and by a vendor's client of Putback.
package enum StoreOperation: Sendable, Equatable {
    /// A whole object in one request: PutObject, PutFile.
    case putObject
    /// A whole object in an HTML form: PostObject, PostFile. Putback writes it to the store as ``putObject``.
    case postObject
    /// More bytes for an object that holds `position` bytes: AppendObject of OSS and TOS.
    case appendObject(position: UInt64)
    /// Begins an upload in parts: InitiateMultipartUpload, CreateMultipartUpload.
    case createUpload
    /// A part; numbers start at 1, those of US3 at 0.
    case putPart(uploadID: [UInt8], number: Int)
    /// Makes the object out of its parts: CompleteMultipartUpload, FinishMultipartUpload.
    case completeUpload(uploadID: [UInt8])
    /// Throws the parts away.
    case abortUpload(uploadID: [UInt8])
    case listParts(uploadID: [UInt8], ListOptions)
    /// About the bucket: there is no key.
    case listUploads(ListOptions)
    case getObject
    case headObject
    /// Whether there is such a bucket, and of which kind (TOS): there is no key.
    case headBucket
    case deleteObject

    /// Whether the body of the request is, or holds, data of an object and is streamed.
    package var hasObjectBody: Bool {
        switch self {
        case .putObject, .postObject, .appendObject, .putPart: true
        default: false
        }
    }

    /// Whether an object exists once it succeeded, so that a callback can follow (OSS, page Callback, "Operations"; TOS:
    /// the SDKs' fields; US3: put policy page).
    package var endsUpload: Bool {
        switch self {
        case .putObject, .postObject, .completeUpload: true
        default: false
        }
    }

    /// The method, which all vendors have alike.
    package var method: HTTPMethod {
        switch self {
        case .putObject, .putPart: .put
        case .postObject, .appendObject, .createUpload, .completeUpload: .post
        case .listParts, .listUploads, .getObject: .get
        case .headObject, .headBucket: .head
        case .abortUpload, .deleteObject: .delete
        }
    }

    /// The API name that callbacks are told as `${operation}`.
    package var apiName: String {
        switch self {
        case .putObject: "PutObject"
        case .postObject: "PostObject"
        case .appendObject: "AppendObject"
        case .createUpload: "InitiateMultipartUpload"
        case .putPart: "UploadPart"
        case .completeUpload: "CompleteMultipartUpload"
        case .abortUpload: "AbortMultipartUpload"
        case .listParts: "ListParts"
        case .listUploads: "ListMultipartUploads"
        case .getObject: "GetObject"
        case .headObject: "HeadObject"
        case .headBucket: "HeadBucket"
        case .deleteObject: "DeleteObject"
        }
    }
}

/// Where a list begins and how long it may be.
package struct ListOptions: Sendable, Equatable {
    /// The most entries; nil leaves it to the dialect.
    package var limit: Int?
    /// Entries up to and including this key (uploads) or decimal part number (parts) are left out; empty: none are.
    package var marker: [UInt8] = []
    /// Among uploads of the marker's key, those up to and including this id are left out.
    package var uploadIDMarker: [UInt8] = []
    /// Uploads only: what keys begin with.
    package var prefix: [UInt8] = []
    /// Uploads only: keys that share the text up to this one behind the prefix are told as one common prefix.
    package var delimiter: [UInt8] = []
    /// Whether the client wants keys percent-encoded (`encoding-type=url`).
    package var encodesKeys = false

    package init() {}
}

extension StoreOperation {
    /// The same of a store whose keys have something in front of the client's own.
    package func behind(_ lead: [UInt8]) -> StoreOperation {
        guard case .listUploads(var options) = self else { return self }
        options.prefix = lead + options.prefix
        if !options.marker.isEmpty { options.marker = lead + options.marker }
        return .listUploads(options)
    }
}
