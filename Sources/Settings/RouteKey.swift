// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Something that every request a route takes must have, and that is looked up without knowing the route: the path up
/// to a segment, one segment counted from either end, the file's extension, the host with or without its first label,
/// the value of a field.
struct RouteKey {
    enum Place {
        /// So many whole segments.
        case beginning(Int)
        /// From zero.
        case segment(Int)
        /// From zero, the last segment.
        case end(Int)
        case fileExtension
        case host
        case field(String)
    }

    let place: Place
    let hash: UInt64

    /// The most segments, from either end, that are looked at.
    static var maximumDepth: Int { 6 }
    /// The most names of fields that are looked up, and the most values of each.
    static var maximumFieldNames: Int { 2 }
    static var maximumFieldValues: Int { 2 }

    private init(_ place: Place, _ hash: RouteKeyHash) {
        self.place = place
        self.hash = hash.value
    }

    /// One of several patterns must fit, so all need a key; each has a choice of them, the cheapest to look up first.
    typealias Demand = [[RouteKey]]

    /// What a route demands, each alone a reason not to take a request.
    static func demands(_ conditions: RouteConditions, fieldNames: [String]) -> [Demand] {
        let fields = conditions.headers.filter { fieldNames.contains($0.name) && $0.pattern.isLiteral }
        return [conditions.paths.map(ofPath), conditions.hosts.map(ofHost)]
            + fields.map { [[RouteKey(.field($0.name), RouteKeyHash.field($0.name).adding($0.pattern.bytes))]] }
    }

    /// The keys to file a route under: those that the fewest routes could be filed under too; none if it has none.
    static func choose(among demands: [Demand], _ population: [UInt64: Int]) -> [RouteKey] {
        func crowd(_ key: RouteKey) -> Int { population[key.hash, default: 0] }
        var best: [RouteKey] = []
        var least = Int.max
        for demand in demands {
            let keys = demand.compactMap { choice in choice.min { crowd($0) < crowd($1) } }
            guard keys.count == demand.count, let most = keys.map(crowd).max(), most < least else { continue }
            (best, least) = (keys, most)
        }
        return best
    }

    /// The names that most routes demand a certain value of.
    static func fieldNames(_ conditions: [RouteConditions]) -> [String] {
        var population: [String: Int] = [:]
        for field in conditions.flatMap(\.headers) where field.pattern.isLiteral {
            population[field.name, default: 0] += 1
        }
        // By name where they are equal, so that the same routes always make the same index.
        let ordered = population.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return ordered.prefix(maximumFieldNames).map(\.key)
    }

    private static func ofPath(_ pattern: SegmentPattern) -> [RouteKey] {
        let segments = pattern.segments
        func text(_ segment: SegmentPattern.Segment) -> ArraySlice<UInt8> { pattern.bytes[segment.range] }
        var keys: [RouteKey] = []
        let literals = segments.prefix(maximumDepth).prefix { $0.kind == .literal }
        if let last = literals.last {
            let beginning = pattern.bytes[..<last.range.upperBound]
            keys.append(RouteKey(.beginning(literals.count), RouteKeyHash.beginning.adding(beginning)))
        }
        // Behind a "**" only the distance from the end is known.
        let counted = segments.prefix(maximumDepth).prefix { $0.kind != .rest }
        for (index, segment) in counted.enumerated() where segment.kind == .literal {
            keys.append(RouteKey(.segment(index), RouteKeyHash.segment(index).adding(text(segment))))
        }
        let countedBack = segments.reversed().prefix(maximumDepth).prefix { $0.kind != .rest }
        for (index, segment) in countedBack.enumerated() where segment.kind == .literal {
            keys.append(RouteKey(.end(index), RouteKeyHash.end(index).adding(text(segment).reversed())))
        }
        if let last = segments.last, last.kind == .glob, let dot = text(last).lastIndex(of: .dot) {
            let found = text(last)[(dot + 1)...]
            if found.allSatisfy({ $0 != .star && $0 != .question }) {
                keys.append(RouteKey(.fileExtension, RouteKeyHash.fileExtension.adding(found.reversed())))
            }
        }
        return keys
    }

    private static func ofHost(_ pattern: SegmentPattern) -> [RouteKey] {
        let segments = pattern.segments
        let isWildcard = segments.count > 1 && segments[0].kind == .any
        guard segments.dropFirst(isWildcard ? 1 : 0).allSatisfy({ $0.kind == .literal }) else { return [] }
        let text = pattern.bytes[(isWildcard ? segments[1].range.lowerBound : 0)...]
        return [RouteKey(.host, (isWildcard ? RouteKeyHash.hostSuffix : .host).adding(text))]
    }
}

extension RouteKey {
    /// Which places hold keys at all; a request looks at no others.
    struct Scope: Sendable {
        private(set) var beginnings = 0
        private(set) var segments = 0
        private(set) var ends = 0
        private(set) var hasExtensions = false
        private(set) var hasHosts = false
        private(set) var fields: [(name: String, hash: RouteKeyHash)] = []

        mutating func include(_ key: RouteKey) {
            switch key.place {
            case .beginning(let count): beginnings = max(beginnings, count)
            case .segment(let index): segments = max(segments, index + 1)
            case .end(let index): ends = max(ends, index + 1)
            case .fileExtension: hasExtensions = true
            case .host: hasHosts = true
            case .field(let name):
                if !fields.contains(where: { $0.name == name }) { fields.append((name, .field(name))) }
            }
        }
    }
}

/// FNV-1a with 64 bits. Collisions only cost a look at a route that does not match.
struct RouteKeyHash: Sendable {
    private(set) var value: UInt64

    static var beginning: RouteKeyHash { RouteKeyHash(1) }
    static var host: RouteKeyHash { RouteKeyHash(2) }
    static var hostSuffix: RouteKeyHash { RouteKeyHash(3) }
    /// Of the bytes from the last to the first.
    static var fileExtension: RouteKeyHash { RouteKeyHash(4) }
    static func segment(_ index: Int) -> RouteKeyHash { RouteKeyHash(16 + UInt64(index)) }
    /// Of the bytes from the last to the first.
    static func end(_ index: Int) -> RouteKeyHash { RouteKeyHash(32 + UInt64(index)) }
    /// Of the value.
    static func field(_ name: String) -> RouteKeyHash { RouteKeyHash(5).adding(name.utf8) }

    /// Each place begins elsewhere, far from what a few bytes lead to.
    private init(_ place: UInt64) { value = 0xCBF2_9CE4_8422_2325 ^ (place &* 0x9E37_79B9_7F4A_7C15) }

    @inline(always)
    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

    func adding(_ bytes: some Sequence<UInt8>) -> RouteKeyHash {
        var hash = self
        for byte in bytes { hash.add(byte) }
        return hash
    }
}

extension Glob {
    /// Whether it stands for its own text only.
    fileprivate var isLiteral: Bool { bytes.allSatisfy { $0 != .star && $0 != .question } }
}
