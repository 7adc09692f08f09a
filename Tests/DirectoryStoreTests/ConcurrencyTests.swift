// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Testing

/// Several at the same time, each with a store of its own as another process would have. What matters holds whoever wins,
/// so each test makes many rounds.
@Suite struct ConcurrencyTests {
    private static let rounds = 25

    @Test func `completes an upload once`() async throws {
        let root = try TemporaryRoot()
        let (store, other) = (try root.openStore(), try root.openStore())
        for _ in 0..<Self.rounds {
            let id = try store.create("key")
            for number in 1...3 { try store.putPart(id, number, [UInt8(number)]) }
            let results = await Self.atOnce(
                [store, other, store, other].enumerated().map { index, store in
                    { @Sendable in
                        try store.complete(id, index % 2 == 0 ? [1, 2, 3] : [3, 2, 1], etag: "\(index % 2)")
                    }
                })
            let winners = results.compactMap { try? $0.get() }
            let losers = results.compactMap { if case .failure(let error) = $0 { error as? StoreError } else { nil } }
            #expect(winners.count == 1 && losers.map(\.code) == [.noSuchUpload, .noSuchUpload, .noSuchUpload])
            #expect(try store.head("key") == winners.first)
            #expect(try store.data("key") == (winners.first?.etag == "0" ? [1, 2, 3] : [3, 2, 1]))
        }
        #expect(try root.uploads() == [] && root.leftovers().count == 2)
    }

    @Test func `either completes or aborts`() async throws {
        let root = try TemporaryRoot()
        let (store, other) = (try root.openStore(), try root.openStore())
        for round in 0..<Self.rounds {
            let key = "key/\(round)"
            let id = try store.create(key)
            try store.putPart(id, 1, [1])
            let results = await Self.atOnce([
                { @Sendable in try store.complete(id, [1]).size > 0 },
                { @Sendable in
                    try other.abort(id)
                    return false
                },
            ])
            let outcomes = results.compactMap { try? $0.get() }
            #expect(outcomes.count == 1)
            #expect(try store.data(key) == (outcomes == [true] ? [1] : nil))
        }
        #expect(try root.uploads() == [] && root.leftovers().count == 2)
    }

    @Test func `stores a part before an abort or finds no upload after it`() async throws {
        let root = try TemporaryRoot()
        let (store, other) = (try root.openStore(), try root.openStore())
        for round in 0..<Self.rounds {
            let id = try store.create("key")
            let part = try other.beginPart(id, number: 1)
            try part.write([UInt8](repeating: 1, count: 1000).span)
            let results = await Self.atOnce([
                { @Sendable in
                    do {
                        guard case .stored = try part.commit() else { return false }
                        return true
                    } catch let error as StoreError where error.code == .noSuchUpload {
                        return true
                    }
                },
                { @Sendable in
                    round % 2 == 0 ? try store.abort(id) : try store.complete(id, []).size == 0 ? () : ()
                    return true
                },
            ])
            #expect(results.compactMap { try? $0.get() } == [true, true])
            #expect(try root.uploads() == [])
        }
        #expect(try root.leftovers().count == 2)
        #expect(try root.files() == ["media/=key"])
    }

    @Test func `lists all parts of an upload or finds it ended`() async throws {
        let root = try TemporaryRoot()
        let (store, other) = (try root.openStore(), try root.openStore())
        for _ in 0..<Self.rounds {
            let id = try store.create("key")
            for number in 1...3 { try store.putPart(id, number, [1]) }
            let results = await Self.atOnce([
                { @Sendable in
                    do {
                        while true {
                            let numbers = try other.parts(id).items.map(\.number)
                            guard numbers == [1, 2, 3] else { return numbers }
                        }
                    } catch let error as StoreError where error.code == .noSuchUpload {
                        return [1, 2, 3]
                    }
                },
                { @Sendable in
                    try store.abort(id)
                    return [1, 2, 3]
                },
            ])
            #expect(results.compactMap { try? $0.get() } == [[1, 2, 3], [1, 2, 3]])
        }
    }

    @Test func `keeps one of several parts of a number, and the first where it may not be replaced`() async throws {
        let root = try TemporaryRoot()
        let (store, other) = (try root.openStore(), try root.openStore())
        for round in 0..<Self.rounds {
            let replaces = round % 2 == 0
            let id = try store.create("key")
            let pending = try [store, other, store].enumerated().map { index, store in
                let part = try store.beginPart(id, number: 1)
                try part.write([UInt8](repeating: UInt8(index), count: index + 1).span)
                return part
            }
            let results = await Self.atOnce(
                pending.map { part in { @Sendable in try part.commit(replaces: replaces) } })
            let parts = try store.parts(id).items
            let stored = results.compactMap { if case .success(.stored(let part)) = $0 { part } else { nil } }
            let exists = results.compactMap { if case .success(.exists(let part, _)) = $0 { part } else { nil } }
            #expect(stored.count == (replaces ? 3 : 1) && exists.count == (replaces ? 0 : 2))
            #expect(parts.count == 1 && stored.contains(parts[0]))
            #expect(exists.allSatisfy { $0 == parts[0] })
            try store.complete(id, [1])
            #expect(try store.data("key")?.count == Int(parts[0].size))
        }
        #expect(try root.leftovers().count == 2)
    }

    @Test func `loses no append and takes none twice`() async throws {
        let root = try TemporaryRoot()
        let stores = try (0..<2).map { _ in try root.openStore() }
        let results = await Self.atOnce(
            (0..<4).map { worker in
                { @Sendable in
                    var position: UInt64 = 0
                    for round in 0..<40 {
                        let bytes = [UInt8(worker), UInt8(round)]
                        while true {
                            do {
                                position = try stores[worker % 2].append("log", bytes, at: position).size
                                break
                            } catch let error as StoreError where error.code == .positionMismatch {
                                position = error.currentLength ?? 0
                            }
                        }
                    }
                }
            })
        for result in results { try result.get() }
        let data = try #require(try stores[0].data("log"))
        #expect(data.count == 320)
        for worker in 0..<4 {
            let rounds = stride(from: 0, to: data.count, by: 2).filter { data[$0] == worker }.map { data[$0 + 1] }
            #expect(rounds == (0..<40).map { UInt8($0) })
        }
    }

    /// An append that looked before a put and moved its file after it would make the object vanish.
    @Test func `appends nothing over an object that was put in between`() async throws {
        let root = try TemporaryRoot()
        let (store, other) = (try root.openStore(), try root.openStore())
        let isOver = Flag()
        let results = await Self.atOnce([
            { @Sendable in
                defer { isOver.set() }
                for round in 0..<100 {
                    let stored = try store.put("key", [UInt8(round)])
                    guard try store.head("key") == stored else { throw UnexpectedResult() }
                    guard try store.delete(bucket: "media", key: Array("key".utf8)) else { throw UnexpectedResult() }
                }
            },
            { @Sendable in
                while !isOver.isSet {
                    let position = try other.head("key")?.size ?? 0
                    do {
                        try other.append("key", [1, 2, 3], at: position)
                    } catch let error as StoreError where [.positionMismatch, .notAppendable].contains(error.code) {
                        continue
                    }
                }
            },
        ])
        for result in results { try result.get() }
        #expect(try root.leftovers().count == 2)
    }

    /// Runs all at the same time and waits for them; results in their order.
    private static func atOnce<Value: Sendable>(
        _ work: [@Sendable () throws -> Value]
    ) async -> [Result<Value, any Error>] {
        await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            for (index, item) in work.enumerated() { group.addTask { (index, Result(catching: item)) } }
            var results: [(Int, Result<Value, any Error>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
