// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// One line of the log: constant event, variable parts as fields. JSON for programs, text on a terminal.
package struct LogLine {
    package enum Level: String, Sendable { case info, warning, error }

    private var bytes: [UInt8] = []
    private let isText: Bool

    /// - Parameter milliseconds: Unix milliseconds.
    package init(_ event: String, level: Level = .info, milliseconds: Int64, isText: Bool) {
        self.isText = isText
        bytes.reserveCapacity(768)
        guard !isText else {
            ISO8601.appendExtendedMilliseconds(milliseconds, to: &bytes)
            bytes.append(" ")
            if level != .info { bytes.append(level.rawValue.uppercased() + " ") }
            bytes.append(event)
            return
        }
        bytes.append("{\"time\":\"")
        ISO8601.appendExtendedMilliseconds(milliseconds, to: &bytes)
        bytes.append("\",\"level\":\"")
        bytes.append(level.rawValue)
        bytes.append("\",\"event\":\"")
        bytes.append(event)
        bytes.append("\"")
    }

    package mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        add(name, bytes: value.utf8.span)
    }

    /// Text of any origin; what is not UTF-8 is shown with replacement characters.
    package mutating func add(_ name: String, bytes value: Span<UInt8>) {
        key(name)
        bytes.appendJSONString(value)
    }

    package mutating func add(_ name: String, number value: UInt64?) {
        guard let value else { return }
        key(name)
        bytes.appendDecimal(value)
    }

    package mutating func add(_ name: String, flag value: Bool?) {
        guard let value else { return }
        key(name)
        bytes.append(value ? "true" : "false")
    }

    private mutating func key(_ name: String) {
        // Piece by piece: an interpolated text would be allocated for each field.
        bytes.append(isText ? " " : ",\"")
        bytes.append(name)
        bytes.append(isText ? "=" : "\":")
    }

    /// The whole line, line end included.
    package consuming func finished() -> [UInt8] {
        bytes.append(isText ? "\n" : "}\n")
        return bytes
    }

    static func dropped(_ count: UInt64) -> [UInt8] {
        Array("{\"level\":\"error\",\"event\":\"log-lines-dropped\",\"count\":\(count)}\n".utf8)
    }
}

/// Where events are logged. Any thread.
package struct Log: Sendable {
    package let writer: LogWriter
    package let clock: WallClock

    package init(writer: LogWriter, clock: WallClock) {
        self.writer = writer
        self.clock = clock
    }

    /// Logs one event; `fill` adds its fields.
    package func event(_ name: String, level: LogLine.Level = .info, _ fill: (inout LogLine) -> Void = { _ in }) {
        var line = LogLine(name, level: level, milliseconds: clock.milliseconds, isText: writer.isText)
        fill(&line)
        writer.write(line.finished())
    }
}
