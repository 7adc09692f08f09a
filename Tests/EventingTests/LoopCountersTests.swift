// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Eventing

@Suite struct LoopCountersTests {
    @Test(arguments: [1, 2, 7, 8, 9, 100])
    func `starts at zero and counts each place for itself`(count: Int) {
        let counters = LoopCounters(count: count)
        #expect((0..<count).allSatisfy { counters.value(at: $0) == 0 })
        for index in 0..<count { counters.add(index + 1, at: index) }
        counters.add(-1, at: count - 1)
        let expected = (1...count).map { $0 == count ? $0 - 1 : $0 }
        #expect((0..<count).map { counters.value(at: $0) } == expected)
    }

    @Test func `loses nothing of its one writer while another thread reads`() {
        let counters = LoopCounters(count: 1)
        let writer = Thread.start(name: "writer") {
            for _ in 0..<100_000 { counters.add() }
        }
        var last = 0
        while last < 100_000 {
            let now = counters.value()
            #expect(now >= last)
            guard now >= last else { break }
            last = now
        }
        writer.join()
        #expect(counters.value() == 100_000)
    }

    @Test func `stops at a place outside of its table`() async {
        await #expect(processExitsWith: .failure) { LoopCounters(count: 3).add(at: 3) }
        await #expect(processExitsWith: .failure) { _ = LoopCounters(count: 3).value(at: -1) }
    }
}
