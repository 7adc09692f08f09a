// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc
private import Synchronization

/// Runs functions over and over and prints what one iteration takes.
struct Bench {
    private static let runs = 9
    /// Long enough for the clock, short enough that most runs are not interrupted.
    private static let runNanoseconds: UInt64 = 5_000_000

    private let isJSON: Bool
    private let allocations = AllocationCounter()

    init(isJSON: Bool) {
        self.isJSON = isJSON
        if !isJSON { print(Self.row("leaf", "ns", "allocations")) }
    }

    /// Measures `body` in steady state; what it makes should go through ``keep(_:)``.
    mutating func measure(_ name: String, _ body: () -> Void) {
        var iterations: UInt64 = 1
        while Self.time(iterations, body) < Self.runNanoseconds / 2 { iterations *= 2 }
        iterations *= 2

        let before = allocations.count
        let times = (0..<Self.runs).map { _ in Self.time(iterations, body) }.sorted()
        let after = allocations.count
        // The array of times is one allocation or a few; rounding forgets it.
        let each = Double(after - before) / Double(iterations * UInt64(Self.runs))
        report(name, nanoseconds: Double(times[Self.runs / 2]) / Double(iterations), allocations: each)
    }

    private static func time(_ iterations: UInt64, _ body: () -> Void) -> UInt64 {
        let start = now
        for _ in 0..<iterations { body() }
        return now - start
    }

    private static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func report(_ name: String, nanoseconds: Double, allocations each: Double) {
        let time = Self.rounded(nanoseconds)
        let known = allocations.isCounting ? Self.rounded(each) : nil
        if isJSON {
            print("{\"name\":\"\(name)\",\"nanoseconds\":\(time),\"allocations\":\(known ?? "null")}")
        } else {
            print(Self.row(name, time, known ?? "?"))
        }
    }

    /// With one decimal place.
    private static func rounded(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func row(_ name: String, _ time: String, _ allocations: String) -> String {
        let texts = [(time, 12), (allocations, 14)].map { text, width in
            String(repeating: " ", count: max(0, width - text.utf8.count)) + text
        }
        return name + String(repeating: " ", count: max(0, 44 - name.utf8.count)) + texts.joined()
    }
}

/// Keeps the optimiser from leaving out what made `value`.
@inline(never)
func keep<Value: ~Copyable>(_ value: borrowing Value) {}

/// What counter.so, preloaded, has counted in this process (Tests/Benchmarks/counter.c).
@safe
private struct AllocationCounter {
    /// Nil without the library; mapped until the process ends.
    private let place: UnsafeMutableRawPointer?

    init() {
        guard let path = unsafe getenv("PUTBACK_COUNTER") else {
            unsafe place = nil
            return
        }
        let file = unsafe open(path, O_RDONLY)
        guard file >= 0 else { preconditionFailure("PUTBACK_COUNTER names a file that can be read") }
        let mapped = unsafe mmap(nil, MemoryLayout<UInt64>.size, PROT_READ, MAP_SHARED, file, 0)
        close(file)
        guard unsafe mapped != MAP_FAILED else { preconditionFailure("a file of eight bytes can be mapped") }
        unsafe place = mapped
    }

    var isCounting: Bool { unsafe place != nil }

    var count: UInt64 {
        guard let place = unsafe place else { return 0 }
        return unsafe place.assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .relaxed)
    }
}
