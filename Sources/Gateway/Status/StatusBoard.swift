// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing

/// Asks all loops what they do, on behalf of who reads the status page. Loop thread of the admin port only.
///
/// Loops are asked, not looked into: what an upload is doing is known on its own thread only. One that does not answer in
/// time is left out and said to be silent.
final class StatusBoard: DeadlineHandler {
    static let uploadLimit = 200
    private static let patience = Interval.seconds(1)
    /// The shortest time over which a rate says something.
    private static let rateNanoseconds: UInt64 = 500_000_000

    /// What came back.
    struct Answer {
        var reports: [LoopReport]
        var silentLoops: Int
        /// Bytes a second of each upload since it was seen last.
        var rates: [RequestID: Double]
        var now: Instant
    }

    private let loop: EventLoop
    private let workers: [Worker]
    private let timer: DeadlineTimer
    private var waiting: [(Answer) -> Void] = []
    private var round: Round?
    private var seen: [RequestID: (received: UInt64, rate: Double)] = [:]
    private var seenAt = Instant(nanoseconds: 0)

    init(loop: EventLoop, workers: [Worker]) {
        self.loop = loop
        self.workers = workers
        timer = DeadlineTimer(loop: loop)
        timer.handler = self
    }

    /// Calls `use` with what the loops say, later; who asks meanwhile is told the same.
    func ask(_ use: @escaping (Answer) -> Void) {
        waiting.append(use)
        guard round == nil else { return }
        let round = Round(expected: workers.count) { [unowned self] in end() }
        self.round = round
        timer.start(Self.patience)
        for worker in workers {
            worker.loop.execute { [loop] in
                let report = worker.report(uploadLimit: Self.uploadLimit)
                loop.execute { round.add(report) }
            }
        }
    }

    /// Answers nobody any more.
    func close() {
        timer.cancel()
        round?.cancel()
        round = nil
        waiting = []
    }

    func deadlinePassed(_ timer: DeadlineTimer) { end() }

    private func end() {
        guard let round else { return }
        timer.cancel()
        round.cancel()
        self.round = nil
        let now = Instant.now
        remember(round.reports, now)
        let answer = Answer(
            reports: round.reports, silentLoops: workers.count - round.reports.count, rates: seen.mapValues(\.rate),
            now: now)
        let waiting = self.waiting
        self.waiting = []
        for use in waiting { use(answer) }
    }

    private func remember(_ reports: [LoopReport], _ now: Instant) {
        let elapsed = now.nanoseconds(since: seenAt)
        guard elapsed >= Self.rateNanoseconds else { return }
        var next: [RequestID: (received: UInt64, rate: Double)] = [:]
        for upload in reports.lazy.flatMap(\.uploads) {
            let before = seen[upload.id]
            // Of one that was not seen before, since it began.
            let nanoseconds = before == nil ? now.nanoseconds(since: upload.started) : elapsed
            let bytes = upload.received - min(upload.received, before?.received ?? 0)
            next[upload.id] = (upload.received, Double(bytes) * 1e9 / Double(max(1, nanoseconds)))
        }
        seen = next
        seenAt = now
    }
}

/// What has been answered so far, touched on the asking loop only.
///
/// It knows no loop: a closure that holds it may stay behind in the inbox of one that has ended.
private final class Round: @unchecked Sendable {
    // Sendable so that it can travel through the inboxes of the loops that are asked; they do not touch it.
    private(set) var reports: [LoopReport] = []
    private let expected: Int
    private var whenComplete: (() -> Void)?

    init(expected: Int, whenComplete: @escaping () -> Void) {
        self.expected = expected
        self.whenComplete = whenComplete
    }

    func add(_ report: LoopReport) {
        guard let whenComplete else { return }
        reports.append(report)
        if reports.count == expected { whenComplete() }
    }

    func cancel() { whenComplete = nil }
}
