// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Octets
import Testing

/// Civil time and its spellings.
@Suite struct DateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
        ] as [(Int64, String)])
    func `writes and reads dates of HTTP`(unixSeconds: Int64, text: String) {
        #expect(HTTPDate.text(unixSeconds) == text)
        #expect(HTTPDate.parse(text.utf8.span) == unixSeconds)
    }

    /// RFC 9110 section 5.6.7: three spellings of the same second.
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func `reads the three forms of RFC 9110`(text: String) {
        #expect(HTTPDate.parse(text.utf8.span) == 784_111_777)
    }

    @Test func `reads asctime with two digits, leap seconds and years of two digits`() {
        #expect(HTTPDate.parse("Wed Nov 16 08:49:37 1994".utf8.span) == 784_975_777)
        #expect(HTTPDate.parse("Sat, 31 Dec 2016 23:59:60 GMT".utf8.span) == 1_483_228_800)
        #expect(HTTPDate.parse("Thursday, 01-Jan-70 00:00:00 GMT".utf8.span) == 0)
        #expect(HTTPDate.parse("Tuesday, 31-Dec-69 00:00:00 GMT".utf8.span) == 3_155_673_600)
    }

    @Test(arguments: [
        "", "Sun", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT", " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 94", "Sun Nov  6 08:49:37 1994 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
    ])
    func `refuses any other spelling`(text: String) {
        #expect(HTTPDate.parse(text.utf8.span) == nil)
    }

    @Test func `writes and reads ISO 8601`() {
        #expect(ISO8601.basic(1_700_000_000) == "20231114T221320Z")
        #expect(ISO8601.day(1_700_000_000) == "20231114")
        #expect(ISO8601.parseBasic("20231114T221320Z".utf8.span) == 1_700_000_000)
        #expect(ISO8601.extendedMilliseconds(1_700_000_000_000) == "2023-11-14T22:13:20.000Z")
        #expect(ISO8601.extendedMilliseconds(1_700_000_000_007) == "2023-11-14T22:13:20.007Z")
        #expect(ISO8601.extendedMilliseconds(-1) == "1969-12-31T23:59:59.999Z")
        #expect(ISO8601.extendedMilliseconds(-1000) == "1969-12-31T23:59:59.000Z")
        #expect(ISO8601.extendedMilliseconds(.min) == "0000-01-01T00:00:00.192Z")
    }

    @Test(arguments: [
        "", "20231114", "20231114T221320", "20231114t221320z", "2023-11-14T22:13:20Z", "20231114T221320Z ",
        "20231314T221320Z", "20231131T221320Z", "20231114T241320Z", "20231114T221320+0000", "+0231114T221320Z",
    ])
    func `refuses what is not the basic form`(text: String) {
        #expect(ISO8601.parseBasic(text.utf8.span) == nil)
    }

    @Test func `agrees with Foundation's calendar on random days`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        var random = SeededGenerator(seed: 4)
        for _ in 0..<1000 {
            // From 1600 on: Foundation's calendar is Julian before the reform of 1582.
            let seconds = Int64.random(in: -11_676_096_000...253_402_300_799, using: &random)
            let time = CivilTime(unixSeconds: seconds)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second, .weekday],
                from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(time.year == parts.year && time.month == parts.month && time.day == parts.day)
            #expect(time.hour == parts.hour && time.minute == parts.minute && time.second == parts.second)
            #expect(time.weekday + 1 == parts.weekday)
            #expect(time.unixSeconds == seconds)
            #expect(HTTPDate.parse(HTTPDate.text(seconds).utf8.span) == seconds)
            #expect(ISO8601.parseBasic(ISO8601.basic(seconds).utf8.span) == seconds)
            let milliseconds = seconds * 1000 + 123
            #expect(ISO8601.parseExtended(ISO8601.extendedMilliseconds(milliseconds).utf8.span) == milliseconds)
        }
    }

    @Test(
        arguments: [
            ("2023-11-14T22:13:20Z", 1_700_000_000_000), ("2023-11-14T22:13:20.5Z", 1_700_000_000_500),
            ("2023-11-14T22:13:20.04Z", 1_700_000_000_040), ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123),
            ("2023-11-14T22:13:20.Z", nil), ("2023-11-14T22:13:20", nil), ("2023-11-14T22:13:20Z ", nil),
            ("2023-11-14 22:13:20Z", nil), ("2023-11-31T22:13:20Z", nil), ("2023-11-14T22:13:61Z", nil),
            ("2023-11-14T22:13:20+00:00", nil), ("20231114T221320Z", nil), ("", nil),
        ] as [(String, Int64?)])
    func `reads the extended form with and without fractions`(text: String, milliseconds: Int64?) {
        #expect(ISO8601.parseExtended(text.utf8.span) == milliseconds)
    }

    @Test func `takes any number of seconds`() {
        #expect(CivilTime(unixSeconds: .max).unixSeconds == .max)
        #expect(CivilTime(unixSeconds: .min).unixSeconds == .min)
        #expect(HTTPDate.text(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(HTTPDate.text(.min) == "Sat, 01 Jan 0000 00:00:00 GMT")
    }

    @Test func `knows which days exist`() {
        #expect(CivilTime(year: 2024, month: 2, day: 29) != nil)
        #expect(CivilTime(year: 2000, month: 2, day: 29) != nil)
        for (year, month, day) in [
            (2023, 2, 29), (1900, 2, 29), (2023, 4, 31), (2023, 0, 1), (2023, 13, 1), (2023, 1, 0), (2023, 1, 32),
            (-1, 1, 1), (10_000, 1, 1),
        ] {
            #expect(CivilTime(year: year, month: month, day: day) == nil)
        }
        #expect(CivilTime(year: 2023, month: 1, day: 1, hour: -1) == nil)
    }
}
