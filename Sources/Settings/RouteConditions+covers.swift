// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension RouteConditions {
    /// Whether every request that meets `other` meets this, so that a later route with `other` never gets one.
    func covers(_ other: RouteConditions) -> Bool {
        other.listeners & ~listeners == 0 && methods.isSuperset(of: other.methods) && size.covers(other.size)
            && Self.cover(paths, other.paths) { $0.covers($1) }
            && Self.cover(hosts, other.hosts) { $0.covers($1) }
            && Self.cover(contentTypes, other.contentTypes) { $0.covers($1) }
            && Self.cover(headers, other.headers) && Self.cover(query, other.query)
    }

    /// Each alternative of `narrow` is within one of `wide`; no alternatives mean everything.
    private static func cover<Pattern>(
        _ wide: [Pattern], _ narrow: [Pattern], _ covers: (Pattern, Pattern) -> Bool
    ) -> Bool {
        if wide.isEmpty { return true }
        return !narrow.isEmpty && narrow.allSatisfy { item in wide.contains { covers($0, item) } }
    }

    /// Each demand of `wide` is implied by a demand of `narrow`.
    private static func cover(_ wide: [Named], _ narrow: [Named]) -> Bool {
        wide.allSatisfy { demand in
            narrow.contains { $0.name == demand.name && demand.pattern.covers($0.pattern) }
        }
    }
}
