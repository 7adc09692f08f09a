// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Upstream

/// What one loop did in each ten seconds of the last hour. Loop thread only.
///
/// Nothing is counted for it: it looks at the counts that exist when the first upload of a period begins or ends, and when
/// somebody asks. So an idle loop sleeps, and what nobody looked at in between was zero, or is spread evenly (bytes of
/// bodies on their way).
struct LoopHistory {
    static let periods = 360
    static let nanoseconds: UInt64 = 10_000_000_000
    /// Requests to stores are told of the last five minutes.
    private static let marks = 30

    /// One period.
    struct Sample: Sendable {
        /// Which period this is, counted from the start of the clock.
        var period: UInt64
        var bytes = 0
        var stored = 0
        var failed = 0
        /// Times of the uploads that ended, by ``MetricsHistogram/bounds``.
        var times = [17 of UInt32](repeating: 0)
    }

    /// All counts at one moment.
    private struct Totals {
        var bytes = 0
        var stored = 0
        var failed = 0
        var times = [17 of UInt32](repeating: 0)

        init() {}

        init(_ shard: MetricsShard, series: MetricsShard.Series, unfinishedBytes: Int) {
            bytes = shard.receivedBytes + unfinishedBytes
            for outcomes in series.uploads.values {
                for kind in Outcome.Kind.allCases {
                    let count = outcomes.value(at: kind.rawValue)
                    if kind == .stored { stored += count } else { failed += count }
                }
            }
            var sum = MetricsHistogram.Sum()
            shard.total.add(to: &sum)
            for index in times.indices { times[index] = UInt32(truncatingIfNeeded: sum.buckets[index]) }
        }
    }

    /// How requests to the stores went until the period began.
    private struct Mark {
        var period: UInt64
        var stores: [String: StoreCounts]
    }

    /// When somebody has to look again: the end of the present period. A number, because each upload compares it twice.
    private(set) var boundary: UInt64
    private var looked: Instant
    private var totals = Totals()
    /// The place of a period is its number modulo their count; what is there may be older than an hour.
    private var samples: [Sample] = []
    private var marks: [Mark] = []

    init(now: Instant) {
        looked = now
        boundary = Self.end(of: now)
    }

    private static func end(of now: Instant) -> UInt64 { (now.nanoseconds / nanoseconds + 1) * nanoseconds }

    /// Looks at the counts; what they grew by since the last look belongs to the periods since then.
    ///
    /// - Parameter unfinishedBytes: of the bodies of uploads under way, which are not counted yet.
    mutating func look(now: Instant, _ shard: MetricsShard, unfinishedBytes: Int) {
        let series = shard.series
        let new = Totals(shard, series: series, unfinishedBytes: unfinishedBytes)
        let old = totals
        // Uploads are looked at before they are counted, so these ended before the boundary.
        let period = looked.nanoseconds / Self.nanoseconds
        change(period) { sample in
            sample.stored += new.stored - old.stored
            sample.failed += new.failed - old.failed
            for index in sample.times.indices { sample.times[index] &+= new.times[index] &- old.times[index] }
        }
        spread(max(0, new.bytes - old.bytes), until: now)
        totals = new
        // Between the end of that period and now nothing happened.
        if now.nanoseconds >= boundary { mark(period + 1, series) }
        looked = now
        boundary = Self.end(of: now)
    }

    /// The periods of the last hour in which something was, in no order.
    func recent(now: Instant) -> [Sample] {
        let last = now.nanoseconds / Self.nanoseconds
        return samples.filter { $0.period <= last && last - $0.period < UInt64(Self.periods) }
    }

    /// What stores answered in the last five minutes, in so far as the loop was busy.
    func recentStores(_ shard: MetricsShard, now: Instant) -> [String: StoreCounts] {
        let period = now.nanoseconds / Self.nanoseconds
        let first = period - min(period, UInt64(Self.marks))
        let base = marks.last { $0.period <= first }
        return shard.series.stores.mapValues(StoreCounts.init).merging(base?.stores ?? [:]) { $0 - $1 }
    }

    private mutating func mark(_ period: UInt64, _ series: MetricsShard.Series) {
        marks.append(Mark(period: period, stores: series.stores.mapValues(StoreCounts.init)))
        if marks.count > Self.marks + 1 { marks.removeFirst() }
    }

    /// Bytes came evenly between the last look and this one, as far as anybody knows.
    private mutating func spread(_ bytes: Int, until now: Instant) {
        guard bytes > 0 else { return }
        let first = looked.nanoseconds / Self.nanoseconds
        let last = max(first, now.nanoseconds / Self.nanoseconds)
        let whole = now.nanoseconds(since: looked)
        guard first < last, whole > 0 else { return change(last) { $0.bytes += bytes } }
        for period in max(first, last - min(last, UInt64(Self.periods - 1)))...last {
            let from = max(looked.nanoseconds, period * Self.nanoseconds)
            let to = min(now.nanoseconds, (period + 1) * Self.nanoseconds)
            change(period) { $0.bytes += Int(Double(bytes) * Double(to - from) / Double(whole)) }
        }
    }

    private mutating func change(_ period: UInt64, _ change: (inout Sample) -> Void) {
        if samples.isEmpty { samples = Array(repeating: Sample(period: .max), count: Self.periods) }
        let place = Int(period % UInt64(Self.periods))
        if samples[place].period != period { samples[place] = Sample(period: period) }
        change(&samples[place])
    }
}

/// Requests to one store by how they went.
struct StoreCounts: Sendable, Equatable {
    /// Answered 2xx or 3xx; 4xx, which says nothing against the store; 5xx or not at all.
    var good = 0
    var refused = 0
    var failed = 0

    init() {}

    init(_ meter: StoreMeter) {
        for operation in StoreMeter.Operation.allCases {
            for (place, status) in StoreMeter.statuses.enumerated() {
                let count = meter.requests(operation, status: place)
                switch status {
                case "2xx", "3xx": good += count
                case "4xx": refused += count
                default: failed += count
                }
            }
        }
    }

    static func - (left: StoreCounts, right: StoreCounts) -> StoreCounts {
        var counts = left
        counts.good -= right.good
        counts.refused -= right.refused
        counts.failed -= right.failed
        return counts
    }

    static func += (left: inout StoreCounts, right: StoreCounts) {
        left.good += right.good
        left.refused += right.refused
        left.failed += right.failed
    }
}
