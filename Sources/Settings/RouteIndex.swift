// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Finds the few routes that a path and host leave possible.
///
/// Every route is filed once: under the literal beginning of its paths or under its hosts, whichever fewer other routes
/// share, or else among those that must always be looked at. A request looks up each beginning of its path, its host
/// and its host without the first label, and walks the lists it finds in the order of the routes.
struct RouteIndex: Sendable {
    private struct Slot: Sendable {
        var hash: UInt64 = 0
        var list: Range<Int> = 0..<0
    }

    /// Open addressing with linear probing; a power of two, at most half full.
    private let slots: [Slot]
    /// Indices of routes; ascending in each list.
    private let entries: [Int]
    private let unfiled: Range<Int>
    /// The most segments of a path that any key has.
    private let depth: Int

    /// The most segments of a path that are used as a key.
    private static var maximumDepth: Int { 6 }

    init(_ conditions: [RouteConditions]) {
        let pathKeys = conditions.map { Self.keys($0.paths, Self.pathKey) }
        let hostKeys = conditions.map { Self.keys($0.hosts, Self.hostKey) }
        var population: [UInt64: Int] = [:]
        for key in (pathKeys + hostKeys).joined() { population[key, default: 0] += 1 }
        func crowd(_ keys: [UInt64]) -> Int { keys.map { population[$0, default: 0] }.max() ?? .max }

        var lists: [UInt64: [Int]] = [:]
        var rest: [Int] = []
        for route in conditions.indices {
            let chosen = crowd(hostKeys[route]) < crowd(pathKeys[route]) ? hostKeys[route] : pathKeys[route]
            if chosen.isEmpty { rest.append(route) }
            for key in Set(chosen) { lists[key, default: []].append(route) }
        }
        entries = rest + lists.values.joined()
        unfiled = 0..<rest.count
        depth = conditions.flatMap(\.paths).map(\.literalSegments).max().map { min($0, Self.maximumDepth) } ?? 0

        var capacity = 8
        while capacity < lists.count * 2 { capacity *= 2 }
        var slots = [Slot](repeating: Slot(), count: capacity)
        var start = rest.count
        for (key, list) in lists {
            var position = Int(truncatingIfNeeded: key) & (capacity - 1)
            while !slots[position].list.isEmpty { position = (position + 1) & (capacity - 1) }
            slots[position] = Slot(hash: key, list: start..<start + list.count)
            start += list.count
        }
        self.slots = slots
    }

    /// The lists that hold a request's candidates.
    struct Candidates {
        /// What is left of each list: paths of every depth, two for the host, the unfiled.
        fileprivate var lists = [9 of Range<Int>](repeating: 0..<0)
        fileprivate var count = 0

        fileprivate mutating func add(_ list: Range<Int>) {
            if list.isEmpty { return }
            lists[count] = list
            count += 1
        }
    }

    func candidates(path: Span<UInt8>, host: Span<UInt8>) -> Candidates {
        var candidates = Candidates()
        candidates.add(unfiled)
        var hash = KeyHash.path
        var segments = 0
        var position = 0
        while segments < depth, position <= path.count {
            if position == path.count || path[position] == .slash {
                candidates.add(list(hash.value))
                segments += 1
            }
            if position < path.count { hash.add(path[position]) }
            position += 1
        }
        var whole = KeyHash.host
        var suffix = KeyHash.hostSuffix
        var isInFirstLabel = true
        for position in host.indices {
            let byte = host[position].lowercasedASCII
            whole.add(byte)
            if !isInFirstLabel { suffix.add(byte) }
            if byte == .dot { isInFirstLabel = false }
        }
        candidates.add(list(whole.value))
        if !isInFirstLabel { candidates.add(list(suffix.value)) }
        return candidates
    }

    /// The lowest candidate that was not yet given out.
    func next(_ candidates: inout Candidates) -> Int? {
        var lowest = Int.max
        for index in 0..<candidates.count where !candidates.lists[index].isEmpty {
            lowest = min(lowest, entries[candidates.lists[index].lowerBound])
        }
        if lowest == .max { return nil }
        // A route with several patterns may stand in several lists.
        for index in 0..<candidates.count {
            let list = candidates.lists[index]
            if !list.isEmpty, entries[list.lowerBound] == lowest {
                candidates.lists[index] = list.lowerBound + 1..<list.upperBound
            }
        }
        return lowest
    }

    private func list(_ hash: UInt64) -> Range<Int> {
        var position = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while !slots[position].list.isEmpty {
            if slots[position].hash == hash { return slots[position].list }
            position = (position + 1) & (slots.count - 1)
        }
        return 0..<0
    }

    /// A key for every pattern; none at all if one of them has no key or there are no patterns.
    private static func keys(_ patterns: [SegmentPattern], _ key: (SegmentPattern) -> UInt64?) -> [UInt64] {
        let keys = patterns.compactMap(key)
        return keys.count == patterns.count ? keys : []
    }

    private static func pathKey(_ pattern: SegmentPattern) -> UInt64? {
        let literals = min(pattern.literalSegments, maximumDepth)
        guard literals > 0 else { return nil }
        var hash = KeyHash.path
        for byte in pattern.bytes[..<pattern.segments[literals - 1].range.upperBound] { hash.add(byte) }
        return hash.value
    }

    private static func hostKey(_ pattern: SegmentPattern) -> UInt64? {
        let segments = pattern.segments
        let isWildcard = segments.count > 1 && segments[0].kind == .any
        guard segments.dropFirst(isWildcard ? 1 : 0).allSatisfy({ $0.kind == .literal }) else { return nil }
        var hash = isWildcard ? KeyHash.hostSuffix : KeyHash.host
        for byte in pattern.bytes[(isWildcard ? segments[1].range.lowerBound : 0)...] { hash.add(byte) }
        return hash.value
    }
}

extension SegmentPattern {
    /// How many segments it begins with that have no wildcard.
    fileprivate var literalSegments: Int { segments.prefix { $0.kind == .literal }.count }
}

/// FNV-1a with 64 bits. Collisions only cost a look at a route that does not match.
private struct KeyHash {
    private(set) var value: UInt64

    static var path: KeyHash { KeyHash(value: 0xCBF2_9CE4_8422_2325) }
    static var host: KeyHash { KeyHash(value: 0xCBF2_9CE4_8422_2325 ^ 0x6C62_272E_07BB_0142) }
    static var hostSuffix: KeyHash { KeyHash(value: 0xCBF2_9CE4_8422_2325 ^ 0x62B8_2175_6295_C58D) }

    @inline(always)
    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
