// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Testing

@testable import Gateway

/// Every event in every step.
@Suite struct UploadStateTests {
    enum Event: String, CaseIterable, Sendable {
        case bodyCompleted, bodyFailed
        case stored, storedAndCalled, storedNotCalled, refused, mismatch, unknown
        case failedBefore, failedPerhapsAfter
        case callbackSucceeded, callbackFailed, deleted, notDeleted

        func send(to state: inout UploadState) -> UploadState.Action {
            switch self {
            case .bodyCompleted: state.bodyCompleted()
            case .bodyFailed: state.bodyFailed(someFailure)
            case .stored: state.storeAnswered(.stored(someObject, callback: .notAsked, relay: nil))
            case .storedAndCalled: state.storeAnswered(.stored(someObject, callback: succeeded, relay: nil))
            case .storedNotCalled: state.storeAnswered(.stored(someObject, callback: failed, relay: nil))
            case .refused: state.storeAnswered(.refused(someFailure, relay: nil))
            case .mismatch: state.storeAnswered(.mismatch(someFailure))
            case .unknown: state.storeAnswered(.unknown(someFailure))
            case .failedBefore: state.storeFailed(someFailure, mayBeStored: false)
            case .failedPerhapsAfter: state.storeFailed(someFailure, mayBeStored: true)
            case .callbackSucceeded: state.callbackEnded(succeeded)
            case .callbackFailed: state.callbackEnded(failed)
            case .deleted: state.deleteEnded(succeeded: true)
            case .notDeleted: state.deleteEnded(succeeded: false)
            }
        }
    }

    struct Config: Sendable {
        var callsBack: Bool
        var object: CallbackPolicy.FailureRule.Object

        var state: UploadState {
            UploadState(callsBack: callsBack, onFailure: .init(status: 202, object: object))
        }

        static let all: [Config] = [true, false].flatMap { callsBack in
            CallbackPolicy.FailureRule.Object.allCases.map { Config(callsBack: callsBack, object: $0) }
        }
    }

    /// An action in one word, with what the client learns.
    static func describe(_ action: UploadState.Action) -> String {
        func words(_ outcome: Outcome) -> String {
            "\(outcome.stored.rawValue) \(outcome.failure?.code.rawValue ?? "success")"
        }
        switch action {
        case .nothing: return ""
        case .finishBody: return "finish"
        case .abort(let outcome): return "abort: " + words(outcome)
        case .callBack: return "call back"
        case .delete: return "delete"
        case .tell(let outcome): return "tell: " + words(outcome)
        }
    }

    /// What leads to each step, and what each event does there; events that are not named do nothing.
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var config: Config
        var path: [Event]
        var phase: Phase
        var actions: [Event: String]

        var testDescription: String { "\(name) \(config.object)" }
    }

    static let table: [Row] = Config.all.flatMap { config -> [Row] in
        let stored = config.callsBack ? "call back" : "tell: yes success"
        let notCalled = config.object == .delete ? "delete" : "tell: yes callback-failed"
        var rows = [
            Row(
                name: "streaming", config: config, path: [], phase: .storing,
                actions: [
                    .bodyCompleted: "finish", .bodyFailed: "abort: no store-closed",
                    .stored: "abort: unknown store-bad-answer", .storedAndCalled: "abort: unknown store-bad-answer",
                    .storedNotCalled: "abort: unknown store-bad-answer", .refused: "abort: no store-closed",
                    .mismatch: "abort: yes store-closed", .unknown: "abort: unknown store-closed",
                    .failedBefore: "abort: no store-closed", .failedPerhapsAfter: "abort: no store-closed",
                ]),
            Row(
                name: "waiting", config: config, path: [.bodyCompleted], phase: .judging,
                actions: [
                    .stored: stored, .storedAndCalled: "tell: yes success", .storedNotCalled: notCalled,
                    .refused: "tell: no store-closed", .mismatch: "tell: yes store-closed",
                    .unknown: "tell: unknown store-closed", .failedBefore: "tell: no store-closed",
                    .failedPerhapsAfter: "tell: unknown store-closed",
                ]),
            Row(name: "over", config: config, path: [.bodyFailed], phase: .done, actions: [:]),
        ]
        if config.callsBack {
            rows.append(
                Row(
                    name: "callingBack", config: config, path: [.bodyCompleted, .stored], phase: .callingBack,
                    actions: [.callbackSucceeded: "tell: yes success", .callbackFailed: notCalled]))
        }
        if config.object == .delete {
            rows.append(
                Row(
                    name: "deleting", config: config, path: [.bodyCompleted, .storedNotCalled], phase: .callingBack,
                    actions: [.deleted: "tell: no callback-failed", .notDeleted: "tell: yes callback-failed"]))
        }
        return rows
    }

    @Test(arguments: table)
    func `does in each step what each event asks, and nothing for impossible ones`(row: Row) {
        var start = row.config.state
        for event in row.path { _ = event.send(to: &start) }
        #expect(start.phase == row.phase)
        for event in Event.allCases {
            var state = start
            let step = state.step
            let action = Self.describe(event.send(to: &state))
            #expect(action == row.actions[event, default: ""], "\(event)")
            if action.isEmpty { #expect(state.step == step, "\(event)") }
            if action.hasPrefix("abort") || action.hasPrefix("tell") { #expect(state.step == .over, "\(event)") }
        }
    }

    /// What happened on one path through all steps.
    struct Trace {
        var events: [Event] = []
        var wasStored = false
        var wasDeleted = false
        var callbacks = 0
        var ends = 0
    }

    @Test func `tells nobody "not stored" of what is, calls back once and ends once, on every path`() {
        var paths = 0
        for config in Config.all { explore(config.state, Trace(), &paths) }
        // Each configuration has at least the two ends of each step.
        #expect(paths > 60)
    }

    private func explore(_ state: UploadState, _ trace: Trace, _ paths: inout Int) {
        for event in Event.allCases {
            var next = state
            var trace = trace
            trace.events.append(event)
            let action = event.send(to: &next)
            let isTaken = action != .nothing
            if isTaken, [.stored, .storedAndCalled, .storedNotCalled].contains(event) { trace.wasStored = true }
            if isTaken, event == .deleted { trace.wasDeleted = true }
            switch action {
            case .nothing:
                #expect(next.step == state.step, "\(trace.events)")
                continue
            case .callBack:
                trace.callbacks += 1
            case .abort(let outcome), .tell(let outcome):
                trace.ends += 1
                if trace.wasStored, !trace.wasDeleted { #expect(outcome.stored != .no, "\(trace.events)") }
                if outcome.stored == .yes, event != .mismatch { #expect(trace.wasStored, "\(trace.events)") }
                #expect((outcome.failure == nil) == (outcome.label == "stored"), "\(trace.events)")
            case .finishBody, .delete:
                break
            }
            #expect(trace.callbacks <= 1 && trace.ends <= 1, "\(trace.events)")
            if trace.ends == 1 { paths += 1 }
            guard trace.events.count < 6 else { continue }
            explore(next, trace, &paths)
        }
    }

    @Test func `passes on the route's status and what the app did`() {
        var state = Config(callsBack: true, object: .keep).state
        _ = state.bodyCompleted()
        _ = Event.stored.send(to: &state)
        guard case .tell(let outcome) = state.callbackEnded(failed) else {
            Issue.record("nobody was told")
            return
        }
        #expect(outcome.failure?.status == 202 && outcome.failure?.party == .app)
        #expect(outcome.failure?.message == "The object is stored, but the callback failed. The app answered 500.")
        #expect(outcome.object == someObject && outcome.callback == failed)
    }

    @Test(
        arguments: [
            (Outcome(stored: .yes), "stored"), (Outcome(stored: .yes, callback: failed), "callback-failed"),
            (Outcome(stored: .yes, failure: someFailure), "mismatch"),
            (Outcome(stored: .unknown, failure: someFailure), "unknown"),
            (Outcome(stored: .no, callback: failed, failure: someFailure), "callback-failed-deleted"),
            (Outcome(stored: .no, failure: someFailure), "not-stored"),
            (
                Outcome(
                    stored: .no,
                    failure: Failure(.clientGone, party: .client, phase: .storing, status: 499, "Gone.")), "client-gone"
            ),
        ])
    func `labels every outcome with a bounded word`(outcome: Outcome, label: String) {
        #expect(outcome.label == label)
    }
}
