// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Sizes and counts that bound what clients can use; bytes unless said otherwise.
package struct Limits: Sendable, Equatable {
    package var uploadSizeBytes: UInt64 = 5 << 30
    package var headBytes: Int = 16 << 10
    /// Open client connections, over all workers.
    package var connections: Int = 10_000
    /// Uploads between their head and their answer, over all workers.
    package var uploadsInFlight: Int = 4096
    /// Memory for bodies on their way, over all workers.
    package var bufferBytes: Int = 256 << 20
    /// The longest answer of an application that is relayed.
    package var callbackAnswerBytes: Int = 1 << 20
    /// Fields and files of one form.
    package var formParts: Int = 1000
    /// The longest value of one field of a form.
    package var formFieldBytes: Int = 64 << 10
    /// The headers of a form's parts and the values of its fields together.
    package var formFieldsBytes: Int = 256 << 10
    /// Of each client, by its name or else its address, whose group has no quota of its own.
    package var client = Quota.unlimited
}

/// How long each party may take, in milliseconds.
package struct Timeouts: Sendable, Equatable {
    /// From the first byte of a head to its last.
    package var headMilliseconds: Int = 10_000
    /// Between two reads of a body.
    package var bodyIdleMilliseconds: Int = 60_000
    /// The slowest body that is tolerated; nil tolerates any that does not stall.
    package var minimumRate: MinimumRate? = MinimumRate(
        bytes: 1 << 10, perMilliseconds: 1000, afterMilliseconds: 30_000)
    /// Between an answer and the next head.
    package var keepAliveMilliseconds: Int = 60_000
    package var storeConnectMilliseconds: Int = 5000
    /// From the last byte sent to a store to the head of its answer.
    package var storeAnswerMilliseconds: Int = 60_000
    /// The same for the completion of a multipart upload.
    package var storeCompleteMilliseconds: Int = 300_000
    /// From SIGTERM until uploads in flight are aborted.
    package var drainMilliseconds: Int = 30_000
}

/// A lower bound of a body's speed, in bytes per period, measured after a time of grace.
package struct MinimumRate: Sendable, Equatable {
    package let bytes: Int
    package let perMilliseconds: Int
    package let afterMilliseconds: Int
}
