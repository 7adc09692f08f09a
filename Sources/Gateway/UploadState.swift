// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import HTTPServing

/// What happens to one upload, decided without doing any of it: events in, actions out.
///
/// ``Upload`` performs the actions. Time, sockets and files are elsewhere, so every path is a table row in the tests.
struct UploadState: Sendable {
    /// Where the upload is.
    enum Step: Sendable, Equatable {
        /// Bytes flow to the store. → waiting, callingBack, over
        case streaming
        /// The store has the whole body and has not answered. → callingBack, deleting, over
        case waiting
        /// The object is stored and Putback calls the app. → deleting, over
        case callingBack(StoredObjectFacts)
        /// The callback failed and the policy wants the object gone. → over
        case deleting(StoredObjectFacts, CallbackResult)
        /// The client is told, or is gone.
        case over
    }

    /// What ``Upload`` is to do next.
    enum Action: Sendable, Equatable {
        case nothing
        /// Tell the store that the body is complete.
        case finishBody
        /// Break the store request off, so that nothing is stored, then tell the client.
        case abort(Outcome)
        case callBack(StoredObjectFacts)
        case delete(StoredObjectFacts)
        case tell(Outcome)
    }

    private(set) var step = Step.streaming
    // By pattern, because a comparison would look at what other steps hold.
    var isStreaming: Bool { if case .streaming = step { true } else { false } }
    var isWaiting: Bool { if case .waiting = step { true } else { false } }
    /// Whether Putback makes the callback after the store said "stored".
    let callsBack: Bool
    /// What a failed callback means; nil where no policy of the operator's says.
    let onFailure: CallbackPolicy.FailureRule

    init(callsBack: Bool, onFailure: CallbackPolicy.FailureRule) {
        self.callsBack = callsBack
        self.onFailure = onFailure
    }

    /// The phase of the present step, for logs and errors.
    var phase: Phase {
        switch step {
        case .streaming: .storing
        case .waiting: .judging
        case .callingBack, .deleting: .callingBack
        case .over: .done
        }
    }

    /// The client sent the last byte.
    mutating func bodyCompleted() -> Action {
        guard isStreaming else { return .nothing }
        step = .waiting
        return .finishBody
    }

    /// The body broke a rule, or its client did: nothing may be stored.
    mutating func bodyFailed(_ failure: Failure) -> Action {
        guard isStreaming else { return .nothing }
        step = .over
        return .abort(Outcome(stored: .no, failure: failure))
    }

    /// The store answered.
    mutating func storeAnswered(_ verdict: StoreVerdict) -> Action {
        guard isStreaming || isWaiting else { return .nothing }
        switch verdict {
        case .stored(let object, let callback, let relay):
            guard isWaiting else { return answeredTooEarly() }
            return stored(object, callback, relay)
        case .refused(let failure, let relay):
            return end(Outcome(stored: .no, failure: failure, relay: relay))
        case .mismatch(let failure):
            return end(Outcome(stored: .yes, failure: failure))
        case .unknown(let failure):
            return end(Outcome(stored: .unknown, failure: failure))
        }
    }

    /// There is no answer of the store.
    mutating func storeFailed(_ failure: Failure, mayBeStored: Bool) -> Action {
        guard isStreaming || isWaiting else { return .nothing }
        // An incomplete body cannot have been stored.
        let stored: Stored = isWaiting && mayBeStored ? .unknown : .no
        return end(Outcome(stored: stored, failure: failure))
    }

    /// More is known of the object that the app is called about.
    mutating func objectFound(_ object: StoredObjectFacts) {
        if case .callingBack = step { step = .callingBack(object) }
    }

    /// The app answered Putback's callback, or did not.
    mutating func callbackEnded(_ result: CallbackResult) -> Action {
        guard case .callingBack(let object) = step else { return .nothing }
        return settle(object, result, relay: nil)
    }

    /// The object of a failed callback was deleted, or could not be.
    mutating func deleteEnded(succeeded: Bool) -> Action {
        guard case .deleting(let object, let result) = step else { return .nothing }
        return tellCallbackFailed(object, result, stored: succeeded ? .no : .yes, relay: nil)
    }

    private mutating func stored(
        _ object: StoredObjectFacts, _ callback: CallbackResult, _ relay: WireAnswer?
    ) -> Action {
        guard callsBack, case .notAsked = callback else { return settle(object, callback, relay: relay) }
        step = .callingBack(object)
        return .callBack(object)
    }

    private mutating func settle(
        _ object: StoredObjectFacts, _ callback: CallbackResult, relay: WireAnswer?
    ) -> Action {
        if case .notAsked = callback, relay == nil { return end(Outcome(stored: object)) }
        guard callback.isFailure else {
            return end(Outcome(stored: .yes, object: object, callback: callback, relay: relay))
        }
        guard onFailure.object == .delete else {
            return tellCallbackFailed(object, callback, stored: .yes, relay: relay)
        }
        step = .deleting(object, callback)
        return .delete(object)
    }

    private mutating func tellCallbackFailed(
        _ object: StoredObjectFacts, _ callback: CallbackResult, stored: Stored, relay: WireAnswer?
    ) -> Action {
        var message = "The object is stored, but the callback failed."
        if stored == .no { message = "The callback failed, and the object was deleted again." }
        if let reason = callback.problem?.message { message += " " + reason }
        let failure = Failure(
            .callbackFailed, party: .app, phase: .callingBack, status: onFailure.status, message)
        return end(
            Outcome(
                stored: stored, object: object, callback: callback, failure: failure, relay: relay))
    }

    /// A store that says "stored" before it has the body stores something else.
    private mutating func answeredTooEarly() -> Action {
        step = .over
        let failure = Failure(
            .storeBadAnswer, party: .store, phase: .storing, status: 502,
            "The store said that it stored the object before it had all of it.")
        return .abort(Outcome(stored: .unknown, failure: failure))
    }

    private mutating func end(_ outcome: Outcome) -> Action {
        let wasStreaming = isStreaming
        step = .over
        return wasStreaming ? .abort(outcome) : .tell(outcome)
    }
}
