// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

// Values we write ourselves are checked before they come here; a byte that would end the line is our own mistake and
// stops the process rather than letting a client write header fields to a store.
extension HeaderFields {
    /// Adds a field; `value` must satisfy `isValidValue`.
    package mutating func append(_ name: String, _ value: String) {
        append(name: name.utf8.span, value: value.utf8.span)
    }

    /// Adds a field; `value` must satisfy `isValidValue`.
    package mutating func append(_ name: String, bytes value: Span<UInt8>) {
        append(name: name.utf8.span, value: value)
    }

    /// Adds a field whose value is a decimal number, such as Content-Length.
    package mutating func append(_ name: String, decimal value: UInt64) {
        let nameRange = store(name: name.utf8.span)
        let start = bytes.count
        bytes.appendDecimal(value)
        endLine(name: nameRange, valueStart: start)
    }

    /// Adds a field; `name` must be a token and `value` satisfy `isValidValue`.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        let nameRange = store(name: name)
        let valueRange = store(value: value)
        endLine(name: nameRange, valueStart: valueRange.lowerBound)
    }

    /// Adds a field whose value `write` appends; nothing else may be done to the bytes it is given.
    package mutating func append(_ name: String, writing write: (inout [UInt8]) -> Void) {
        let nameRange = store(name: name.utf8.span)
        let start = bytes.count
        write(&bytes)
        precondition(Self.isValidValue(bytes.span.extracting(start...)), "a field value holds a line end")
        endLine(name: nameRange, valueStart: start)
    }

    /// Adds a copy of the field at `index` of `other`.
    package mutating func append(fieldAt index: Int, of other: HeaderFields) {
        let entry = other.entries[index]
        let source = other.bytes.span
        append(name: source.extracting(entry.name), value: source.extracting(entry.value))
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field.
    package mutating func set(_ name: String, _ value: String) {
        set(name, bytes: value.utf8.span)
    }

    /// Replaces the value of the first field of that name and drops further ones, or adds the field.
    package mutating func set(_ name: String, bytes value: Span<UInt8>) {
        guard let index = firstIndex(of: name) else { return append(name, bytes: value) }
        let nameRange = entries[index].name
        entries[index] = Entry(name: nameRange, value: store(value: value))
        removeAll(name, from: index &+ 1)
    }

    /// Drops all fields of that name.
    package mutating func remove(_ name: String) {
        removeAll(name, from: 0)
    }

    private mutating func removeAll(_ name: String, from start: Int) {
        var start = start
        while let index = nextIndex(of: name, from: start) {
            entries.remove(at: index)
            start = index
        }
    }

    /// Stores a name and its colon, so that the value that follows makes a line of them.
    private mutating func store(name: Span<UInt8>) -> Range<Int> {
        precondition(Self.isToken(name), "a field name is a token")
        let start = bytes.count
        bytes.append(name)
        bytes.append(Byte.colon)
        bytes.append(Byte.space)
        return start..<start &+ name.count
    }

    private mutating func store(value: Span<UInt8>) -> Range<Int> {
        precondition(Self.isValidValue(value), "a field value holds a line end")
        let start = bytes.count
        bytes.append(value)
        return start..<bytes.count
    }

    private mutating func endLine(name: Range<Int>, valueStart: Int) {
        entries.append(Entry(name: name, value: valueStart..<bytes.count))
        bytes.append(Byte.carriageReturn)
        bytes.append(Byte.lineFeed)
    }
}
