// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Octets

/// Where events are logged. Any thread.
package struct Log: Sendable {
    package let writer: LogWriter
    package let clock: WallClock

    package init(writer: LogWriter, clock: WallClock) {
        self.writer = writer
        self.clock = clock
    }

    /// Logs one event; `fill` adds its fields.
    package func event(
        _ name: StaticString, level: LogLine.Level = .info, _ fill: (inout LogLine) -> Void = { _ in }
    ) {
        var time: [UInt8] = []
        ISO8601.appendExtendedMilliseconds(clock.milliseconds, to: &time)
        var line = LogLine(name, level: level, time: time.span, isText: writer.isText)
        fill(&line)
        let bytes = line.finished()
        writer.write(bytes.span)
    }
}

/// The log as one loop writes it: the lines of a turn together, in memory that is used again. Loop thread only.
final class LoopLog: TurnEndHandler {
    /// A turn that wrote more does not keep its memory.
    private static let keptBytes = 64 * 1024

    private let log: Log
    private let loop: EventLoop
    /// The lines of this turn.
    private var buffer = OctetBuffer(capacity: 4096)
    private var lineCount: UInt64 = 0
    /// The second that `time` shows, and where its milliseconds stand.
    private var second = Int64.min
    private var time: [UInt8] = []

    init(_ log: Log, loop: EventLoop) {
        self.log = log
        self.loop = loop
    }

    /// Fields for ``LogLine/add(_:)-(LogFields)`` in the form of this log.
    func fields(_ fill: (inout LogLine) -> Void) -> LogFields { LogFields(isText: log.writer.isText, fill) }

    /// Logs one event; `fill` adds its fields.
    func event(_ name: StaticString, level: LogLine.Level = .info, _ fill: (inout LogLine) -> Void) {
        writeTime(log.clock.milliseconds)
        var lines = OctetBuffer()
        swap(&lines, &buffer)
        let time = time
        var line = LogLine(name, level: level, time: time.span, isText: log.writer.isText, in: lines)
        fill(&line)
        buffer = line.finished()
        lineCount += 1
        if lineCount == 1 { loop.atEndOfTurn(self) }
    }

    func turnEnds() {
        buffer.withSpan { log.writer.write($0, lineCount: lineCount) }
        buffer.removeAll(keepingAtMost: Self.keptBytes)
        lineCount = 0
    }

    /// `YYYY-MM-DDThh:mm:ss.mmmZ`, of which only the milliseconds change within a second.
    private func writeTime(_ milliseconds: Int64) {
        let (now, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard now == second, fraction >= 0 else {
            second = fraction >= 0 ? now : .min
            time.removeAll(keepingCapacity: true)
            return ISO8601.appendExtendedMilliseconds(milliseconds, to: &time)
        }
        let digits = time.count - 4
        let zero = UInt8(ascii: "0")
        time[digits] = zero + UInt8(truncatingIfNeeded: fraction / 100)
        time[digits + 1] = zero + UInt8(truncatingIfNeeded: fraction / 10 % 10)
        time[digits + 2] = zero + UInt8(truncatingIfNeeded: fraction % 10)
    }
}
