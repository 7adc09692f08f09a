// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

// Questions and changes by names that are not known before the program runs. Literals take the overloads with
// `StaticString`, whatever their type would be otherwise.
extension HeaderFields {
    /// Adds a field; `name` must be a token and `value` satisfy `isValidValue`.
    package mutating func append(name: String, _ value: String) {
        append(name: name.utf8.span, value: value.utf8.span)
    }

    /// Adds a field; `name` must be a token and `value` satisfy `isValidValue`.
    package mutating func append(name: String, bytes value: Span<UInt8>) {
        append(name: name.utf8.span, value: value)
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field.
    package mutating func set(name: String, bytes value: Span<UInt8>) {
        set(name: name.utf8.span, value: value)
    }

    /// Index of the first field of that name.
    @_disfavoredOverload
    package func firstIndex(of name: String) -> Int? { nextIndex(named: name.utf8.span, from: 0) }

    /// Index of the first field of that name at or after `start`; for walking through fields that repeat.
    @_disfavoredOverload
    package func nextIndex(of name: String, from start: Int) -> Int? { nextIndex(named: name.utf8.span, from: start) }

    /// Value of the first field of that name.
    @_disfavoredOverload
    package func first(_ name: String) -> ArraySlice<UInt8>? { firstIndex(of: name).map { value(at: $0) } }

    /// Value of the first field of that name as text; bytes that are not UTF-8 become U+FFFD.
    @_disfavoredOverload
    package func string(_ name: String) -> String? { first(name).map { String(octets: $0.span) } }

    @_disfavoredOverload
    package func contains(_ name: String) -> Bool { firstIndex(of: name) != nil }

    /// How many fields have that name.
    @_disfavoredOverload
    package func count(of name: String) -> Int { count(named: name.utf8.span) }

    /// Whether a comma-separated list in any field of that name has `element`, without regard to ASCII case.
    @_disfavoredOverload
    package func list(_ name: StaticString, contains element: String) -> Bool {
        list(name, contains: element.utf8.span)
    }

    /// Whether the name of the field at `index` starts with `prefix`.
    @_disfavoredOverload
    package func hasPrefix(_ prefix: String, at index: Int) -> Bool { hasPrefix(octets: prefix.utf8.span, at: index) }

    /// Indices of the fields whose names start with `prefix`, in order (`x-oss-`, `x-tos-meta-`, …).
    package func indices(withPrefix prefix: String) -> [Int] {
        indices.filter { hasPrefix(prefix, at: $0) }
    }
}
