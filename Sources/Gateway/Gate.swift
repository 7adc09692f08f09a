// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Settings
internal import Synchronization

/// What the uploads of one route, or of one client, have used of their quota. Any thread, without locks.
///
/// The rate is kept as the time at which the bucket is full again (GCRA, ITU-T I.371): one word, so that many loops may
/// change it at once.
final class Gate: Sendable {
    /// Why an upload may not begin.
    enum Denial: Equatable {
        case tooMany
        /// Nanoseconds until the next one may.
        case tooFast(wait: UInt64)
    }

    private let inFlight = Atomic<Int>(0)
    /// Nanoseconds of the monotonic clock.
    private let fullAgain = Atomic<UInt64>(0)

    /// Lets one more upload in, which must ``leave()``; or says why not, and has counted nothing.
    func enter(_ quota: Quota, now: Instant) -> Denial? {
        let (_, count) = inFlight.add(1, ordering: .relaxed)
        var denial: Denial?
        if let most = quota.uploadsInFlight, count > most { denial = .tooMany }
        if denial == nil, let rate = quota.rate { denial = take(rate, now.nanoseconds) }
        if denial != nil { leave() }
        return denial
    }

    func leave() {
        inFlight.subtract(1, ordering: .relaxed)
    }

    /// Takes back what let an upload in that, for another reason, does not begin.
    func withdraw(_ quota: Quota) {
        leave()
        if let rate = quota.rate { fullAgain.subtract(UInt64(rate.nanosecondsBetween), ordering: .relaxed) }
    }

    /// Whether forgetting it changes nothing.
    func isUnused(now: Instant) -> Bool {
        inFlight.load(ordering: .relaxed) == 0 && fullAgain.load(ordering: .relaxed) <= now.nanoseconds
    }

    private func take(_ rate: UploadRate, _ now: UInt64) -> Denial? {
        let step = UInt64(rate.nanosecondsBetween)
        let room = step &* UInt64(rate.burst)
        var seen = fullAgain.load(ordering: .relaxed)
        while true {
            let next = max(seen, now) &+ step
            guard next <= now &+ room else { return .tooFast(wait: next - now - room) }
            let result = fullAgain.compareExchange(expected: seen, desired: next, ordering: .relaxed)
            if result.exchanged { return nil }
            seen = result.original
        }
    }
}

/// The gates of all clients that are or were just here; which client an upload is of is its name in its group, or else its
/// address. Any thread.
final class ClientGates: Sendable {
    struct Client: Hashable {
        /// Its group, empty where it did not say who it is.
        let group: String
        let name: String
    }

    /// Gates that are held at most, of which those that are in use are no more than uploads in flight.
    private static let mostGates = 1 << 16

    private struct State {
        var gates: [Client: Gate] = [:]
        /// How many gates there may be before the unused ones are looked for.
        var sweepAt = 1 << 10
    }

    private let state = Locked(State())

    /// Lets the client in: its gate, which the upload must leave.
    func enter(_ client: Client, _ quota: Quota, now: Instant) -> Result<Gate, Gate.Denial> {
        // Within the lock, so that nobody drops the gate between.
        state.withLock { state in
            if let gate = state.gates[client] {
                if let denial = gate.enter(quota, now: now) { return .failure(denial) }
                return .success(gate)
            }
            if state.gates.count >= state.sweepAt { Self.sweep(&state, now: now) }
            let gate = Gate()
            if let denial = gate.enter(quota, now: now) { return .failure(denial) }
            state.gates[client] = gate
            return .success(gate)
        }
    }

    var count: Int { state.withLock { $0.gates.count } }

    private static func sweep(_ state: inout State, now: Instant) {
        state.gates = state.gates.filter { !$0.value.isUnused(now: now) }
        // A flood of addresses: what they used of their rate is forgotten sooner than memory grows without end.
        if state.gates.count >= mostGates { state.gates = state.gates.filter { !$0.value.isIdle } }
        state.sweepAt = min(max(1 << 10, state.gates.count * 2), mostGates)
    }
}

extension Gate {
    fileprivate var isIdle: Bool { inFlight.load(ordering: .relaxed) == 0 }
}

extension Gate.Denial: Error {}
