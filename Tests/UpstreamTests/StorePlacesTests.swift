// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Testing

@testable import Upstream

/// Which address is next, with time as a parameter.
@Suite struct StorePlacesTests {
    private static func at(seconds: UInt64) -> Instant { Instant(nanoseconds: (1000 + seconds) * 1_000_000_000) }

    private static func places(_ count: UInt16, first: Bool = false, meters: [PlaceMeter] = []) -> StorePlaces {
        var endpoint = StoreEndpoint(host: "store", port: 1)
        endpoint.addresses = (0..<count).map { StorePlace(host: "store", port: 1 + $0) }
        endpoint.prefersFirst = first
        return StorePlaces(endpoint, meters: meters)
    }

    private static func chosen(_ places: inout StorePlaces, _ count: Int, at now: Instant) -> [Int] {
        (0..<count).map { _ in
            places.choose(now: now)
            return places.current
        }
    }

    @Test func `takes one after the other`() {
        var places = Self.places(3)
        #expect(Self.chosen(&places, 6, at: Self.at(seconds: 0)) == [1, 2, 0, 1, 2, 0])
    }

    @Test func `leaves one that failed alone for ten seconds`() {
        var places = Self.places(3)
        places.failed(1, now: Self.at(seconds: 0))
        #expect(Self.chosen(&places, 4, at: Self.at(seconds: 9)) == [2, 0, 2, 0])
        #expect(Self.chosen(&places, 3, at: Self.at(seconds: 10)) == [1, 2, 0])
    }

    @Test func `takes up again one that works`() {
        let meters = [PlaceMeter(), PlaceMeter()]
        var places = Self.places(2, meters: meters)
        places.failed(1, now: Self.at(seconds: 0))
        #expect(meters.map(\.isUp) == [true, false])
        #expect(places.haveFailures)
        places.succeeded(1)
        #expect(!places.haveFailures)
        #expect(meters.map(\.isUp) == [true, true])
        #expect(meters.map(\.failures) == [0, 1])
        #expect(Self.chosen(&places, 2, at: Self.at(seconds: 1)) == [1, 0])
    }

    @Test func `prefers the first where it is told to`() {
        var places = Self.places(3, first: true)
        #expect(Self.chosen(&places, 2, at: Self.at(seconds: 0)) == [0, 0])
        places.failed(0, now: Self.at(seconds: 0))
        #expect(Self.chosen(&places, 2, at: Self.at(seconds: 1)) == [1, 1])
        places.failed(1, now: Self.at(seconds: 1))
        #expect(Self.chosen(&places, 1, at: Self.at(seconds: 1)) == [2])
        #expect(Self.chosen(&places, 2, at: Self.at(seconds: 11)) == [0, 0])
    }

    @Test func `where all failed they are tried all the same, each once`() {
        var places = Self.places(3)
        for place in 0..<3 { places.failed(place, now: Self.at(seconds: 0)) }
        let now = Self.at(seconds: 1)
        places.choose(now: now)
        var tried: Set = [places.current]
        while let next = places.chooseAnother(than: tried, now: now) {
            #expect(!tried.contains(next))
            tried.insert(next)
        }
        #expect(tried == [0, 1, 2])
    }

    @Test func `another is one that works, if there is any`() {
        var places = Self.places(4)
        places.choose(now: Self.at(seconds: 0))
        #expect(places.current == 1)
        places.failed(2, now: Self.at(seconds: 0))
        #expect(places.chooseAnother(than: [1], now: Self.at(seconds: 0)) == 3)
        #expect(places.chooseAnother(than: [1, 3], now: Self.at(seconds: 0)) == 0)
        #expect(places.chooseAnother(than: [1, 3, 0], now: Self.at(seconds: 0)) == 2)
        #expect(places.chooseAnother(than: [1, 3, 0, 2], now: Self.at(seconds: 0)) == nil)
    }

    @Test func `there is nothing else where there is one`() {
        var places = Self.places(1)
        places.choose(now: Self.at(seconds: 0))
        places.failed(0, now: Self.at(seconds: 0))
        #expect(places.chooseAnother(than: [0], now: Self.at(seconds: 0)) == nil)
        places.choose(now: Self.at(seconds: 0))
        #expect(places.current == 0)
    }
}
