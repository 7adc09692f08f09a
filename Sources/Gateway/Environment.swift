// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Glibc
internal import Octets

/// The wall clock, which tests may stop.
package struct WallClock: Sendable {
    /// Unix seconds at which the clock stands still; nil for the system's.
    private let fixedSeconds: Int64?

    package init(fixedSeconds: Int64? = nil) { self.fixedSeconds = fixedSeconds }

    /// Milliseconds since 1970, UTC.
    package var milliseconds: Int64 {
        if let fixedSeconds { return fixedSeconds * 1000 }
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Seconds since 1970, UTC.
    package var seconds: Int64 {
        if let fixedSeconds { return fixedSeconds }
        var time = timespec()
        // A few milliseconds behind, for a quarter of the time.
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec)
    }
}

/// What the process takes from outside its config: the clock and chance. Tests and comparisons may fix both, with
/// `PUTBACK_CLOCK` (Unix seconds) and `PUTBACK_SEED` (a number).
package struct Environment: Sendable {
    package var clock: WallClock
    /// Fixes request ids and UUIDs: each loop counts from it.
    package var seed: UInt64?

    package init(clock: WallClock = WallClock(), seed: UInt64? = nil) {
        self.clock = clock
        self.seed = seed
    }

    /// Reads the two variables; unusable values are ignored.
    package init(variables: [String: String]) {
        clock = WallClock(fixedSeconds: variables["PUTBACK_CLOCK"].flatMap { Int64($0) })
        seed = variables["PUTBACK_SEED"].flatMap { UInt64($0) }
    }
}

/// Request ids and UUIDs of one loop. Loop thread only.
final class Identifiers {
    private let source = RequestIDSource()
    private let seed: UInt64?
    private var requests: UInt64 = 0
    private var uuids: UInt64 = 0

    init(seed: UInt64?) { self.seed = seed }

    /// 24 upper-case hexadecimal digits (the shape of `x-oss-request-id`).
    func nextRequestID() -> RequestID {
        guard let seed else { return source.nextID() }
        requests += 1
        return RequestID(prefix: UInt32(truncatingIfNeeded: seed), counter: requests)
    }

    /// A version 4 UUID (RFC 9562), lower-case.
    func nextUUID() -> String {
        guard let seed else { return RandomBytes.uuid() }
        uuids += 1
        return "\(Self.hex(seed, width: 8))-0000-4000-8000-\(Self.hex(uuids, width: 12))"
    }

    private static func hex(_ number: UInt64, width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits.suffix(width)
    }
}
