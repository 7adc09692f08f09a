// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

extension HeaderFields {
    /// Index of the first field of that name.
    package func firstIndex(of name: String) -> Int? {
        nextIndex(of: name, from: 0)
    }

    /// Index of the first field of that name at or after `start`; for walking through fields that repeat.
    package func nextIndex(of name: String, from start: Int) -> Int? {
        let wanted = name.utf8.span
        let all = bytes.span
        var index = start
        while index < entries.count {
            let found = entries[index].name
            if found.count == wanted.count, all.matchesIgnoringCase(wanted, at: found.lowerBound) { return index }
            index &+= 1
        }
        return nil
    }

    /// Value of the first field of that name.
    package func first(_ name: String) -> ArraySlice<UInt8>? {
        firstIndex(of: name).map { value(at: $0) }
    }

    /// Value of the first field of that name as text; bytes that are not UTF-8 become U+FFFD.
    package func string(_ name: String) -> String? {
        firstIndex(of: name).map { String(octets: bytes.span.extracting(entries[$0].value)) }
    }

    package func contains(_ name: String) -> Bool { firstIndex(of: name) != nil }

    /// How many fields have that name.
    package func count(of name: String) -> Int {
        var found = 0
        var start = 0
        while let index = nextIndex(of: name, from: start) {
            found &+= 1
            start = index &+ 1
        }
        return found
    }

    /// Whether the name of the field at `index` starts with `prefix`.
    package func hasPrefix(_ prefix: String, at index: Int) -> Bool {
        let wanted = prefix.utf8.span
        let name = entries[index].name
        return name.count >= wanted.count && bytes.span.matchesIgnoringCase(wanted, at: name.lowerBound)
    }

    /// Indices of the fields whose names start with `prefix`, in order (`x-oss-`, `x-tos-meta-`, …).
    package func indices(withPrefix prefix: String) -> [Int] {
        indices.filter { hasPrefix(prefix, at: $0) }
    }

    /// Whether a comma-separated list in any field of that name has `element`, without regard to ASCII case.
    package func list(_ name: String, contains element: String) -> Bool {
        list(name, contains: element.utf8.span)
    }

    /// Whether a comma-separated list in any field of that name has `element`, without regard to ASCII case.
    package func list(_ name: String, contains element: Span<UInt8>) -> Bool {
        let all = bytes.span
        var start = 0
        while let index = nextIndex(of: name, from: start) {
            let value = entries[index].value
            var position = value.lowerBound
            while position < value.upperBound {
                let (range, next) = all.listElement(from: position, to: value.upperBound)
                if range.count == element.count, all.matchesIgnoringCase(element, at: range.lowerBound) { return true }
                position = next
            }
            start = index &+ 1
        }
        return false
    }
}
