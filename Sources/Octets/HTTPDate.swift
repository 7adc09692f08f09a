// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Dates in HTTP fields (RFC 9110 section 5.6.7), all in GMT.
@usableFromInline
package enum HTTPDate {
    private static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let longWeekdays: [StaticString] = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Appends an IMF-fixdate such as `Tue, 14 Nov 2023 22:13:20 GMT`; years are held within 0…9999.
    @inlinable
    package static func append(_ unixSeconds: Int64, to bytes: inout some OctetSink & ~Copyable) {
        bytes.append(addingCapacity: 29) { write(CivilTime(clamping: unixSeconds), to: &$0) }
    }

    @usableFromInline
    static func write(_ time: CivilTime, to output: inout OutputSpan<UInt8>) {
        output.append(weekdays[time.weekday])
        output.append(", ")
        output.appendDecimal(UInt64(time.day), digits: 2)
        output.append(" ")
        output.append(months[time.month - 1])
        output.append(" ")
        output.appendDecimal(UInt64(time.year), digits: 4)
        output.append(" ")
        output.append(time, clockSeparator: ":")
        output.append(" GMT")
    }

    /// The IMF-fixdate as text.
    package static func text(_ unixSeconds: Int64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        append(unixSeconds, to: &bytes)
        return String(octets: bytes.span)
    }

    /// Unix seconds of a date in one of the three forms that recipients must accept: IMF-fixdate, RFC 850, asctime.
    ///
    /// Letter case and spacing must be exact. The name of the weekday must be one, but is not compared with the
    /// date. Years of two digits mean 1970…2069: the rule of RFC 9110 (at most 50 years ahead) would need a clock.
    package static func parse(_ text: Span<UInt8>) -> Int64? {
        fixdate(text) ?? rfc850(text) ?? asctime(text)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    private static func fixdate(_ text: Span<UInt8>) -> Int64? {
        var scanner = DateScanner()
        guard scanner.name(in: weekdays, text) != nil, scanner.skip(", ", text), let day = scanner.number(2, text),
            scanner.skip(" ", text), let month = scanner.name(in: months, text), scanner.skip(" ", text),
            let year = scanner.number(4, text), scanner.skip(" ", text), let clock = scanner.clock(text),
            scanner.skip(" GMT", text), scanner.position == text.count
        else { return nil }
        return moment(year: year, month: month, day: day, clock)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    private static func rfc850(_ text: Span<UInt8>) -> Int64? {
        var scanner = DateScanner()
        guard scanner.name(in: longWeekdays, text) != nil, scanner.skip(", ", text),
            let day = scanner.number(2, text), scanner.skip("-", text), let month = scanner.name(in: months, text),
            scanner.skip("-", text), let year = scanner.number(2, text), scanner.skip(" ", text),
            let clock = scanner.clock(text), scanner.skip(" GMT", text), scanner.position == text.count
        else { return nil }
        return moment(year: year < 70 ? year + 2000 : year + 1900, month: month, day: day, clock)
    }

    /// `Sun Nov  6 08:49:37 1994`
    private static func asctime(_ text: Span<UInt8>) -> Int64? {
        var scanner = DateScanner()
        guard scanner.name(in: weekdays, text) != nil, scanner.skip(" ", text),
            let month = scanner.name(in: months, text), scanner.skip(" ", text),
            let day = scanner.skip(" ", text) ? scanner.number(1, text) : scanner.number(2, text),
            scanner.skip(" ", text), let clock = scanner.clock(text), scanner.skip(" ", text),
            let year = scanner.number(4, text), scanner.position == text.count
        else { return nil }
        return moment(year: year, month: month, day: day, clock)
    }

    private static func moment(year: Int, month: Int, day: Int, _ clock: DateScanner.Clock) -> Int64? {
        CivilTime(
            year: year, month: month + 1, day: day, hour: clock.hour, minute: clock.minute, second: clock.second)?
            .unixSeconds
    }
}

extension OutputSpan<UInt8> {
    /// Appends a literal.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(text.octets)
    }

    /// Appends hour, minute and second with two digits each.
    mutating func append(_ time: CivilTime, clockSeparator separator: StaticString) {
        appendDecimal(UInt64(time.hour), digits: 2)
        append(separator)
        appendDecimal(UInt64(time.minute), digits: 2)
        append(separator)
        appendDecimal(UInt64(time.second), digits: 2)
    }

    /// Appends year, month and day with four, two and two digits.
    mutating func append(_ time: CivilTime, dateSeparator separator: StaticString) {
        appendDecimal(UInt64(time.year), digits: 4)
        append(separator)
        appendDecimal(UInt64(time.month), digits: 2)
        append(separator)
        appendDecimal(UInt64(time.day), digits: 2)
    }
}
