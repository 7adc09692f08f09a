// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Eventing
import Glibc
import LoopTesting
import Octets
import Testing

@testable import Gateway

@Suite struct StatusTests {
    @Test(arguments: [
        ("plain 中文", "plain 中文"), ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
        ("a\"b&amp;", "a&quot;b&amp;amp;"), ("\0\u{1B}[2J\u{85}\n", "\u{FFFD}\u{FFFD}[2J\u{FFFD}\u{FFFD}"),
    ])
    func `text is shown as it is`(text: String, html: String) {
        #expect(StatusText.escaped(text) == html)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_048_575, "1024 KiB"), (5 << 30, "5 GiB"),
        (Int.max, "8192 PiB"), (104_857_600, "100 MiB"),
    ])
    func `bytes have a unit`(count: Int, text: String) {
        #expect(StatusText.bytes(count) == text)
    }

    @Test(arguments: [
        (0, "0 ms"), (3.44, "3.4 ms"), (999.9, "1000 ms"), (1000, "1 s"), (59_949, "59.9 s"), (200_000, "3 min 20 s"),
        (3_600_000, "1 h 0 min"), (90_000_000, "1 d 1 h"), (-5, "0 ms"), (.infinity, "11574074 d 1 h"),
    ])
    func `times have a unit`(milliseconds: Double, text: String) {
        #expect(StatusText.duration(milliseconds: milliseconds) == text)
    }

    /// The estimate of Prometheus ("histogram_quantile", Query functions).
    @Test func `quantiles are estimated within a bucket`() {
        var buckets = [Int](repeating: 0, count: 17)
        #expect(MetricsHistogram.quantile(0.5, of: buckets) == nil)
        buckets[0] = 10
        #expect(MetricsHistogram.quantile(0.5, of: buckets) == 2.5)
        buckets[1] = 10
        #expect(MetricsHistogram.quantile(0.75, of: buckets) == 7.5)
        #expect(MetricsHistogram.quantile(1, of: buckets) == 10)
        buckets[16] = 80
        #expect(MetricsHistogram.quantile(0.95, of: buckets) == 900_000)
    }

    private func chart(_ values: [Double?], isArea: Bool) -> String {
        let html = StatusChart(
            id: "c", title: "T", words: { "\(Int($0))" },
            lines: [("l", .init(kind: "good", values: values, isArea: isArea))]
        ).html
        let path = html.components(between: " good\" d=\"", and: "\"/></svg>")
        return path ?? "none"
    }

    @Test func `a chart has a step for each period and a gap for none`() {
        #expect(chart([nil, 4, 4, 2, nil, 1], isArea: false) == "M1 0H3V50H4M5 75H6")
        #expect(chart([0, 4, 4, 0, 2], isArea: true) == "M1 100V0H3V100M4 100V50H5V100")
        #expect(chart([0, 0], isArea: true) == "none" && chart([nil, nil], isArea: false) == "none")
    }

    @Test func `the last fifty failures stay`() {
        var ring = FailureRing()
        for number in 0..<120 {
            ring.add(
                RecentFailure(
                    moment: Instant(nanoseconds: UInt64(number)), time: 0, publicID: "\(number)", status: 500,
                    outcome: "", code: "", party: "", phase: "", message: ""))
        }
        #expect(Set(ring.all.map(\.publicID)) == Set((70..<120).map { "\($0)" }))
    }

    @Test func `long names are cut`() {
        #expect(String(cutting: "abc".utf8, to: 3) == "abc")
        #expect(String(cutting: "abcd".utf8, to: 3) == "abc…")
    }

    /// Loops that run, and one that does not.
    @Test func `a loop that does not answer is said to be silent`() throws {
        let null = unsafe open("/dev/null", O_WRONLY)
        let log = LogWriter(descriptor: null)
        defer {
            log.close()
            close(null)
        }
        let disk = DiskPool(threads: 1)
        defer { disk.close() }
        func worker() throws -> Worker {
            Worker(
                loop: try EventLoop(), environment: Environment(), log: Log(writer: log, clock: WallClock()),
                disk: disk,
                counters: SharedCounters(), metrics: MetricsShard())
        }
        let (awake, asleep) = (try worker(), try worker())
        let thread = Thread.start(name: "awake") { awake.loop.run() }
        let driver = try LoopDriver()
        let board = StatusBoard(loop: driver.loop, workers: [awake, asleep])
        var answers: [StatusBoard.Answer] = []
        board.ask { answers.append($0) }
        board.ask { answers.append($0) }
        try driver.run("an answer") { answers.count == 2 }
        #expect(answers.allSatisfy { $0.silentLoops == 1 && $0.reports.count == 1 })
        // What it says too late is for nobody.
        let late = Thread.start(name: "asleep") { asleep.loop.run() }
        var last: StatusBoard.Answer?
        board.ask { last = $0 }
        try driver.run("another answer") { last != nil }
        #expect(last?.silentLoops == 0)
        board.close()
        for worker in [awake, asleep] { worker.loop.stop() }
        thread.join()
        late.join()
    }
}

extension String {
    /// The text between the first `start` and the first `end` behind it.
    fileprivate func components(between start: String, and end: String) -> String? {
        guard let from = firstRange(of: start), let to = self[from.upperBound...].firstRange(of: end) else {
            return nil
        }
        return String(self[from.upperBound..<to.lowerBound])
    }
}
