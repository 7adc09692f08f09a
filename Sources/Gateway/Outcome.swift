// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Dialects

/// Whether the object is in the store. `unknown` where nobody can tell: the request was out and no answer came.
package enum Stored: String, Sendable {
    case no, yes, unknown
}

/// What is known of a stored object beyond what the plan says of it.
///
/// An object: it goes through verdict, action and outcome, each of which would copy its five references.
package final class StoredObjectFacts: Sendable, Equatable {
    /// In bytes.
    package let size: UInt64
    /// False of an object that a store made of parts for an SDK client, until the store was asked.
    package let isSizeKnown: Bool
    /// Without quotes; empty where the store named none. Shares the memory of the store's answer.
    package let etag: ArraySlice<UInt8>
    package let crc64: UInt64?
    /// Base64.
    package let contentMD5: String?
    /// Of an object whose request did not bring it: one that was made of parts.
    package let contentType: String?

    package init(
        size: UInt64, isSizeKnown: Bool = true, etag: ArraySlice<UInt8> = [], crc64: UInt64? = nil,
        contentMD5: String? = nil, contentType: String? = nil
    ) {
        self.isSizeKnown = isSizeKnown
        self.contentType = contentType
        self.size = size
        self.etag = etag
        self.crc64 = crc64
        self.contentMD5 = contentMD5
    }

    package var etagText: String? { etag.isEmpty ? nil : String(decoding: etag, as: UTF8.self) }

    package static func == (left: StoredObjectFacts, right: StoredObjectFacts) -> Bool {
        left.size == right.size && left.isSizeKnown == right.isSizeKnown && left.etag == right.etag
            && left.crc64 == right.crc64 && left.contentMD5 == right.contentMD5
            && left.contentType == right.contentType
    }
}

/// What became of the callback.
package enum CallbackResult: Sendable, Equatable {
    case notAsked
    /// The app's body and its type.
    case succeeded(body: [UInt8], contentType: String)
    /// `message` is the vendor's text where a vendor's rules judged; `appStatus` is the app's, if it answered.
    case failed(message: String, ec: String?, appStatus: Int?)

    /// The app's answer is passed on though its status is no success, which is how US3 does it.
    case passedOn(status: Int, body: [UInt8], contentType: String)

    var isFailure: Bool {
        switch self {
        case .failed, .passedOn: true
        case .notAsked, .succeeded: false
        }
    }

    /// The status of the app, and what is wrong, where something is.
    var problem: (message: String, appStatus: Int?)? {
        switch self {
        case .failed(let message, _, let status): (message, status)
        case .passedOn(let status, _, _): ("The app answered \(status).", status)
        case .notAsked, .succeeded: nil
        }
    }
}

/// What a store's answer to an upload means.
package enum StoreVerdict: Sendable, Equatable {
    /// The object is stored; `callback` tells of one that the store itself made.
    case stored(StoredObjectFacts, callback: CallbackResult, relay: WireAnswer?)
    /// The object is not stored.
    indirect case refused(Failure, relay: WireAnswer?)
    /// The store keeps something, but not what was sent.
    indirect case mismatch(Failure)
    /// Nobody can tell.
    indirect case unknown(Failure)
}

/// What became of an upload, and what the client is told about it.
package struct Outcome: Sendable, Equatable {
    package let stored: Stored
    package let object: StoredObjectFacts?
    /// Apart, because it is large and most uploads have none of it.
    private let rest: Rest?

    package var callback: CallbackResult { rest?.callback ?? .notAsked }
    /// Why the upload did not succeed; nil when it did.
    package var failure: Failure? { rest?.failure }
    /// The store's own answer, for clients of its dialect.
    package var relay: WireAnswer? { rest?.relay }

    private final class Rest: Sendable, Equatable {
        let callback: CallbackResult
        let failure: Failure?
        let relay: WireAnswer?

        init(_ callback: CallbackResult, _ failure: Failure?, _ relay: WireAnswer?) {
            self.callback = callback
            self.failure = failure
            self.relay = relay
        }

        static func == (left: Rest, right: Rest) -> Bool {
            left.callback == right.callback && left.failure == right.failure && left.relay == right.relay
        }
    }

    package init(
        stored: Stored, object: StoredObjectFacts? = nil, callback: CallbackResult = .notAsked,
        failure: Failure? = nil, relay: WireAnswer? = nil
    ) {
        self.stored = stored
        self.object = object
        if case .notAsked = callback, failure == nil, relay == nil {
            rest = nil
        } else {
            rest = Rest(callback, failure, relay)
        }
    }

    /// The plain success.
    init(stored object: StoredObjectFacts) {
        stored = .yes
        self.object = object
        rest = nil
    }

    /// Whether there is nothing to tell but that the object is stored.
    var isPlainSuccess: Bool { rest == nil && stored == .yes }

    var kind: Kind {
        if isPlainSuccess { return .stored }
        return switch (stored, callback.isFailure, failure) {
        case (.yes, true, _): .callbackFailed
        case (.yes, _, nil): .stored
        case (.yes, _, _?): .mismatch
        case (.unknown, _, _): .unknown
        case (.no, true, _): .callbackFailedDeleted
        case (.no, _, _): failure?.code == .clientGone ? .clientGone : .notStored
        }
    }

    package var label: String { kind.label }
}

extension Outcome {
    /// All that can become of an upload; a number, so that it is the place of a count.
    enum Kind: Int, CaseIterable {
        case stored, notStored, unknown, mismatch, clientGone, callbackFailed, callbackFailedDeleted

        /// A bounded word for logs and metrics.
        var label: String {
            switch self {
            case .stored: "stored"
            case .notStored: "not-stored"
            case .unknown: "unknown"
            case .mismatch: "mismatch"
            case .clientGone: "client-gone"
            case .callbackFailed: "callback-failed"
            case .callbackFailedDeleted: "callback-failed-deleted"
            }
        }
    }
}
