// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Octets
internal import Settings

/// The gates that an upload went through and leaves at its end.
struct Admission {
    var route: Gate?
    var client: Gate?
    /// Of an upload that Putback cuts in parts; its sink gives it back.
    var memory: PartsMemory?

    func end() {
        route?.leave()
        client?.leave()
    }
}

/// What uploads have used of the quotas of a snapshot. A reload keeps the gates of routes that keep their name.
final class Quotas: Sendable {
    /// For each route; nil where it has no quota.
    private let routes: [Gate?]
    private let names: [String]
    private let clients: ClientGates
    /// Whether there are quotas of clients at all.
    private let areClientsCounted: Bool

    init(_ settings: Settings, previous: Quotas?) {
        let routes = settings.routes.routes
        names = routes.map(\.name)
        self.routes = routes.map { route in
            guard !route.quota.isUnlimited else { return nil }
            return previous?.gate(ofRoute: route.name) ?? Gate()
        }
        clients = previous?.clients ?? ClientGates()
        areClientsCounted =
            !settings.limits.client.isUnlimited || settings.clients.contains { $0.quota?.isUnlimited == false }
    }

    private func gate(ofRoute name: String) -> Gate? {
        names.firstIndex(of: name).flatMap { routes[$0] }
    }

    /// Lets an upload in whose route and client are known.
    ///
    /// - Parameter address: the client's, 4 or 16 octets, or none.
    /// - Throws: 503 that says whose quota is used up; then nothing is counted.
    func admit(
        _ request: UploadRequest, _ route: Route, address: @autoclosure () -> [UInt8], now: Instant,
        _ settings: Settings
    ) throws(Failure) -> Admission {
        var admission = Admission()
        if let gate = routes[route.index] {
            if let denial = gate.enter(route.quota, now: now) {
                throw Failure(
                    denial, .routeLimit, party: .putback,
                    tooMany: "Route \(route.name) has as many uploads as it may.",
                    tooFast: "The uploads of route \(route.name) come faster than it may take them.")
            }
            admission.route = gate
        }
        guard areClientsCounted else { return admission }
        let group = (route.clientsIndex ?? settings.listeners[request.listenerIndex].clientsIndex)
            .map { settings.clients[$0] }
        let quota = group?.quota ?? settings.limits.client
        guard !quota.isUnlimited else { return admission }
        switch clients.enter(Self.client(request, group, address()), quota, now: now) {
        case .success(let gate): admission.client = gate
        case .failure(let denial):
            admission.route?.withdraw(route.quota)
            throw Failure(
                denial, .clientLimit, party: .client, tooMany: "This client has as many uploads as it may.",
                tooFast: "The uploads of this client come faster than they may.")
        }
        return admission
    }

    private static func client(
        _ request: UploadRequest, _ group: ClientGroup?, _ address: [UInt8]
    ) -> ClientGates.Client {
        if let group, !request.clientID.isEmpty { return ClientGates.Client(group: group.name, name: request.clientID) }
        // Who has one IPv6 address has at least 2^64 of them (RFC 6177).
        guard address.count == 16 else { return ClientGates.Client(group: "", name: request.clientIP) }
        let network = Array(address[..<8])
        return ClientGates.Client(group: "", name: Hex.encode(network.span))
    }
}

extension Failure {
    fileprivate init(_ denial: Gate.Denial, _ code: Code, party: Party, tooMany: String, tooFast: String) {
        switch denial {
        case .tooMany:
            self.init(code, party: party, phase: .authorizing, status: 503, tooMany, retryAfter: 1)
        case .tooFast(let wait):
            let seconds = Int((wait + 999_999_999) / 1_000_000_000)
            self.init(code, party: party, phase: .authorizing, status: 503, tooFast, retryAfter: max(1, seconds))
        }
    }
}
