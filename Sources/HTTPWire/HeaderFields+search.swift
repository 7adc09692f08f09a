// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

// Names that stand in the program are `StaticString`: their bytes are at hand, where those of a short `String` would
// first be copied to the stack. `HeaderFields+names.swift` has the same questions for names from a configuration.
extension HeaderFields {
    /// Index of the first field of that name.
    package func firstIndex(of name: StaticString) -> Int? {
        nextIndex(named: name.octets, from: 0)
    }

    /// Index of the first field of that name at or after `start`; for walking through fields that repeat.
    package func nextIndex(of name: StaticString, from start: Int) -> Int? {
        nextIndex(named: name.octets, from: start)
    }

    /// Index of the first field of that name at or after `start`.
    package func nextIndex(named wanted: Span<UInt8>, from start: Int) -> Int? {
        guard present & Self.bit(of: wanted) != 0 else { return nil }
        let all = bytes.span
        let places = entries.span
        let length = UInt32(truncatingIfNeeded: wanted.count)
        var index = start
        while index < count {
            let entry = places[index]
            if entry.nameCount == length, all.matchesIgnoringCase(wanted, at: Int(entry.nameStart)) { return index }
            index &+= 1
        }
        return nil
    }

    /// Value of the first field of that name.
    package func first(_ name: StaticString) -> ArraySlice<UInt8>? {
        firstIndex(of: name).map { value(at: $0) }
    }

    /// Value of the first field of that name as text; bytes that are not UTF-8 become U+FFFD.
    package func string(_ name: StaticString) -> String? {
        firstIndex(of: name).map { String(octets: bytes.span.extracting(entry(at: $0).value)) }
    }

    package func contains(_ name: StaticString) -> Bool { firstIndex(of: name) != nil }

    /// How many fields have that name.
    package func count(of name: StaticString) -> Int { count(named: name.octets) }

    /// How many fields have that name.
    package func count(named name: Span<UInt8>) -> Int {
        var found = 0
        var start = 0
        while let index = nextIndex(named: name, from: start) {
            found &+= 1
            start = index &+ 1
        }
        return found
    }

    /// Whether the field at `index` has exactly that name, letter case aside.
    package func isNamed(_ name: StaticString, at index: Int) -> Bool {
        bytes.span.holdsIgnoringCase(name, at: entry(at: index).name)
    }

    /// Whether the fields at both places have the same name, letter case aside.
    package func haveSameName(_ one: Int, _ other: Int) -> Bool {
        let (mine, theirs) = (entry(at: one).name, entry(at: other).name)
        guard mine.count == theirs.count else { return false }
        let all = bytes.span
        return all.matchesIgnoringCase(all.extracting(theirs), at: mine.lowerBound)
    }

    /// Whether the name of the field at `index` starts with `prefix`.
    package func hasPrefix(_ prefix: StaticString, at index: Int) -> Bool {
        hasPrefix(octets: prefix.octets, at: index)
    }

    /// Whether the name of the field at `index` starts with `prefix`.
    package func hasPrefix(octets prefix: Span<UInt8>, at index: Int) -> Bool {
        let name = entry(at: index).name
        return name.count >= prefix.count && bytes.span.matchesIgnoringCase(prefix, at: name.lowerBound)
    }

    /// Whether a comma-separated list in any field of that name has `element`, without regard to ASCII case.
    package func list(_ name: StaticString, contains element: StaticString) -> Bool {
        list(name, contains: element.octets)
    }

    /// Whether a comma-separated list in any field of that name has `element`, without regard to ASCII case.
    package func list(_ name: StaticString, contains element: Span<UInt8>) -> Bool {
        let all = bytes.span
        var start = 0
        while let index = nextIndex(of: name, from: start) {
            let value = entry(at: index).value
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
