// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire

/// Finds the few routes that a path, a host and fields leave possible.
///
/// Every route is filed once, under whatever it demands that the fewest other routes share (``RouteKey``), or else among
/// those that must always be looked at. A request looks up what it has of everything that anything is filed under, and
/// walks the lists it finds in the order of the routes.
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
    private let everything: Range<Int>
    /// What a request has to look up.
    private let scope: RouteKey.Scope

    init(_ conditions: [RouteConditions]) {
        let names = RouteKey.fieldNames(conditions)
        let demands = conditions.map { RouteKey.demands($0, fieldNames: names) }
        var population: [UInt64: Int] = [:]
        for key in demands.joined().joined().joined() { population[key.hash, default: 0] += 1 }

        var lists: [UInt64: [Int]] = [:]
        var rest: [Int] = []
        var scope = RouteKey.Scope()
        for route in conditions.indices {
            let chosen = RouteKey.choose(among: demands[route], population)
            if chosen.isEmpty { rest.append(route) }
            for key in chosen {
                scope.include(key)
                if lists[key.hash]?.last != route { lists[key.hash, default: []].append(route) }
            }
        }
        self.scope = scope
        entries = rest + conditions.indices + lists.values.joined()
        unfiled = 0..<rest.count
        everything = rest.count..<rest.count + conditions.count

        var capacity = 8
        while capacity < lists.count * 2 { capacity *= 2 }
        var slots = [Slot](repeating: Slot(), count: capacity)
        var start = everything.upperBound
        for (hash, list) in lists {
            var position = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while !slots[position].list.isEmpty { position = (position + 1) & (capacity - 1) }
            slots[position] = Slot(hash: hash, list: start..<start + list.count)
            start += list.count
        }
        self.slots = slots
    }

    /// The lists that hold a request's candidates.
    struct Candidates {
        /// What is left of each list: two for each place in the path from its start, one for each from its end, the
        /// file extension, two for the host, the fields, the unfiled.
        fileprivate var lists = [26 of Range<Int>](repeating: 0..<0)
        fileprivate var count = 0

        fileprivate mutating func add(_ list: Range<Int>) {
            if list.isEmpty { return }
            lists[count] = list
            count += 1
        }
    }

    func candidates(path: Span<UInt8>, host: Span<UInt8>, fields: HeaderFields) -> Candidates {
        var candidates = Candidates()
        candidates.add(unfiled)
        addPath(path, to: &candidates)
        addHost(host, to: &candidates)
        if !scope.fields.isEmpty, !addFields(fields, to: &candidates) {
            candidates = Candidates()
            candidates.add(everything)
        }
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

    private func addPath(_ path: Span<UInt8>, to candidates: inout Candidates) {
        let depth = max(scope.beginnings, scope.segments)
        var whole = RouteKeyHash.beginning
        var alone = RouteKeyHash.segment(0)
        var segments = 0
        var position = 0
        while segments < depth, position <= path.count {
            if position == path.count || path[position] == .slash {
                if segments < scope.beginnings { candidates.add(list(whole)) }
                if segments < scope.segments { candidates.add(list(alone)) }
                segments += 1
                alone = .segment(segments)
            } else {
                alone.add(path[position])
            }
            if position < path.count { whole.add(path[position]) }
            position += 1
        }
        if scope.ends > 0 { addEnds(path, to: &candidates) }
        if scope.hasExtensions { addExtension(path, to: &candidates) }
    }

    private func addEnds(_ path: Span<UInt8>, to candidates: inout Candidates) {
        var alone = RouteKeyHash.end(0)
        var segments = 0
        var position = path.count
        while segments < scope.ends {
            if position == 0 || path[position - 1] == .slash {
                candidates.add(list(alone))
                if position == 0 { return }
                segments += 1
                alone = .end(segments)
            } else {
                alone.add(path[position - 1])
            }
            position -= 1
        }
    }

    private func addExtension(_ path: Span<UInt8>, to candidates: inout Candidates) {
        var hash = RouteKeyHash.fileExtension
        var position = path.count
        while position > 0, path[position - 1] != .slash {
            if path[position - 1] == .dot { return candidates.add(list(hash)) }
            hash.add(path[position - 1])
            position -= 1
        }
    }

    private func addHost(_ host: Span<UInt8>, to candidates: inout Candidates) {
        guard scope.hasHosts else { return }
        var whole = RouteKeyHash.host
        var suffix = RouteKeyHash.hostSuffix
        var isInFirstLabel = true
        for position in host.indices {
            let byte = host[position].lowercasedASCII
            whole.add(byte)
            if !isInFirstLabel { suffix.add(byte) }
            if byte == .dot { isInFirstLabel = false }
        }
        candidates.add(list(whole))
        if !isInFirstLabel { candidates.add(list(suffix)) }
    }

    /// False when a field has more values than there is room for lists.
    private func addFields(_ fields: HeaderFields, to candidates: inout Candidates) -> Bool {
        for field in scope.fields {
            var values = 0
            var next = fields.firstIndex(of: field.name)
            while let index = next {
                if values == RouteKey.maximumFieldValues { return false }
                values += 1
                var hash = field.hash
                let bytes = fields.bytes.span
                for position in fields.valueRange(at: index) { hash.add(bytes[position]) }
                candidates.add(list(hash))
                next = fields.nextIndex(of: field.name, from: index + 1)
            }
        }
        return true
    }

    private func list(_ hash: RouteKeyHash) -> Range<Int> {
        var position = Int(truncatingIfNeeded: hash.value) & (slots.count - 1)
        while !slots[position].list.isEmpty {
            if slots[position].hash == hash.value { return slots[position].list }
            position = (position + 1) & (slots.count - 1)
        }
        return 0..<0
    }
}
