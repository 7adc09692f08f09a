// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Bounds on the uploads of one route or of one client, over all workers; nil where there is none.
package struct Quota: Sendable, Equatable {
    /// Uploads between their head and their answer.
    package var uploadsInFlight: Int?
    package var rate: UploadRate?

    package static let unlimited = Quota()

    package init(uploadsInFlight: Int? = nil, rate: UploadRate? = nil) {
        self.uploadsInFlight = uploadsInFlight
        self.rate = rate
    }

    package var isUnlimited: Bool { self == .unlimited }
}

/// A token bucket: how fast uploads may begin, and how many at once after a pause.
package struct UploadRate: Sendable, Equatable {
    /// From one upload to the next, at least 1.
    package let nanosecondsBetween: Int64
    /// At least 1.
    package let burst: Int

    package init(uploads: Int, perMilliseconds: Int, burst: Int) {
        nanosecondsBetween = max(1, Int64(perMilliseconds) * 1_000_000 / Int64(uploads))
        self.burst = burst
    }
}
