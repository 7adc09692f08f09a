// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Takes off what a store's keys have in front of the client's own; nil if a key begins otherwise. An empty one, such as
/// the marker of a list that is complete, stays so.
func withoutLead(_ key: some Collection<UInt8>, _ lead: [UInt8]) -> [UInt8]? {
    if key.isEmpty { return [] }
    return key.starts(with: lead) ? Array(key.dropFirst(lead.count)) : nil
}

extension JSON {
    /// The same document with the lead taken off the members of those names, wherever they stand; nil if one of them does
    /// not begin with it.
    func withoutLead(_ lead: [UInt8], of names: Set<String>) -> JSON? {
        switch self {
        case .object(var members):
            for index in members.indices {
                let (name, value) = members[index]
                if let text = value.stringValue {
                    guard names.contains(name) else { continue }
                    guard let key = Dialects.withoutLead(text.utf8, lead) else { return nil }
                    members[index].value = .string(String(octets: key.span))
                } else {
                    guard let changed = value.withoutLead(lead, of: names) else { return nil }
                    members[index].value = changed
                }
            }
            return .object(members)
        case .array(var elements):
            for index in elements.indices {
                guard let changed = elements[index].withoutLead(lead, of: names) else { return nil }
                elements[index] = changed
            }
            return .array(elements)
        default: return self
        }
    }
}
