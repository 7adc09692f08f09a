// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The memory that all loops together may fill with what is on its way: a fixed share for each upload, and loans for
/// those that need more for a while. Any thread, without locks.
package final class MemoryBudget: Sendable {
    /// What an upload may hold without asking.
    package static let shareBytes = 128 * 1024

    private let limitBytes: Atomic<Int>
    private let uploads = Atomic<Int>(0)
    private let lent = Atomic<Int>(0)
    /// What of it readers have.
    private let lentToReaders = Atomic<Int>(0)

    package init(limitBytes: Int = .max) {
        self.limitBytes = Atomic(limitBytes)
    }

    /// Changes the limit; what is held stays.
    package func setLimit(bytes: Int) { limitBytes.store(bytes, ordering: .relaxed) }

    /// Uploads that have their share now.
    package var uploadCount: Int { uploads.load(ordering: .relaxed) }
    package var lentBytes: Int { lent.load(ordering: .relaxed) }

    /// Gives one more upload its share, if no more than `most` have one then and the limit holds; it must ``leave()``.
    ///
    /// A single upload is always let in: the least limit leaves room for it.
    package func enter(most: Int) -> Bool {
        // Of an upload and a loan that come at the same moment one sees the other: each counts before it looks.
        let (_, count) = uploads.add(1, ordering: .sequentiallyConsistent)
        if count <= most, count == 1 || fits(uploads: count, lent: lent.load(ordering: .sequentiallyConsistent)) {
            return true
        }
        leave()
        return false
    }

    /// Gives an upload its share in any case.
    package func enterAgain() { uploads.add(1, ordering: .relaxed) }

    package func leave() { uploads.subtract(1, ordering: .relaxed) }

    fileprivate func take(_ bytes: Int) -> Bool {
        let (_, sum) = lent.add(bytes, ordering: .sequentiallyConsistent)
        if fits(uploads: uploads.load(ordering: .sequentiallyConsistent), lent: sum) { return true }
        lent.subtract(bytes, ordering: .relaxed)
        return false
    }

    /// The same for who reads what is stored, which may keep no upload out: of all readers together a quarter at most.
    fileprivate func takeForReading(_ bytes: Int) -> Bool {
        let (_, sum) = lentToReaders.add(bytes, ordering: .relaxed)
        if sum <= limitBytes.load(ordering: .relaxed) / 4, take(bytes) { return true }
        lentToReaders.subtract(bytes, ordering: .relaxed)
        return false
    }

    fileprivate func giveBackFromReading(_ bytes: Int) {
        lentToReaders.subtract(bytes, ordering: .relaxed)
        change(by: -bytes)
    }

    /// Counts what is there in any case, or is no more.
    fileprivate func change(by bytes: Int) { lent.add(bytes, ordering: .relaxed) }

    private func fits(uploads: Int, lent: Int) -> Bool {
        lent <= limitBytes.load(ordering: .relaxed) - uploads * Self.shareBytes
    }
}

/// What one holder has of a budget beyond its share; given back when the holder goes. One thread at a time.
package final class MemoryLoan {
    /// Loans change in steps, so that growing by small pieces does not touch what all loops share each time.
    private static let stepBytes = 64 * 1024

    private let budget: MemoryBudget
    private var bytes = 0

    package init(_ budget: MemoryBudget) { self.budget = budget }

    deinit { budget.change(by: -bytes) }

    /// Makes the loan as large as what is held; false, and nothing changes, where the budget has no room for more.
    package func resize(to held: Int) -> Bool {
        let wanted = (held + Self.stepBytes - 1) / Self.stepBytes * Self.stepBytes
        guard wanted > bytes else {
            budget.change(by: wanted - bytes)
            bytes = wanted
            return true
        }
        guard budget.take(wanted - bytes) else { return false }
        bytes = wanted
        return true
    }

    /// The same for what is held already, whether there is room or not: then nothing else is let in.
    package func count(_ held: Int) {
        budget.change(by: held - bytes)
        bytes = held
    }
}

/// A piece of memory of a budget for one who reads what is stored; given back when the holder goes. One thread at a time.
package final class ReadingLoan {
    private let budget: MemoryBudget
    private let bytes: Int

    /// nil where readers have their part of the budget already, or uploads all of it.
    package init?(_ budget: MemoryBudget, bytes: Int) {
        guard budget.takeForReading(bytes) else { return nil }
        self.budget = budget
        self.bytes = bytes
    }

    deinit { budget.giveBackFromReading(bytes) }
}

/// Room for what one holder has on its way: so much is free, the rest is borrowed. One thread at a time.
package struct MemoryRoom {
    /// An ordinary answer, or an ordinary form's fields: an upload has room for them in its share.
    package static let usualBytes = 16 * 1024

    private let budget: MemoryBudget
    private let freeBytes: Int
    private var loan: MemoryLoan?

    package init(_ budget: MemoryBudget, freeBytes: Int = Self.usualBytes) {
        self.budget = budget
        self.freeBytes = freeBytes
    }

    /// Whether so many bytes may be held; if not, the room stays as it was.
    package mutating func mayHold(_ bytes: Int) -> Bool {
        if bytes <= freeBytes, loan == nil { return true }
        let loan = self.loan ?? MemoryLoan(budget)
        self.loan = loan
        return loan.resize(to: max(0, bytes - freeBytes))
    }

    /// Nothing is held any more.
    package mutating func clear() {
        if loan != nil { loan = nil }
    }
}
