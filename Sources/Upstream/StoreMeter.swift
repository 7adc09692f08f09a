// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPWire

/// What one loop counts of one store: requests by how they ended, and connections. Written by the loop, read by any thread.
package final class StoreMeter: Sendable {
    package enum Operation: Int, CaseIterable, Sendable {
        case put, get, head, delete, other

        init(_ method: HTTPMethod) {
            switch method {
            case .put: self = .put
            case .get: self = .get
            case .head: self = .head
            case .delete: self = .delete
            case .post, .options, .patch, .connect, .trace, .other: self = .other
            }
        }

        package var label: String { String(describing: self) }
    }

    /// The words for how a request ended: the class of its answer's status, or why there was no answer.
    package static let statuses =
        ["2xx", "3xx", "4xx", "5xx"]
        + ([.resolve, .connect, .connectTimeout, .tls, .closed, .badAnswer, .answerTimeout, .forbidden]
        as [StoreFailure.Kind])
        .map(\.rawValue)

    private static var statusCount: Int { 12 }
    private static var requests: Int { 5 * statusCount }

    /// Why a request was tried once more.
    package enum Retry: Int, CaseIterable, Sendable {
        /// The connection could not be made, and there was another address.
        case nextAddress
        /// A kept connection had closed before it took the request.
        case keptConnectionClosed

        package var label: String {
            switch self {
            case .nextAddress: "next-address"
            case .keptConnectionClosed: "kept-connection-closed"
            }
        }
    }

    private let counters = LoopCounters(count: requests + 2 + Retry.allCases.count)

    package init() {
        precondition(
            Self.statuses.count == Self.statusCount && Operation.allCases.count == 5, "every request has its place")
    }

    /// Requests of `operation` that ended with the status at that place of ``statuses``.
    package func requests(_ operation: Operation, status: Int) -> Int {
        counters.value(at: operation.rawValue * Self.statusCount + status)
    }

    /// Connections that exist, unused ones included.
    package var connections: Int { counters.value(at: Self.requests) }
    package var idleConnections: Int { counters.value(at: Self.requests + 1) }

    func answered(_ method: HTTPMethod, status: Int) {
        count(method, min(max(status / 100, 2), 5) - 2)
    }

    func failed(_ method: HTTPMethod, _ kind: StoreFailure.Kind) {
        let place =
            switch kind {
            case .resolve: 4
            case .connect: 5
            case .connectTimeout: 6
            case .tls: 7
            case .closed: 8
            case .badAnswer: 9
            case .answerTimeout: 10
            case .forbidden: 11
            }
        count(method, place)
    }

    func retried(_ reason: Retry) { counters.add(1, at: Self.requests + 2 + reason.rawValue) }
    package func retries(_ reason: Retry) -> Int { counters.value(at: Self.requests + 2 + reason.rawValue) }

    func connectionsChanged(by change: Int) { counters.add(change, at: Self.requests) }
    func idleChanged(by change: Int) { counters.add(change, at: Self.requests + 1) }

    private func count(_ method: HTTPMethod, _ status: Int) {
        counters.add(1, at: Operation(method).rawValue * Self.statusCount + status)
    }
}
