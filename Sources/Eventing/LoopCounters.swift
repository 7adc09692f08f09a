// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Counts that one loop writes and any thread reads.
///
/// With one writer a plain load and a plain store make an increment: no lock, no `lock` prefix, and, because no two
/// objects share a cache line, no loop that waits for another's line.
@safe
package final class LoopCounters: @unchecked Sendable {
    // Sendable is sound: each cell is atomic, and the pointer to them never changes.
    private static let cacheLineBytes = 64

    private let cells: UnsafeMutablePointer<Atomic<Int>>
    package let count: Int

    /// All zero.
    package init(count: Int) {
        self.count = count
        let lines = (count * MemoryLayout<Atomic<Int>>.stride + Self.cacheLineBytes - 1) / Self.cacheLineBytes
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, lines) * Self.cacheLineBytes, alignment: Self.cacheLineBytes)
        unsafe cells = memory.bindMemory(to: Atomic<Int>.self, capacity: count)
        for index in 0..<count { unsafe (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe cells.deinitialize(count: count)
        unsafe UnsafeMutableRawPointer(cells).deallocate()
    }

    /// Adds to one count. The writing loop only: two writers would lose counts.
    package func add(_ amount: Int = 1, at index: Int = 0) {
        precondition(index >= 0 && index < count, "a counter is within its table")
        let cell = unsafe cells + index
        unsafe cell.pointee.store(cell.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Two additions by one call, which from another module costs as much as they do.
    package func add(_ amount: Int, at index: Int, and other: Int, at otherIndex: Int) {
        add(amount, at: index)
        add(other, at: otherIndex)
    }

    /// Any thread; counts that are read one after the other may be of different moments.
    package func value(at index: Int = 0) -> Int {
        precondition(index >= 0 && index < count, "a counter is within its table")
        return unsafe (cells + index).pointee.load(ordering: .relaxed)
    }
}
