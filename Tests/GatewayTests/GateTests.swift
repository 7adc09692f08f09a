// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Settings
import Testing

@testable import Gateway

@Suite struct GateTests {
    private static func at(milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: 1_000_000_000_000 + milliseconds * 1_000_000)
    }

    private static let tenPerSecond = Quota(rate: UploadRate(uploads: 10, perMilliseconds: 1000, burst: 3))

    @Test func `lets as many in as may be under way, and one more for each that left`() {
        let (gate, quota) = (Gate(), Quota(uploadsInFlight: 2))
        let now = Self.at(milliseconds: 0)
        #expect(gate.enter(quota, now: now) == nil)
        #expect(gate.enter(quota, now: now) == nil)
        #expect(gate.enter(quota, now: now) == .tooMany)
        #expect(gate.enter(quota, now: now) == .tooMany, "who was refused is not counted")
        gate.leave()
        #expect(gate.enter(quota, now: now) == nil)
        #expect(gate.enter(quota, now: now) == .tooMany)
    }

    @Test func `lets a burst in, then one after each period`() {
        let gate = Gate()
        for _ in 0..<3 { #expect(gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 0)) == nil) }
        #expect(
            gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 0)) == .tooFast(wait: 100_000_000))
        #expect(gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 99)) == .tooFast(wait: 1_000_000))
        #expect(gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 100)) == nil)
        #expect(gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 100)) == .tooFast(wait: 100_000_000))
    }

    @Test func `the bucket holds no more than a burst after a long pause`() {
        let gate = Gate()
        #expect(gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 0)) == nil)
        let later = Self.at(milliseconds: 3_600_000)
        let admitted = (0..<10).filter { _ in gate.enter(Self.tenPerSecond, now: later) == nil }
        #expect(admitted.count == 3)
    }

    @Test func `an upload that is one too many takes nothing from the rate`() {
        let gate = Gate()
        let quota = Quota(uploadsInFlight: 1, rate: UploadRate(uploads: 1, perMilliseconds: 1000, burst: 2))
        let now = Self.at(milliseconds: 0)
        #expect(gate.enter(quota, now: now) == nil)
        #expect(gate.enter(quota, now: now) == .tooMany)
        gate.leave()
        #expect(gate.enter(quota, now: now) == nil)
    }

    @Test func `an upload that does not begin after all has used nothing`() {
        let gate = Gate()
        let quota = Quota(uploadsInFlight: 1, rate: UploadRate(uploads: 1, perMilliseconds: 1000, burst: 1))
        let now = Self.at(milliseconds: 0)
        for _ in 0..<3 {
            #expect(gate.enter(quota, now: now) == nil)
            gate.withdraw(quota)
        }
        #expect(gate.isUnused(now: now))
    }

    @Test func `is unused once it is empty and its bucket is full`() {
        let gate = Gate()
        #expect(gate.isUnused(now: Self.at(milliseconds: 0)))
        _ = gate.enter(Self.tenPerSecond, now: Self.at(milliseconds: 0))
        #expect(!gate.isUnused(now: Self.at(milliseconds: 1000)), "an upload is under way")
        gate.leave()
        #expect(!gate.isUnused(now: Self.at(milliseconds: 99)))
        #expect(gate.isUnused(now: Self.at(milliseconds: 100)))
    }

    @Test func `clients have a gate each`() throws {
        let (gates, quota) = (ClientGates(), Quota(uploadsInFlight: 1))
        let now = Self.at(milliseconds: 0)
        let first = ClientGates.Client(group: "a", name: "x")
        let gate = try gates.enter(first, quota, now: now).get()
        #expect(throws: Gate.Denial.tooMany) { try gates.enter(first, quota, now: now).get() }
        _ = try gates.enter(ClientGates.Client(group: "b", name: "x"), quota, now: now).get()
        _ = try gates.enter(ClientGates.Client(group: "", name: "x"), quota, now: now).get()
        gate.leave()
        _ = try gates.enter(first, quota, now: now).get()
    }

    @Test func `a flood of clients leaves no more gates than a bound`() throws {
        let gates = ClientGates()
        let quota = Quota(rate: UploadRate(uploads: 1, perMilliseconds: 86_400_000, burst: 1))
        var kept = 0
        for number in 0..<200_000 {
            let gate = try gates.enter(
                ClientGates.Client(group: "", name: String(number)), quota, now: Self.at(milliseconds: 0)
            ).get()
            // Those at the beginning stay in use, and must not be forgotten.
            if number < 100 { kept += 1 } else { gate.leave() }
        }
        #expect(gates.count <= 1 << 16)
        let held = Quota(uploadsInFlight: 1)
        for number in 0..<kept {
            #expect(throws: Gate.Denial.tooMany) {
                try gates.enter(
                    ClientGates.Client(group: "", name: String(number)), held, now: Self.at(milliseconds: 0)
                ).get()
            }
        }
    }
}
