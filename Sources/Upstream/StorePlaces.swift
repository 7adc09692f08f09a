// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// One of the addresses at which a store is reached.
package struct StorePlace: Sendable, Equatable {
    /// Host name or address literal (IPv6 without brackets).
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// As in a URL.
    package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What one loop counts of one place: connections to it that failed, and whether the last one did. Written by the loop,
/// read by any thread.
package final class PlaceMeter: Sendable {
    private let counters = LoopCounters(count: 2)

    package init() {}

    package var failures: Int { counters.value(at: 0) }
    package var isUp: Bool { counters.value(at: 1) == 0 }

    func failed() { counters.add(1, at: 0) }
    func changed(isUp: Bool) { counters.add((isUp ? 0 : 1) - counters.value(at: 1), at: 1) }
}

/// Which place of a store is used next: those that failed are left alone for a while. Loop thread only.
struct StorePlaces {
    /// As long as nginx's `fail_timeout`, unless it is told otherwise.
    static let rest = Interval.seconds(10)

    let all: [StorePlace]
    private let prefersFirst: Bool
    private let meters: [PlaceMeter]
    /// Until when each is left alone; zero for one that works.
    private var restUntil: [Instant]
    /// Where the next connection is looked for or made.
    private(set) var current = 0
    /// Whether any is left alone, so that successes are cheap as long as nothing fails.
    private(set) var haveFailures = false

    init(_ endpoint: StoreEndpoint, meters: [PlaceMeter]) {
        all = endpoint.places
        prefersFirst = endpoint.prefersFirst
        self.meters = meters.count == all.count ? meters : all.map { _ in PlaceMeter() }
        restUntil = all.map { _ in Instant(nanoseconds: 0) }
    }

    /// Moves on to the place of the next request.
    mutating func choose(now: Instant) {
        let start = prefersFirst ? 0 : current + 1
        current = next(from: start, now: now) { _ in true } ?? start % all.count
    }

    /// Moves on to a place that is not among `tried`, a working one if there is any; nil if there is none at all.
    mutating func chooseAnother(than tried: Set<Int>, now: Instant) -> Int? {
        let start = prefersFirst ? 0 : current + 1
        let another =
            next(from: start, now: now) { !tried.contains($0) }
            ?? (start..<start + all.count).lazy.map { [count = all.count] in $0 % count }.first { !tried.contains($0) }
        if let another { current = another }
        return another
    }

    mutating func failed(_ place: Int, now: Instant) {
        meters[place].failed()
        meters[place].changed(isUp: false)
        restUntil[place] = now + Self.rest
        haveFailures = true
    }

    mutating func succeeded(_ place: Int) {
        guard restUntil[place].nanoseconds > 0 else { return }
        restUntil[place] = Instant(nanoseconds: 0)
        meters[place].changed(isUp: true)
        haveFailures = restUntil.contains { $0.nanoseconds > 0 }
    }

    private func next(from start: Int, now: Instant, _ isWanted: (Int) -> Bool) -> Int? {
        for number in start..<start + all.count {
            let place = number % all.count
            if restUntil[place] <= now, isWanted(place) { return place }
        }
        return nil
    }
}
