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

    /// The same in nanoseconds. In milliseconds here, whose zeros can be counted.
    static let bounds: [UInt64] = [
        5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 900_000,
    ].map { $0 * 1_000_000 }

    private let counters = LoopCounters(count: bounds.count + 2)

    /// Counts one time. Searched from below: most uploads are small and quick.
    func observe(nanoseconds: UInt64) {
        let bounds = Self.bounds
        var bucket = 0
        while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
        counters.add(at: bucket)
        counters.add(Int(truncatingIfNeeded: nanoseconds), at: bounds.count + 1)
    }

    func add(to sum: inout Sum) {
        for index in sum.buckets.indices { sum.buckets[index] += counters.value(at: index) }
        sum.nanoseconds += counters.value(at: Self.bounds.count + 1)
    }
}

extension MetricsHistogram {
    /// Counts the time between two points, where both were reached.
    func observe(from start: Instant?, to end: Instant?) {
        guard let start, let end else { return }
        observe(nanoseconds: end.nanoseconds > start.nanoseconds ? end.nanoseconds - start.nanoseconds : 0)
    }
}
