// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Eventing
internal import Settings
internal import Upstream

/// What one loop counts: written by its loop thread, read by any.
final class MetricsShard: Sendable {
    struct StoreAndAddress: Hashable {
        var store: String
        var address: String
    }

    struct RouteAndStore: Hashable {
        var route: String
        var store: String
    }

    /// Counts by label. They stay when a reload drops their route or store: uploads may still be under way, and a name that
    /// comes back goes on where it was.
    struct Series: Sendable {
        var uploads: [RouteAndStore: LoopCounters] = [:]
        var stores: [String: StoreMeter] = [:]
        var places: [StoreAndAddress: PlaceMeter] = [:]
        var callbacks: [String: LoopCounters] = [:]
    }

    let bufferedBytes = LoopCounters(count: 1)
    /// By the place of their code in ``Failure/Code/all``.
    let refusals = LoopCounters(count: Failure.Code.all.count)
    /// Received bytes, then four histograms: one table, since an upload counts in nearly all of them.
    fileprivate let totals = LoopCounters(count: 1 + 4 * MetricsHistogram.places)
    private let named = Locked(Series())

    var receivedBytes: Int { totals.value(at: 0) }
    var total: MetricsHistogram { MetricsHistogram(totals, first: 1) }
    var client: MetricsHistogram { MetricsHistogram(totals, first: 1 + MetricsHistogram.places) }
    var store: MetricsHistogram { MetricsHistogram(totals, first: 1 + 2 * MetricsHistogram.places) }
    var app: MetricsHistogram { MetricsHistogram(totals, first: 1 + 3 * MetricsHistogram.places) }
    var series: Series { named.withLock { $0 } }

    /// The counts of everything that `settings` names, made where they are new. Any thread.
    func tables(_ settings: Settings) -> MetricsTables {
        named.withLock { named in
            let uploads = settings.routes.routes.map { route in
                let labels = RouteAndStore(route: route.name, store: settings.stores[route.storeIndex].name)
                return named.uploads[labels, orNew: LoopCounters(count: Outcome.Kind.allCases.count)]
            }
            let stores: [StoreMeter?] = settings.stores.map { store in
                switch store.kind {
                case .remote: named.stores[store.name, orNew: StoreMeter()]
                case .directory: nil
                }
            }
            let places = settings.stores.map { store -> [PlaceMeter] in
                guard case .remote(let remote) = store.kind else { return [] }
                return remote.placesToDial.map { place in
                    named.places[StoreAndAddress(store: store.name, address: place.description), orNew: PlaceMeter()]
                }
            }
            let names = settings.callbacks.map(\.name) + [MetricsTables.clientCallback]
            let callbacks = names.map { name in
                named.callbacks[name, orNew: LoopCounters(count: CallbackResult.Kind.allCases.count)]
            }
            return MetricsTables(shard: self, uploads: uploads, stores: stores, places: places, callbacks: callbacks)
        }
    }

    /// Counts a request that became no upload. The shard's loop only.
    func refused(_ code: Failure.Code) {
        guard let place = Failure.Code.all.firstIndex(of: code) else { return }
        refusals.add(at: place)
    }
}

/// The counts of one snapshot on one loop, by the places that routes, stores and callbacks have in its settings, so that
/// nothing is looked up by name on the way of an upload. Loop thread only.
@safe
final class MetricsTables {
    // Safe: `shard` never lets go of what it made for `uploads`.
    /// The name, in logs too, of callbacks that SDK clients ask for.
    static let clientCallback = "client"

    let shard: MetricsShard
    /// Unmanaged: the reference counting would cost more than the counting.
    private let uploads: [Unmanaged<LoopCounters>]
    /// nil for directories.
    let stores: [StoreMeter?]
    /// For each address of each store.
    let places: [[PlaceMeter]]
    /// One more than the settings have: the last is that of clients.
    let callbacks: [LoopCounters]

    init(
        shard: MetricsShard, uploads: [LoopCounters], stores: [StoreMeter?], places: [[PlaceMeter]],
        callbacks: [LoopCounters]
    ) {
        self.shard = shard
        unsafe self.uploads = uploads.map { unsafe Unmanaged.passUnretained($0) }
        self.stores = stores
        self.places = places
        self.callbacks = callbacks
    }

    /// Counts an upload that is over. Its times one by one: to hand over the whole record costs five times the counting.
    func count(
        _ outcome: Outcome, route: Route, received: UInt64, started: Instant, bodyEnded: Instant? = nil,
        stalled: UInt64 = 0, storeAnswered: Instant? = nil, callbackStarted: Instant? = nil,
        callbackEnded: Instant? = nil, ended: Instant
    ) {
        let place = outcome.kind.rawValue
        unsafe uploads[route.index]._withUnsafeGuaranteedRef { $0.add(1, at: place) }
        // Each histogram of the shard would count a reference of its own.
        let (totals, places) = (shard.totals, MetricsHistogram.places)
        totals.add(Int(truncatingIfNeeded: received), at: 0)
        MetricsHistogram(totals, first: 1).observe(from: started, to: ended)
        MetricsHistogram(totals, first: 1 + places).observe(from: started, to: bodyEnded, less: stalled)
        MetricsHistogram(totals, first: 1 + 2 * places).observe(
            from: bodyEnded, to: storeAnswered, and: stalled)
        if outcome.isPlainSuccess { return }
        guard let result = outcome.callback.kind else { return }
        callbacks[route.callbackIndex ?? callbacks.count - 1].add(at: result.rawValue)
        shard.app.observe(from: callbackStarted, to: callbackEnded)
    }
}

extension CallbackResult {
    /// A bounded word for metrics.
    enum Kind: Int, CaseIterable {
        case succeeded
        /// The app answered something else than a success.
        case rejected
        /// Nobody can say that the app answered.
        case unanswered

        var label: String { String(describing: self) }
    }

    /// nil where no callback was asked for.
    var kind: Kind? {
        switch self {
        case .notAsked: nil
        case .succeeded: .succeeded
        case .passedOn: .rejected
        case .failed(_, _, let appStatus): appStatus == nil ? .unanswered : .rejected
        }
    }
}

extension Failure.Code {
    /// In the order of their counts.
    static let all = allCases

    /// The word for a refusal of which only the status is known.
    init(refusalStatus status: Int) {
        switch status {
        case 401: self = .unauthorized
        case 403: self = .forbidden
        case 404: self = .notFound
        case 405: self = .methodNotAllowed
        case 408: self = .headTimeout
        case 409: self = .objectExists
        case 413: self = .tooLarge
        case 503: self = .overloaded
        case 400..<500: self = .malformedRequest
        default: self = .internalError
        }
    }
}

extension Dictionary {
    /// The value of `key`, put there first where there is none.
    fileprivate subscript(key: Key, orNew new: @autoclosure () -> Value) -> Value {
        mutating get {
            if let value = self[key] { return value }
            let value = new()
            self[key] = value
            return value
        }
    }
}
