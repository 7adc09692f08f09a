// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Header fields in the order they came: one run of bytes and the positions of names and values in it.
///
/// The bytes of a field that we add are those of its line, and so are those of a parsed head: lines that stand next to
/// each other are written with one copy. Names compare without regard to ASCII case. `removeAll` keeps the storage, so a value that is filled again and again
/// stops allocating. Slices handed out retain the storage: drop them before the fields are changed, or pay a copy.
package struct HeaderFields: Sendable {
    /// Where one field stands in `bytes`; 16 bytes, so that a head of ten fields is three cache lines.
    struct Entry: Sendable {
        var nameStart: UInt32
        var nameCount: UInt32
        var valueStart: UInt32
        var valueCount: UInt32

        @inline(__always)
        init(name: Range<Int>, value: Range<Int>) {
            nameStart = UInt32(truncatingIfNeeded: name.lowerBound)
            nameCount = UInt32(truncatingIfNeeded: name.count)
            valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
            valueCount = UInt32(truncatingIfNeeded: value.count)
        }

        @inline(__always)
        var name: Range<Int> { Int(nameStart)..<Int(nameStart) &+ Int(nameCount) }
        @inline(__always)
        var value: Range<Int> { Int(valueStart)..<Int(valueStart) &+ Int(valueCount) }
        /// Where the field stands if name, colon, space, value and line end follow each other.
        @inline(__always)
        var line: Range<Int> { Int(nameStart)..<Int(valueStart) &+ Int(valueCount) &+ 2 }

        /// Whether they do. Nothing but the end of its line ever puts a CR behind a value, and a LF behind that.
        @inline(__always)
        func isLine(in bytes: Span<UInt8>) -> Bool {
            let nameEnd = name.upperBound
            let lineEnd = value.upperBound
            return value.lowerBound == nameEnd &+ 2 && bytes[nameEnd] == Byte.colon
                && bytes[nameEnd &+ 1] == Byte.space && lineEnd < bytes.count
                && bytes[lineEnd] == Byte.carriageReturn
        }
    }

    /// All names and values, with whatever stands between them; read it through `nameRange(at:)` and
    /// `valueRange(at:)` where a slice would cost too much.
    package internal(set) var bytes: [UInt8] = []
    /// Where the fields stand: the first `count` elements. The rest is left from before: overwriting costs a third of
    /// emptying and appending.
    private(set) var entries: [Entry] = []
    package private(set) var count = 0
    /// A bit for each name that is or was here (`bit(of:)`), so that most questions about absent fields end at once.
    private(set) var present: UInt64 = 0

    package init() {}

    /// Without fields, with room for some: what is known to hold a handful of them is allocated once.
    ///
    /// - Parameter bytes: of all names and values, with four for each field.
    package init(roomFor fields: Int, bytes: Int) {
        entries.reserveCapacity(fields)
        self.bytes.reserveCapacity(bytes)
    }

    package var isEmpty: Bool { count == 0 }
    package var indices: Range<Int> { 0..<count }

    package func nameRange(at index: Int) -> Range<Int> { entry(at: index).name }
    package func valueRange(at index: Int) -> Range<Int> { entry(at: index).value }
    package func name(at index: Int) -> ArraySlice<UInt8> { bytes[entry(at: index).name] }
    package func value(at index: Int) -> ArraySlice<UInt8> { bytes[entry(at: index).value] }

    @inline(__always)
    func entry(at index: Int) -> Entry {
        precondition(index < count, "there is such a field")
        return entries[index]
    }

    /// Drops all fields and keeps the storage.
    package mutating func removeAll() {
        present = 0
        count = 0
        // Emptying what is empty would still cost a hundred instructions.
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
    }

    /// Enters a field whose name `name` stands, or will stand, at the place that the entry tells.
    @inline(__always)
    mutating func enter(_ entry: Entry, name: Span<UInt8>) {
        present |= Self.bit(of: name)
        if count < entries.count { entries[count] = entry } else { entries.append(entry) }
        count &+= 1
    }

    mutating func replaceEntry(at index: Int, with entry: Entry) {
        precondition(index < count, "there is such a field")
        entries[index] = entry
    }

    mutating func removeEntry(at index: Int) {
        precondition(index < count, "there is such a field")
        entries.remove(at: index)
        count &-= 1
    }

    /// One of 64 bits, made of length and first letter; the same for both cases.
    @inline(__always)
    static func bit(of name: Span<UInt8>) -> UInt64 {
        guard !name.isEmpty else { return 1 }
        return 1 &<< (UInt64(truncatingIfNeeded: name.count) &* 5 &+ UInt64(name[0] & 0x1F))
    }

    /// Whether `value` may stand in a header field: no control character but tab (RFC 9110 §5.5).
    package static func isValidValue(_ value: Span<UInt8>) -> Bool {
        value.endOfText(from: 0, to: value.count) == value.count
    }

    /// Whether `name` is a token, as field names and methods must be (RFC 9110 §5.6.2).
    package static func isToken(_ name: Span<UInt8>) -> Bool {
        !name.isEmpty && name.endOfToken(from: 0, to: name.count) == name.count
    }
}

extension HeaderFields: Equatable {
    /// Same names (as written), same values, same order.
    package static func == (left: HeaderFields, right: HeaderFields) -> Bool {
        left.count == right.count
            && left.indices.allSatisfy { index in
                left.name(at: index) == right.name(at: index) && left.value(at: index) == right.value(at: index)
            }
    }
}
