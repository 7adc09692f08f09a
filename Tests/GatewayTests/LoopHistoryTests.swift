// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPWire
import Settings
import Testing

@testable import Gateway
@testable import Upstream

@Suite struct LoopHistoryTests {
    private let shard = MetricsShard()
    private let settings: Settings
    private let tables: MetricsTables
    private var history = LoopHistory(now: at(1000))

    init() throws {
        settings = try loadSettings(commonConfig)
        tables = shard.tables(settings)
    }

    /// That many seconds after the clock's start.
    private static func at(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }

    private mutating func look(_ seconds: Double, unfinished: Int = 0) {
        history.look(now: Self.at(seconds), shard, unfinishedBytes: unfinished)
    }

    private func count(_ outcome: Outcome, bytes: UInt64 = 0, seconds: Double = 0.001) {
        tables.count(
            outcome, route: settings.routes.routes[0], received: bytes, started: Self.at(1), ended: Self.at(1 + seconds)
        )
    }

    /// The periods with something in them, by the second that they begin at.
    private func samples(_ seconds: Double) -> [Int: LoopHistory.Sample] {
        let all = history.recent(now: Self.at(seconds)).filter { $0.bytes + $0.stored + $0.failed > 0 }
        return Dictionary(uniqueKeysWithValues: all.map { (Int($0.period) * 10, $0) })
    }

    private var bytes: (Double) -> [Int: Int] {
        { seconds in samples(seconds).mapValues(\.bytes) }
    }

    @Test mutating func `an upload counts in the period that it ended in`() {
        look(1001)
        count(Outcome(stored: .yes), bytes: 7)
        count(Outcome(stored: .no), bytes: 5, seconds: 0.02)
        look(1031)
        let seen = samples(1031)
        #expect(seen[1000]?.stored == 1 && seen[1000]?.failed == 1)
        #expect(seen[1000]?.times[0] == 1 && seen[1000]?.times[2] == 1)
        #expect(seen.values.reduce(0) { $0 + $1.stored } == 1)
        #expect(history.boundary == Self.at(1040).nanoseconds)
    }

    @Test mutating func `bytes of a body on its way are spread over the time that nobody looked`() {
        look(1005, unfinished: 0)
        look(1035, unfinished: 300)
        #expect(bytes(1035) == [1000: 50, 1010: 100, 1020: 100, 1030: 50])
        // Then they are counted as received, which they were already.
        count(Outcome(stored: .yes), bytes: 300)
        look(1036)
        #expect(bytes(1036) == [1000: 50, 1010: 100, 1020: 100, 1030: 50])
    }

    @Test mutating func `silence is nothing`() {
        look(1001)
        count(Outcome(stored: .yes), bytes: 8)
        look(1002)
        look(2000)
        count(Outcome(stored: .yes), bytes: 9)
        look(2001)
        #expect(bytes(2001) == [1000: 8, 2000: 9])
    }

    @Test mutating func `an hour is remembered, and its room used again`() {
        for period in 0..<800 {
            look(1000 + Double(period) * 10)
            count(Outcome(stored: .yes), bytes: 1)
        }
        look(8999)
        let seen = samples(8999)
        #expect(seen.count == 360)
        #expect(seen.keys.min() == 5400 && seen.keys.max() == 8990)
        #expect(seen.values.allSatisfy { $0.stored == 1 && $0.bytes == 1 })
        #expect(samples(8999 + 1800).count == 180)
        #expect(samples(20_000).isEmpty)
    }

    @Test mutating func `what is older than an hour is left out of what is spread`() {
        look(1000)
        look(8200, unfinished: 7200)
        let seen = bytes(8200)
        #expect(seen.values.reduce(0, +) == 3590)
        #expect(seen.values.allSatisfy { $0 == 10 })
    }

    @Test mutating func `requests to stores are told of the last five minutes`() throws {
        let meter = try #require(shard.series.stores["media"])
        func recent(_ seconds: Double) -> StoreCounts {
            history.recentStores(shard, now: Self.at(seconds))["media"] ?? StoreCounts()
        }
        meter.answered(.put, status: 200)
        meter.answered(.put, status: 403)
        meter.failed(.put, .connect)
        var expected = StoreCounts()
        (expected.good, expected.refused, expected.failed) = (1, 1, 1)
        look(1009)
        #expect(recent(1009) == expected)
        look(1200)
        #expect(recent(1200) == expected)
        meter.answered(.get, status: 503)
        look(1201)
        expected.failed = 2
        #expect(recent(1201) == expected)
        look(1311)
        (expected.good, expected.refused, expected.failed) = (0, 0, 1)
        #expect(recent(1311) == expected)
        look(1600)
        #expect(recent(1600) == StoreCounts())
        // However long: the marks are few.
        for period in 0..<100 {
            look(1600 + Double(period) * 10)
            meter.answered(.put, status: 200)
        }
        #expect((30...31).contains(recent(2599).good))
    }
}

/// Under another name than the property that it fills.
private func loadSettings(_ text: String) throws -> Settings { try settings(text) }
