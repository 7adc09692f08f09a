// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Dates of ISO 8601 as the stores write them, all in UTC; years are held within 0…9999.
@usableFromInline
package enum ISO8601 {
    /// Appends the basic form of the V4 signatures, such as `20231114T221320Z`.
    @inlinable
    package static func appendBasic(_ unixSeconds: Int64, to bytes: inout some OctetSink & ~Copyable) {
        bytes.append(addingCapacity: 16) { writeBasic(CivilTime(clamping: unixSeconds), to: &$0) }
    }

    @usableFromInline
    static func writeBasic(_ time: CivilTime, to output: inout OutputSpan<UInt8>) {
        output.append(time, dateSeparator: "")
        output.append("T")
        output.append(time, clockSeparator: "")
        output.append("Z")
    }

    /// The basic form as text.
    package static func basic(_ unixSeconds: Int64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        appendBasic(unixSeconds, to: &bytes)
        return String(octets: bytes.span)
    }

    /// Unix seconds of a basic form; nil for any other spelling.
    package static func parseBasic(_ text: Span<UInt8>) -> Int64? {
        var scanner = DateScanner()
        guard let year = scanner.number(4, text), let month = scanner.number(2, text),
            let day = scanner.number(2, text), scanner.skip("T", text), let hour = scanner.number(2, text),
            let minute = scanner.number(2, text), let second = scanner.number(2, text), scanner.skip("Z", text),
            scanner.position == text.count
        else { return nil }
        return CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)?.unixSeconds
    }

    /// Unix milliseconds of an extended form in UTC, such as `2023-11-14T22:13:20Z`, with any number of digits of the
    /// second's fraction or none, of which those behind the milliseconds are dropped; nil for any other spelling.
    package static func parseExtended(_ text: Span<UInt8>) -> Int64? {
        var scanner = DateScanner()
        guard let year = scanner.number(4, text), scanner.skip("-", text), let month = scanner.number(2, text),
            scanner.skip("-", text), let day = scanner.number(2, text), scanner.skip("T", text),
            let clock = scanner.clock(text)
        else { return nil }
        var milliseconds = 0
        if scanner.skip(".", text) {
            var digits = 0
            while let digit = scanner.number(1, text) {
                if digits < 3 { milliseconds = milliseconds * 10 + digit }
                digits += 1
            }
            guard digits > 0 else { return nil }
            for _ in digits..<max(digits, 3) { milliseconds *= 10 }
        }
        guard scanner.skip("Z", text), scanner.position == text.count,
            let time = CivilTime(
                year: year, month: month, day: day, hour: clock.hour, minute: clock.minute, second: clock.second)
        else { return nil }
        return time.unixSeconds * 1000 + Int64(milliseconds)
    }

    /// Appends the extended form with milliseconds, such as `2023-11-14T22:13:20.000Z`.
    @inlinable
    package static func appendExtendedMilliseconds(
        _ unixMilliseconds: Int64, to bytes: inout some OctetSink & ~Copyable
    ) {
        bytes.append(addingCapacity: 24) { writeExtended(unixMilliseconds, to: &$0) }
    }

    @usableFromInline
    static func writeExtended(_ unixMilliseconds: Int64, to output: inout OutputSpan<UInt8>) {
        let milliseconds = (unixMilliseconds % 1000 + 1000) % 1000
        let seconds = unixMilliseconds / 1000 - (unixMilliseconds % 1000 < 0 ? 1 : 0)
        let time = CivilTime(clamping: seconds)
        output.append(time, dateSeparator: "-")
        output.append("T")
        output.append(time, clockSeparator: ":")
        output.append(".")
        output.appendDecimal(UInt64(milliseconds), digits: 3)
        output.append("Z")
    }

    /// The extended form with milliseconds, as text.
    package static func extendedMilliseconds(_ unixMilliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendExtendedMilliseconds(unixMilliseconds, to: &bytes)
        return String(octets: bytes.span)
    }

    /// Appends the day alone, such as `20231114`: the first element of a V4 credential scope.
    @inlinable
    package static func appendDay(_ unixSeconds: Int64, to bytes: inout some OctetSink & ~Copyable) {
        bytes.append(addingCapacity: 8) { writeDay(CivilTime(clamping: unixSeconds), to: &$0) }
    }

    @usableFromInline
    static func writeDay(_ time: CivilTime, to output: inout OutputSpan<UInt8>) {
        output.append(time, dateSeparator: "")
    }

    /// The day alone, as text.
    package static func day(_ unixSeconds: Int64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8)
        appendDay(unixSeconds, to: &bytes)
        return String(octets: bytes.span)
    }
}
