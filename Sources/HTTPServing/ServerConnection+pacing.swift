// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// How much of a body is read at a time: more of a fast one, less of one whose store is slow, and of a slow client's not
/// each packet by itself.
extension ServerConnection {
    /// From what is held in the worst case for an upload whose store does not keep up, to what a store that does is given
    /// at once: the fewer calls, the fewer acknowledgements and wake-ups of the other side.
    static let readLimits = 64 * 1024...512 * 1024

    /// A head and a body of 64 KiB come in one read.
    static let firstReadLimit = 128 * 1024

    /// A slow client's bytes are fetched when so many have come.
    private static let readMark: Int32 = 256 * 1024
    /// The end of a body is fetched as it comes.
    private static let readMarkMinimum: UInt64 = 512 * 1024

    /// After `count` bytes of a body were handed on.
    func adaptReading(to count: Int) {
        guard phase == .readingBody else { return }
        readLimit = wantsBody ? min(readLimit * 2, Self.readLimits.upperBound) : Self.readLimits.lowerBound
        if bodyRemaining <= Self.readMarkMinimum || stallsBelowMark {
            stream.readMark = 1
        } else if wantsBody, count < Self.readLimits.lowerBound {
            stream.readMark = Self.readMark
        }
    }

    /// The body is over, or nobody wants the rest.
    func resetReading() {
        readLimit = Self.firstReadLimit
        stream.readMark = 1
        stallsBelowMark = false
    }

    /// Before a client is called stalled or slow: what it sent may wait, unnoticed, below the mark.
    ///
    /// From then on the mark stays low, so that a client's last bytes before a stall prolong its time once only.
    func readBelowMark() {
        guard phase == .readingBody, wantsBody, stream.readMark > 1 else { return }
        stallsBelowMark = lastRead + context.limits.bodyIdle <= context.loop.now
        readInput()
    }
}
