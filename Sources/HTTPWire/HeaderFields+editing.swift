// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

// Values we write ourselves are checked before they come here; a byte that would end the line is our own mistake and
// stops the process rather than letting a client write header fields to a store. Names that stand in our own program
// are tokens; those that do not are checked.
extension HeaderFields {
    /// Adds a field.
    package mutating func append(_ name: StaticString, _ value: StaticString) {
        assert(Self.isValidValue(value.octets), "a field value holds a line end")
        append(trusted: name.octets, value.octets)
    }

    /// Adds a field; `value` must satisfy `isValidValue`.
    @_disfavoredOverload
    package mutating func append(_ name: StaticString, _ value: String) {
        append(line: name.octets, value.utf8.span)
    }

    /// Adds a field; `value` must satisfy `isValidValue`.
    package mutating func append(_ name: StaticString, bytes value: Span<UInt8>) {
        append(line: name.octets, value)
    }

    /// Adds a field; `name` must be a token and `value` satisfy `isValidValue`.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        precondition(Self.isToken(name), "a field name is a token")
        append(line: name, value)
    }

    /// Adds a field whose value is a decimal number, such as Content-Length.
    package mutating func append(_ name: StaticString, decimal value: UInt64) {
        append(name, upTo: 20) { $0.appendDecimal(value) }
    }

    /// Adds a field whose value of at most `count` bytes `write` puts in place.
    package mutating func append(
        _ name: StaticString, upTo count: Int, writing write: (inout OutputSpan<UInt8>) -> Void
    ) {
        let name = name.octets
        let start = bytes.count
        let valueStart = start &+ name.count &+ 2
        bytes.append(addingCapacity: name.count &+ count &+ 4) { output in
            output.append(name)
            output.append(Byte.colon)
            output.append(Byte.space)
            write(&output)
            output.append(Byte.carriageReturn)
            output.append(Byte.lineFeed)
        }
        let value = valueStart..<bytes.count &- 2
        precondition(Self.isValidValue(bytes.span.extracting(value)), "a field value holds a line end")
        enter(Entry(name: start..<start &+ name.count, value: value), name: name)
    }

    /// Adds a field whose value `write` appends; nothing else may be done to the bytes it is given.
    package mutating func append(_ name: StaticString, writing write: (inout [UInt8]) -> Void) {
        let name = name.octets
        let start = bytes.count
        bytes.append(name)
        bytes.append(": ")
        write(&bytes)
        let value = start &+ name.count &+ 2..<bytes.count
        precondition(Self.isValidValue(bytes.span.extracting(value)), "a field value holds a line end")
        enter(Entry(name: start..<start &+ name.count, value: value), name: name)
        bytes.append("\r\n")
    }

    /// Adds a copy of the field at `index` of `other`.
    package mutating func append(fieldAt index: Int, of other: HeaderFields) {
        let entry = other.entry(at: index)
        let source = other.bytes.span
        append(trusted: source.extracting(entry.name), source.extracting(entry.value))
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field.
    package mutating func set(_ name: StaticString, _ value: StaticString) {
        set(name.octets, value.octets)
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field.
    @_disfavoredOverload
    package mutating func set(_ name: StaticString, _ value: String) {
        set(name.octets, value.utf8.span)
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field.
    package mutating func set(_ name: StaticString, bytes value: Span<UInt8>) {
        set(name.octets, value)
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field; `name` must be a
    /// token.
    package mutating func set(name: Span<UInt8>, value: Span<UInt8>) {
        precondition(Self.isToken(name), "a field name is a token")
        set(name, value)
    }

    /// Drops all fields of that name.
    package mutating func remove(_ name: StaticString) {
        removeAll(name.octets, from: 0)
    }

    private mutating func set(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        guard let index = nextIndex(named: name, from: 0) else { return append(line: name, value) }
        precondition(Self.isValidValue(value), "a field value holds a line end")
        let start = bytes.count
        bytes.append(value)
        replaceEntry(at: index, with: Entry(name: entry(at: index).name, value: start..<bytes.count))
        removeAll(name, from: index &+ 1)
    }

    private mutating func removeAll(_ name: Span<UInt8>, from start: Int) {
        var start = start
        while let index = nextIndex(named: name, from: start) {
            removeEntry(at: index)
            start = index
        }
    }

    private mutating func append(line name: Span<UInt8>, _ value: Span<UInt8>) {
        precondition(Self.isValidValue(value), "a field value holds a line end")
        append(trusted: name, value)
    }

    /// Stores a whole line, so that lines that follow each other are written with one copy.
    private mutating func append(trusted name: Span<UInt8>, _ value: Span<UInt8>) {
        assert(Self.isToken(name), "a field name is a token")
        let start = bytes.count
        let valueStart = start &+ name.count &+ 2
        bytes.append(addingCapacity: name.count &+ value.count &+ 4) {
            $0.append(name, separator: (Byte.colon, Byte.space), value, end: (Byte.carriageReturn, Byte.lineFeed))
        }
        enter(
            Entry(name: start..<start &+ name.count, value: valueStart..<valueStart &+ value.count), name: name)
    }
}
