// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// How long things took on one loop: written by the loop, read by any thread.
struct MetricsHistogram: Sendable {
    /// The histograms of several loops, added up.
    struct Sum: Equatable {
        /// One for each bound and one for what is above them; not cumulative.
        var buckets = [Int](repeating: 0, count: MetricsHistogram.labels.count)
        var nanoseconds = 0
    }

    /// In seconds, as the label `le` says it; the last one has no end.
    static let labels = [
        "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "120", "300", "900",
        "+Inf",
    ]

    /// The same in nanoseconds. Literals without any arithmetic: a constant needs no lazy initialization.
    static let bounds: [16 of UInt64] = [
        5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000,
        2_500_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000, 60_000_000_000, 120_000_000_000,
        300_000_000_000, 900_000_000_000,
    ]
    private static var sumPlace: Int { 17 }
    /// Counters that one histogram takes.
    static var places: Int { sumPlace + 1 }

    private let counters: LoopCounters
    private let first: Int

    /// The histogram that begins at `first`.
    @inline(__always)
    init(_ counters: LoopCounters = LoopCounters(count: places), first: Int = 0) {
        self.counters = counters
        self.first = first
    }

    /// Counts one time. Searched from below: most uploads are small and quick.
    @inline(__always)
    func observe(nanoseconds: UInt64) {
        var bucket = 0
        if nanoseconds > 5_000_000 { bucket = Self.bucket(nanoseconds) }
        counters.add(
            1, at: first &+ bucket, and: Int(truncatingIfNeeded: nanoseconds), at: first &+ Self.sumPlace)
    }

    /// Out of line, so that the usual case stays short.
    @inline(never)
    private static func bucket(_ nanoseconds: UInt64) -> Int {
        var bucket = 0
        while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
        return bucket
    }

    func add(to sum: inout Sum) {
        for index in sum.buckets.indices { sum.buckets[index] += counters.value(at: first + index) }
        sum.nanoseconds += counters.value(at: first + Self.sumPlace)
    }
}

extension MetricsHistogram {
    /// Counts the time between two points, where both were reached, with some more nanoseconds or without some of them.
    @inline(__always)
    func observe(from start: Instant?, to end: Instant?, and more: UInt64 = 0, less: UInt64 = 0) {
        guard let start, let end else { return }
        let (from, to) = (start.nanoseconds &+ less, end.nanoseconds &+ more)
        observe(nanoseconds: to > from ? to &- from : 0)
    }
}
