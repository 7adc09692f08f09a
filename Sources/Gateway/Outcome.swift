// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Dialects

/// Whether the object is in the store. `unknown` where nobody can tell: the request was out and no answer came.
package enum Stored: String, Sendable {
    case no, yes, unknown
}

/// What is known of a stored object beyond what the plan says of it.
package struct StoredObjectFacts: Sendable, Equatable {
    /// In bytes.
    package var size: UInt64
    /// False of an object that a store made of parts for an SDK client, until the store was asked.
    package var isSizeKnown = true
    /// Without quotes; nil where the store named none. Shares the memory of the store's answer.
    package var etag: ArraySlice<UInt8>?
    package var crc64: UInt64?
    /// Base64.
    package var contentMD5: String?
    /// Of an object whose request did not bring it: one that was made of parts.
    package var contentType: String?

    package init(
        size: UInt64, etag: ArraySlice<UInt8>? = nil, crc64: UInt64? = nil, contentMD5: String? = nil,
        contentType: String? = nil
    ) {
        self.contentType = contentType
        self.size = size
        self.etag = etag
        self.crc64 = crc64
        self.contentMD5 = contentMD5
    }

    package var etagText: String? { etag.map { String(decoding: $0, as: UTF8.self) } }
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
    case refused(Failure, relay: WireAnswer?)
    /// The store keeps something, but not what was sent.
    case mismatch(Failure)
    /// Nobody can tell.
    case unknown(Failure)
}

/// What became of an upload, and what the client is told about it.
package struct Outcome: Sendable, Equatable {
    package var stored: Stored
    package var object: StoredObjectFacts?
    package var callback: CallbackResult
    /// Why the upload did not succeed; nil when it did.
    package var failure: Failure? {
        get { failureBox?.failure }
        set { failureBox = newValue.map { FailureBox($0) } }
    }
    /// The store's own answer, for clients of its dialect.
    package var relay: WireAnswer?
    /// Apart, because a failure is large and rare.
    private var failureBox: FailureBox?

    private final class FailureBox: Sendable, Equatable {
        let failure: Failure

        init(_ failure: Failure) { self.failure = failure }

        static func == (left: FailureBox, right: FailureBox) -> Bool { left.failure == right.failure }
    }

    package init(
        stored: Stored, object: StoredObjectFacts? = nil, callback: CallbackResult = .notAsked,
        failure: Failure? = nil, relay: WireAnswer? = nil
    ) {
        self.stored = stored
        self.object = object
        self.callback = callback
        self.relay = relay
        self.failure = failure
    }

    var kind: Kind {
        if stored == .yes, failureBox == nil, !callback.isFailure { return .stored }
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
