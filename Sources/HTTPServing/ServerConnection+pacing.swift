// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// How much of a body is read at a time: more of a fast one, less of one whose store is slow, and of a slow client's not
/// each packet by itself.
extension ServerConnection {
    /// A head and a body of 64 KiB come in one read. This is what may be held for an upload whose store does not keep up.
    static let firstReadLimit = MemoryBudget.shareBytes
    /// After a pause.
    private static let pausedReadLimit = 64 * 1024
    /// Of few uploads at a time so much is read at once: the fewer calls, the fewer acknowledgements and wake-ups of the
    /// other side.
    package static let largestReadLimit = 512 * 1024
    /// Uploads of one loop with more than the first limit: what all of them may hold stays bounded.
    private static let largeReaderLimit = 16

    /// Who brings less at a time than this is slow.
    private static let smallRead = 64 * 1024
    /// TLS records come one by one, each of them a wake-up, a decryption and a packet to the store: of a body so many bytes are
    /// waited for also before its pace is known. They reach the store later by the time that they take on its link.
    private static let firstTLSMark: Int32 = 64 * 1024
    /// The most to wait for; of records no more than one read takes.
    private static let (largestMark, largestTLSMark) = (UInt64(256 * 1024), UInt64(128 * 1024))
    /// A client that falls behind its pace is looked at after this time, before a store tires of waiting.
    static let readMarkWait = Interval.seconds(5)

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
        let isSlow = count < Self.smallRead || stream.readMark > 1
        guard wantsBody, isSlow, !stallsBelowMark else { return stream.readMark = 1 }
        let elapsed = context.loop.now.nanoseconds(since: windowStart) / 1_000_000
        // Records are longer than what is in them, so at least this many bytes are still to come.
        let held = UInt64(stream.heldBytes)
        let remaining = bodyRemaining > held ? bodyRemaining - held : 0
        let first = stream.isTLS ? Self.firstTLSMark : 1
        stream.readMark = Self.readMark(
            bytes: windowBytes, milliseconds: elapsed, remaining: remaining, present: max(stream.readMark, first),
            largest: stream.isTLS ? Self.largestTLSMark : Self.largestMark)
        if stream.readMark > 1 { armBodyTimer() }
    }

    /// How many bytes of a slow body to wait for: what comes in two seconds at its pace so far, and never more than what is
    /// left of it, so that its end is not waited for.
    ///
    /// - Parameters:
    ///   - bytes: what came in so many `milliseconds`.
    ///   - present: the mark so far, kept where the time is too short to tell the pace.
    ///   - largest: the most that it may be.
    static func readMark(
        bytes: UInt64, milliseconds: UInt64, remaining: UInt64, present: Int32, largest: UInt64 = largestMark
    ) -> Int32 {
        var mark = UInt64(present)
        // Steps of 16 KiB: a system call for each change of pace would eat what is won.
        if milliseconds >= 250 { mark = min(bytes * 2000 / milliseconds, largest) & ~(16 * 1024 - 1) }
        mark = min(mark, remaining)
        return mark < 32 * 1024 ? 1 : Int32(mark)
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

    /// Before a client is called stalled or slow, or its store waits for too long: what it sent may lie, unnoticed, below the
    /// mark.
    ///
    /// From then on the mark stays low, so that a client's last bytes before a stall prolong its time once only.
    func readBelowMark() {
        guard phase == .readingBody, wantsBody, stream.readMark > 1 else { return }
        stallsBelowMark = lastRead + context.limits.bodyIdle <= context.loop.now
        let start = bodyRemaining
        // Less than the mark waits, and a read takes at least a quarter of that.
        for _ in 0..<4 {
            let before = bodyRemaining
            readInput()
            guard phase == .readingBody, wantsBody, bodyRemaining < before else { break }
        }
        // Of a client that brought nothing at all the next byte is news.
        if phase == .readingBody, bodyRemaining == start { stream.readMark = 1 }
    }
}
