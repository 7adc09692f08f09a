// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// How much of a body is read at a time: more of a fast one, less of one whose store is slow, and of a slow client's not
/// each packet by itself.
extension ServerConnection {
    /// A head and a body of 64 KiB come in one read. This is what may be held for an upload whose store does not keep up.
    static let firstReadLimit = 128 * 1024
    /// After a pause.
    private static let pausedReadLimit = 64 * 1024
    /// Of few uploads at a time so much is read at once: the fewer calls, the fewer acknowledgements and wake-ups of the
    /// other side.
    private static let largestReadLimit = 512 * 1024
    /// Uploads of one loop with more than the first limit: what all of them may hold stays bounded.
    private static let largeReaderLimit = 16

    /// A slow client's bytes are fetched when so many have come.
    private static let readMark: Int32 = 256 * 1024
    /// Who brings less at a time than this is slow.
    private static let smallRead = 64 * 1024
    /// The end of a body is fetched as it comes.
    private static let readMarkMinimum: UInt64 = 512 * 1024

    /// After a read that brought `count` bytes to copy: the next one is larger if they were many and all were passed on.
    func adaptReadLimit(to count: Int) {
        guard phase == .readingBody else { return }
        guard wantsBody else { return readLimit = Self.pausedReadLimit }
        guard count >= readLimit / 2, readLimit < Self.largestReadLimit else { return }
        guard isLargeReader || readLimit < Self.firstReadLimit || context.largeReaders < Self.largeReaderLimit else {
            return
        }
        readLimit *= 2
        guard readLimit > Self.firstReadLimit, !isLargeReader else { return }
        isLargeReader = true
        context.largeReaders += 1
    }

    /// After `count` bytes of a body were handed on.
    func adaptReadMark(to count: Int) {
        guard phase == .readingBody else { return }
        if bodyRemaining <= Self.readMarkMinimum || stallsBelowMark {
            stream.readMark = 1
        } else if wantsBody, count < Self.smallRead {
            stream.readMark = Self.readMark
        }
    }

    /// The body is over, or nobody wants the rest; before the stream is closed.
    func resetReading() {
        readLimit = Self.firstReadLimit
        stream.readMark = 1
        stallsBelowMark = false
        guard isLargeReader else { return }
        isLargeReader = false
        context.largeReaders -= 1
    }

    /// Before a client is called stalled or slow: what it sent may wait, unnoticed, below the mark.
    ///
    /// From then on the mark stays low, so that a client's last bytes before a stall prolong its time once only.
    func readBelowMark() {
        guard phase == .readingBody, wantsBody, stream.readMark > 1 else { return }
        stallsBelowMark = lastRead + context.limits.bodyIdle <= context.loop.now
        // Less than the mark waits, and a read takes at least a quarter of that.
        for _ in 0..<4 {
            let before = bodyRemaining
            readInput()
            guard phase == .readingBody, wantsBody, bodyRemaining < before else { return }
        }
    }
}
