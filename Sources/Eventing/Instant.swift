// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A point on the monotonic clock, in nanoseconds; never steps when the wall clock does.
package struct Instant: Comparable, Hashable, Sendable {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The present (`CLOCK_MONOTONIC`).
    package static var now: Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds &+ duration.wholeNanoseconds)
    }

    /// The time that passed from `earlier` to this instant, zero when it is the later one.
    package func since(_ earlier: Instant) -> Duration {
        .nanoseconds(Int64(nanoseconds(since: earlier)))
    }

    /// Nanoseconds from `earlier` to this instant, zero when it is the later one.
    package func nanoseconds(since earlier: Instant) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// Milliseconds from `earlier` to this instant.
    package func milliseconds(since earlier: Instant) -> UInt64 {
        nanoseconds(since: earlier) / 1_000_000
    }
}

/// A length of time in whole nanoseconds: what a ``Duration`` becomes where it is added often.
package struct Interval: Comparable, Sendable {
    package let nanoseconds: UInt64

    /// Negative durations become zero.
    package init(_ duration: Duration) { nanoseconds = duration.wholeNanoseconds }

    package static func seconds(_ count: Int) -> Interval { Interval(.seconds(count)) }
    package static func milliseconds(_ count: Int) -> Interval { Interval(.milliseconds(count)) }

    package static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (instant: Instant, interval: Interval) -> Instant {
        Instant(nanoseconds: instant.nanoseconds &+ interval.nanoseconds)
    }
}

extension Duration {
    /// The duration in nanoseconds, zero when negative, and at most 292 years.
    package var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 9_000_000_000 else { return UInt64(Int64.max) }
        return UInt64(seconds) &* 1_000_000_000 &+ UInt64(attoseconds / 1_000_000_000)
    }
}
