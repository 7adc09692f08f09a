// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Octets

/// One line of the log: constant event, variable parts as fields. JSON for programs, text on a terminal.
package struct LogLine: ~Copyable {
    package enum Level: String, Sendable { case info, warning, error }

    private var bytes: OctetBuffer
    private let isText: Bool

    /// Begins a line behind what the buffer holds, which ``finished()`` gives back.
    ///
    /// - Parameters:
    ///   - time: when it happened, as ISO 8601.
    package init(
        _ event: StaticString, level: Level = .info, time: Span<UInt8>, isText: Bool,
        in buffer: consuming OctetBuffer = OctetBuffer()
    ) {
        self.isText = isText
        bytes = buffer
        guard !isText else {
            bytes.append(time)
            bytes.append(UInt8(ascii: " "))
            if level != .info {
                bytes.append(level.rawValue.uppercased())
                bytes.append(UInt8(ascii: " "))
            }
            bytes.append(event)
            return
        }
        bytes.append("{\"time\":\"")
        bytes.append(time)
        bytes.append("\",\"level\":\"")
        bytes.append(level.rawValue)
        bytes.append("\",\"event\":\"")
        bytes.append(event)
        bytes.append("\"")
    }

    package mutating func add(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        add(name, bytes: value.utf8.span)
    }

    /// Text of any origin; what is not UTF-8 is shown with replacement characters.
    package mutating func add(_ name: StaticString, bytes value: Span<UInt8>) {
        key(name)
        bytes.appendJSONString(value)
    }

    /// The same for a slice, which is lent rather than copied from its owner.
    mutating func add(_ name: StaticString, bytes value: ArraySlice<UInt8>) {
        add(name, bytes: value.span)
    }

    /// A word of the program's own, which needs no escape.
    mutating func add(_ name: StaticString, word: String) {
        key(name)
        bytes.append(Self.quote)
        bytes.append(word)
        bytes.append(Self.quote)
    }

    /// Text that is known to need no escape, written by `write`.
    mutating func add(_ name: StaticString, _ write: (inout OctetBuffer) -> Void) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        write(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Adds fields that were rendered before, for lines of the same form.
    mutating func add(_ fields: LogFields) {
        bytes.append(fields.bytes)
    }

    package mutating func add(_ name: StaticString, number value: UInt64?) {
        guard let value else { return }
        key(name)
        bytes.appendDecimal(value)
    }

    package mutating func add(_ name: StaticString, flag value: Bool?) {
        guard let value else { return }
        key(name)
        bytes.append(value ? "true" : "false")
    }

    @inline(never)
    private mutating func key(_ name: StaticString) {
        guard isText else { return bytes.append((Self.comma, Self.quote), name.octets, (Self.quote, Self.colon)) }
        bytes.append(" ")
        bytes.append(name)
        bytes.append("=")
    }

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let colon = UInt8(ascii: ":")

    /// The fields alone, of a line that was begun by ``init(fieldsAsText:)``.
    fileprivate consuming func fields() -> [UInt8] {
        var fields: [UInt8] = []
        fields.append(bytes.span)
        return fields
    }

    /// Begins fields without a line.
    fileprivate init(fieldsAsText isText: Bool) {
        self.isText = isText
        bytes = OctetBuffer()
    }

    /// The whole line, line end included.
    package consuming func finished() -> OctetBuffer {
        bytes.append(isText ? "\n" : "}\n")
        return bytes
    }

    static func dropped(_ count: UInt64) -> [UInt8] {
        Array("{\"level\":\"error\",\"event\":\"log-lines-dropped\",\"count\":\(count)}\n".utf8)
    }
}

/// Fields that are the same in many lines, rendered once.
struct LogFields: Sendable {
    fileprivate let bytes: [UInt8]

    init(isText: Bool, _ fill: (inout LogLine) -> Void) {
        var line = LogLine(fieldsAsText: isText)
        fill(&line)
        bytes = line.fields()
    }
}
