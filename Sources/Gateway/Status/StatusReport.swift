// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Synchronization
internal import Upstream

/// All that the status page tells, put together from what the loops and the metrics say.
struct StatusReport {
    /// One upload under way, with its rate in bytes a second.
    struct Row {
        let upload: LiveUpload
        let rate: Double
        let milliseconds: UInt64
    }

    /// The last hour, oldest first; the last period is not over yet.
    struct History {
        var bytes = [Int](repeating: 0, count: LoopHistory.periods)
        var stored = [Int](repeating: 0, count: LoopHistory.periods)
        var failed = [Int](repeating: 0, count: LoopHistory.periods)
        /// Milliseconds within which half, and 95 of 100, of the uploads that ended were over; nil where none ended.
        var median = [Double?](repeating: nil, count: LoopHistory.periods)
        var slow = [Double?](repeating: nil, count: LoopHistory.periods)
        /// How long each period is, or has been until now.
        var seconds = [Double](repeating: Double(LoopHistory.nanoseconds) / 1e9, count: LoopHistory.periods)
    }

    struct RouteOutcomes {
        let route: String
        let store: String
        /// By ``Outcome/Kind``.
        let counts: [Int]
    }

    struct StoreState {
        let name: String
        /// nil for a directory, which has no connections.
        var connections: (active: Int, idle: Int)?
        var recent = StoreCounts()
        /// Addresses that the last attempt failed to reach.
        var addressesDown: [String] = []
        /// The last failure that was the store's, and whether it was in the last five minutes.
        var lastFailure: RecentFailure?
        var hasFailedLately = false
    }

    let readiness: Readiness.State
    let reload: Metrics.Reload
    /// Unix milliseconds.
    let time: Int64
    let started: Int64?
    let uploadsInFlight: Int
    let clientConnections: Int
    let bufferedBytes: Int
    let loops: Int
    let silentLoops: Int
    let rows: [Row]
    let history: History
    let routes: [RouteOutcomes]
    let stores: [StoreState]
    /// The last first.
    let failures: [RecentFailure]

    init(_ answer: StatusBoard.Answer, metrics: Metrics, readiness: Readiness.State, time: Int64) {
        self.readiness = readiness
        self.time = time
        reload = metrics.lastReload
        started = MetricsProcess.start.map { Int64($0 / 1_000_000) }
        clientConnections = metrics.shared.connections.load(ordering: .relaxed)
        silentLoops = answer.silentLoops
        loops = answer.reports.count + answer.silentLoops
        uploadsInFlight = answer.reports.reduce(0) { $0 + $1.uploadCount }
        let shards = metrics.allShards
        bufferedBytes = shards.reduce(0) { $0 + $1.bufferedBytes.value() }
        rows = answer.reports.flatMap(\.uploads).sorted { $0.started < $1.started }.prefix(StatusBoard.uploadLimit)
            .map { upload in
                Row(
                    upload: upload, rate: answer.rates[upload.id] ?? 0,
                    milliseconds: answer.now.milliseconds(since: upload.started))
            }
        history = History(answer.reports.flatMap(\.samples), now: answer.now)
        let series = shards.map(\.series)
        routes = Self.routes(series)
        failures = Array(
            answer.reports.flatMap(\.failures).sorted { $0.moment > $1.moment }.prefix(
                FailureRing.limit))
        stores = Self.stores(series, answer.reports, failures, now: time)
    }

    private static func routes(_ series: [MetricsShard.Series]) -> [RouteOutcomes] {
        var counts: [MetricsShard.RouteAndStore: [Int]] = [:]
        for (labels, counters) in series.lazy.flatMap(\.uploads) {
            let new = Outcome.Kind.allCases.map { counters.value(at: $0.rawValue) }
            counts[labels] = counts[labels].map { zip($0, new).map { $0 + $1 } } ?? new
        }
        return counts.sorted { ($0.key.route, $0.key.store) < ($1.key.route, $1.key.store) }
            .map { RouteOutcomes(route: $0.key.route, store: $0.key.store, counts: $0.value) }
    }

    private static func stores(
        _ series: [MetricsShard.Series], _ reports: [LoopReport], _ failures: [RecentFailure],
        now: Int64
    ) -> [StoreState] {
        var states: [String: StoreState] = [:]
        for labels in series.lazy.flatMap(\.uploads.keys) {
            states[labels.store] = StoreState(name: labels.store)
        }
        for (name, meter) in series.lazy.flatMap(\.stores) {
            var state = states[name] ?? StoreState(name: name)
            let before = state.connections ?? (active: 0, idle: 0)
            let idle = meter.idleConnections
            // The loops go on while their counts are read.
            state.connections = (before.active + max(0, meter.connections - idle), before.idle + idle)
            states[name] = state
        }
        for (name, counts) in reports.lazy.flatMap(\.stores) { states[name]?.recent += counts }
        for (place, meter) in series.lazy.flatMap(\.places) where !meter.isUp {
            guard states[place.store]?.addressesDown.contains(place.address) == false else { continue }
            states[place.store]?.addressesDown.append(place.address)
        }
        for failure in failures.reversed() where failure.party == Party.store.rawValue {
            states[failure.store]?.lastFailure = failure
            states[failure.store]?.hasFailedLately = failure.time > now - 300_000
        }
        return states.values.sorted { $0.name < $1.name }
    }
}

extension StatusReport.History {
    init(_ samples: [LoopHistory.Sample], now: Instant) {
        self.init()
        let last = now.nanoseconds / LoopHistory.nanoseconds
        var times = [[Int]](
            repeating: [Int](repeating: 0, count: MetricsHistogram.labels.count), count: LoopHistory.periods)
        for sample in samples where sample.period <= last && last - sample.period < UInt64(LoopHistory.periods) {
            let place = LoopHistory.periods - 1 - Int(last - sample.period)
            bytes[place] += sample.bytes
            stored[place] += sample.stored
            failed[place] += sample.failed
            for index in sample.times.indices { times[place][index] += Int(sample.times[index]) }
        }
        for place in times.indices {
            median[place] = MetricsHistogram.quantile(0.5, of: times[place])
            slow[place] = MetricsHistogram.quantile(0.95, of: times[place])
        }
        seconds[LoopHistory.periods - 1] = max(1, Double(now.nanoseconds % LoopHistory.nanoseconds) / 1e9)
    }
}

extension MetricsHistogram {
    /// The milliseconds within which that part of all was over, as Prometheus's `histogram_quantile` estimates it: evenly
    /// spread within a bucket, and never beyond the last bound. nil where nothing was counted.
    static func quantile(_ part: Double, of buckets: [Int]) -> Double? {
        let rank = Double(buckets.reduce(0, +)) * part
        guard rank > 0 else { return nil }
        var below = 0
        for (index, count) in buckets.enumerated() {
            guard Double(below + count) >= rank else {
                below += count
                continue
            }
            let lower = index == 0 ? 0 : Double(bounds[index - 1])
            guard index < bounds.count else { return lower / 1e6 }
            return (lower + (Double(bounds[index]) - lower) * (rank - Double(below)) / Double(count)) / 1e6
        }
        return nil
    }
}
