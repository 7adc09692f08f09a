// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// What an upload that Putback cuts in parts has of the memory that `limits.buffers` bounds, beyond its share. Loop thread only.
///
/// One part is its own from its admission to its end, so that it always gets on: filled, sent, and filled again. Further
/// parts, filled while others are sent, are borrowed as long as there is room and given back as soon as they are sent.
final class PartsMemory {
    private let loan: MemoryLoan
    private var partBytes: Int
    /// How many parts may be held now.
    private(set) var parts = 1

    /// Borrows the first part; nil where there is no room. Where even an empty budget has none, one at a time is let in.
    ///
    /// - Parameter limit: of the budget, in bytes.
    init?(partBytes: Int, of budget: MemoryBudget, limit: Int) {
        loan = MemoryLoan(budget)
        self.partBytes = partBytes
        if loan.resize(to: partBytes) { return }
        guard partBytes + MemoryBudget.shareBytes > limit, budget.lentBytes == 0 else { return nil }
        loan.count(partBytes)
    }

    /// Borrows one more part, if there is room.
    func addPart() {
        if loan.resize(to: (parts + 1) * partBytes) { parts += 1 }
    }

    /// Gives back what is beyond so many parts.
    func keep(_ count: Int) {
        guard count < parts else { return }
        parts = count
        loan.count(count * partBytes)
    }

    /// Makes the parts as large as the store wants them; false where there is no room.
    func resize(partBytes: Int) -> Bool {
        guard partBytes > self.partBytes else { return true }
        // What no budget has, and what a sum cannot hold.
        guard partBytes < 1 << 40, loan.resize(to: parts * partBytes) else { return false }
        self.partBytes = partBytes
        return true
    }

    /// Gives all of it back.
    func release() { keep(0) }
}

/// Its bytes are given back once.
@available(*, unavailable)
extension PartsMemory: Sendable {}
