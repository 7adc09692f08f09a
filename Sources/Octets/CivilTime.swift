// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A second of the proleptic Gregorian calendar in UTC, taken apart without the C library or a time zone.
///
/// The conversion counts in eras of 400 years that start on the first of March (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
@usableFromInline
package struct CivilTime: Sendable, Equatable {
    package let year: Int
    /// 1…12.
    package let month: Int
    /// 1…31.
    package let day: Int
    /// 0…23.
    package let hour: Int
    /// 0…59.
    package let minute: Int
    /// 0…60, where 60 is a leap second that only parsed times can hold.
    package let second: Int

    private static let secondsPerDay = 86_400

    /// The moment so many seconds after 1970-01-01T00:00:00Z; any number is fine.
    package init(unixSeconds: Int64) {
        let (dayNumber, secondOfDay) = Self.floorDivide(Int(unixSeconds), by: Self.secondsPerDay)
        (year, month, day) = Self.date(dayNumber)
        hour = secondOfDay / 3600
        minute = secondOfDay / 60 % 60
        second = secondOfDay % 60
    }

    /// The moment with these parts; nil if there is no such day or time, or the year is not in 0…9999.
    package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard 0...9999 ~= year, 1...12 ~= month, day >= 1, day <= Self.days(inMonth: month, of: year),
            0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// Seconds since 1970-01-01T00:00:00Z; a leap second counts as the first second after it.
    package var unixSeconds: Int64 {
        // Wraps on the way only: the first day that Int64 reaches starts before its smallest second.
        Int64(dayNumber &* Self.secondsPerDay &+ (hour * 3600 + minute * 60 + second))
    }

    /// 0 for Sunday … 6 for Saturday.
    package var weekday: Int {
        Self.floorDivide(dayNumber + 4, by: 7).remainder
    }

    /// Days since 1970-01-01.
    private var dayNumber: Int {
        let (era, yearOfEra) = Self.floorDivide(month <= 2 ? year - 1 : year, by: 400)
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func date(_ dayNumber: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivide(dayNumber + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Division that rounds down, so that times before 1970 work too.
    private static func floorDivide(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension CivilTime {
    /// The moment so many seconds after 1970, held within the years 0…9999 that four digits can write.
    @usableFromInline
    init(clamping unixSeconds: Int64) {
        self.init(unixSeconds: min(max(unixSeconds, -62_167_219_200), 253_402_300_799))
    }
}
