// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// How the end of a message body is told (RFC 9112 §6.3).
package enum BodyFraming: Sendable, Equatable {
    /// No body, whatever the header fields say.
    case none
    /// Exactly so many bytes; at most `Int64.max`.
    case length(UInt64)
    /// Chunks, up to the last one and the trailers.
    case chunked
    /// Until the connection closes; only answers can be framed so.
    case untilClose
}
