// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Testing

@testable import Gateway

@Suite struct MetricsTextTests {
    @Test func `writes a family as the format's description shows it`() {
        var text = MetricsText()
        text.begin("http_requests_total", .counter, "The total number of HTTP requests.")
        text.sample(1027, [("method", "post"), ("code", "200")])
        text.begin("in_flight", .gauge, "Now.")
        text.sample(-3)
        let expected = """
            # HELP http_requests_total The total number of HTTP requests.
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027
            # HELP in_flight Now.
            # TYPE in_flight gauge
            in_flight -3

            """
        #expect(text.bytes.text == expected)
    }

    @Test func `escapes what would end a line or a label`() {
        var text = MetricsText()
        text.begin("a", .gauge, "one \\ two\n\"three\"")
        text.sample(0, [("l", "C:\\DIR\\ \"quoted\"\nü漢")])
        let expected = #"""
            # HELP a one \\ two\n"three"
            # TYPE a gauge
            a{l="C:\\DIR\\ \"quoted\"\nü漢"} 0

            """#
        #expect(text.bytes.text == expected)
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.000000001"), (5_000_000, "0.005"), (999_999_999, "0.999999999"), (1_000_000_000, "1"),
            (61_500_000_000, "61.5"), (1_700_000_000_123_000_000, "1700000000.123"), (10_020_000_000, "10.02"),
        ])
    func `writes seconds exactly`(nanoseconds: Int, seconds: String) {
        var text = MetricsText()
        text.begin("t", .gauge, "T.")
        text.sample(nanoseconds: nanoseconds)
        #expect(text.bytes.text.hasSuffix("\nt \(seconds)\n"))
    }

    @Test func `writes a histogram whose buckets hold all that are below`() {
        let times = MetricsHistogram()
        for milliseconds: UInt64 in [1, 4, 7, 1_000_000] { times.observe(nanoseconds: milliseconds * 1_000_000) }
        var sum = MetricsHistogram.Sum()
        times.add(to: &sum)
        var text = MetricsText()
        text.begin("t_seconds", .histogram, "T.")
        text.histogram(sum, [("phase", "total")])
        let lines = text.bytes.text.split(separator: "\n").dropFirst(2)
        #expect(lines.first == "t_seconds_bucket{phase=\"total\",le=\"0.005\"} 2")
        #expect(lines.dropFirst().first == "t_seconds_bucket{phase=\"total\",le=\"0.01\"} 3")
        #expect(
            lines.suffix(4) == [
                "t_seconds_bucket{phase=\"total\",le=\"900\"} 3", "t_seconds_bucket{phase=\"total\",le=\"+Inf\"} 4",
                "t_seconds_sum{phase=\"total\"} 1000.012", "t_seconds_count{phase=\"total\"} 4",
            ])
    }
}

@Suite struct MetricsHistogramTests {
    private let boundsAsList = MetricsHistogram.bounds.indices.map { MetricsHistogram.bounds[$0] }

    private func sum(_ histograms: MetricsHistogram...) -> MetricsHistogram.Sum {
        histograms.reduce(into: MetricsHistogram.Sum()) { $1.add(to: &$0) }
    }

    @Test func `puts a time on a bound into the bucket of that bound`() {
        for (index, bound) in boundsAsList.enumerated() {
            let times = MetricsHistogram()
            times.observe(nanoseconds: bound)
            times.observe(nanoseconds: bound + 1)
            let buckets = sum(times).buckets
            #expect(buckets[index] == 1 && buckets[index + 1] == 1, "\(bound)")
        }
    }

    @Test func `names its bounds in the order of their size`() {
        let seconds = MetricsHistogram.labels.dropLast().compactMap(Double.init)
        #expect(seconds.map { UInt64(($0 * 1e9).rounded()) } == boundsAsList)
        #expect(seconds == seconds.sorted() && seconds.first == 0.005 && seconds.last == 900)
        #expect(MetricsHistogram.labels.last == "+Inf")
    }

    @Test func `adds up loops`() {
        let (one, two) = (MetricsHistogram(), MetricsHistogram())
        one.observe(nanoseconds: 0)
        two.observe(nanoseconds: 2)
        two.observe(nanoseconds: 3_000_000_000)
        let both = sum(one, two)
        #expect(both.nanoseconds == 3_000_000_002)
        #expect(both.buckets.reduce(0, +) == 3 && both.buckets[0] == 2)
    }

    @Test func `counts only times whose ends were reached`() {
        let times = MetricsHistogram()
        let (early, late) = (Instant(nanoseconds: 10), Instant(nanoseconds: 30))
        times.observe(from: nil, to: late)
        times.observe(from: early, to: nil)
        #expect(sum(times).buckets.reduce(0, +) == 0)
        times.observe(from: early, to: late)
        times.observe(from: late, to: early)
        #expect(sum(times).nanoseconds == 20 && sum(times).buckets[0] == 2)
    }
}
