// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Eventing

@Suite struct MemoryBudgetTests {
    @Test func `readers get a quarter at most, and nothing of what uploads have`() throws {
        let budget = MemoryBudget(limitBytes: 1 << 20)
        var loans = (0..<4).compactMap { _ in ReadingLoan(budget, bytes: 64 << 10) }
        #expect(loans.count == 4 && budget.lentBytes == 256 << 10)
        #expect(ReadingLoan(budget, bytes: 64 << 10) == nil)
        for _ in 0..<6 { #expect(budget.enter(most: 100)) }
        #expect(!budget.enter(most: 100))
        loans.removeLast()
        #expect(budget.lentBytes == 192 << 10)
        loans = []
        #expect(budget.lentBytes == 0)
        for _ in 0..<2 { #expect(budget.enter(most: 100)) }
        #expect(ReadingLoan(budget, bytes: 64 << 10) == nil)
        #expect(budget.lentBytes == 0)
    }

    private static let share = MemoryBudget.shareBytes

    private func hold(_ bytes: Int, _ room: inout MemoryRoom?) -> Bool { room?.mayHold(bytes) ?? false }

    @Test func `lets as many uploads in as have room`() {
        let budget = MemoryBudget(limitBytes: 3 * Self.share + Self.share / 2)
        #expect((0..<5).map { _ in budget.enter(most: 100) } == [true, true, true, false, false])
        #expect(budget.uploadCount == 3)
        budget.leave()
        #expect(budget.enter(most: 100))
        #expect(!budget.enter(most: 100))
    }

    @Test func `lets no more uploads in than are wanted`() {
        let budget = MemoryBudget()
        #expect((0..<3).map { _ in budget.enter(most: 2) } == [true, true, false])
    }

    @Test func `lets one upload in, however small the limit`() {
        let budget = MemoryBudget(limitBytes: 1)
        #expect(budget.enter(most: 10))
        #expect(!budget.enter(most: 10))
    }

    @Test func `loans and uploads share one limit`() {
        let budget = MemoryBudget(limitBytes: 4 * Self.share)
        #expect(budget.enter(most: 100))
        var room: MemoryRoom? = MemoryRoom(budget, freeBytes: 0)
        #expect(hold(2 * Self.share, &room))
        #expect(hold(3 * Self.share, &room))
        #expect(!hold(3 * Self.share + 1, &room), "the limit is reached")
        #expect(budget.lentBytes == 3 * Self.share, "what was refused is not counted")
        #expect(!budget.enter(most: 100))
        #expect(hold(0, &room))
        #expect(budget.lentBytes == 0)
        #expect(budget.enter(most: 100))
        #expect(hold(2 * Self.share, &room))
        room = nil
        #expect(budget.lentBytes == 0, "a loan goes with its holder")
    }

    @Test func `what is free needs no loan`() {
        let budget = MemoryBudget(limitBytes: 0)
        var room: MemoryRoom? = MemoryRoom(budget, freeBytes: 1000)
        #expect(hold(1000, &room))
        #expect(!hold(1001, &room))
        #expect(budget.lentBytes == 0)
    }

    @Test func `what is there already counts beyond the limit`() {
        let budget = MemoryBudget(limitBytes: Self.share)
        var loan: MemoryLoan? = MemoryLoan(budget)
        loan?.count(10 * Self.share)
        #expect(budget.lentBytes == 10 * Self.share)
        #expect(budget.enter(most: 2))
        #expect(!budget.enter(most: 2))
        loan = nil
        #expect(budget.lentBytes == 0)
    }
}
