// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import DirectoryStore
internal import Eventing
internal import Octets

/// A directory as the place where an upload, or a part of one, goes. Loop thread only; the file work runs on a disk thread.
///
/// Bytes are copied once to cross the threads; at most ``window`` bytes are on their way.
final class DirectorySink: UploadSink {
    /// Bytes that may wait for the disk before the client is slowed down.
    private static let window = 256 * 1024

    private let loop: EventLoop
    private let queue: DiskQueue
    private let writer: DirectoryWriter
    /// Weak: an aborted upload does not wait for the disk.
    private weak var handler: (any UploadSinkHandler)?
    private var waiting = 0
    /// One count, of what waits in all sinks of the loop.
    private let buffered: LoopCounters
    private var room: MemoryRoom
    private var isPaused = false
    private var isOver = false

    /// Begins the object; a refusal comes by `sinkFailed`.
    init(
        store: DirectoryStore, target: DirectoryTarget, loop: EventLoop, queue: DiskQueue, buffered: LoopCounters,
        budget: MemoryBudget, handler: any UploadSinkHandler
    ) {
        self.buffered = buffered
        self.loop = loop
        self.queue = queue
        self.handler = handler
        room = MemoryRoom(budget, freeBytes: MemoryBudget.shareBytes)
        writer = DirectoryWriter(store: store, target: target, room: MemoryRoom(budget))
        perform { $0.begin() }
    }

    func send(_ bytes: Span<UInt8>) -> Bool {
        guard !isOver else { return true }
        var copy: [UInt8] = []
        copy.append(bytes)
        let count = copy.count
        waiting += count
        buffered.add(count)
        perform({ [copy] in $0.write(copy) }, after: { $0.wrote(count) })
        isPaused = !room.mayHold(waiting) || waiting >= Self.window
        return !isPaused
    }

    func finish() {
        guard !isOver else { return }
        queue.execute { [writer, loop, self] in
            let verdict = writer.commit()
            loop.execute { self.committed(verdict) }
        }
    }

    func recycle() {}

    func abort() {
        guard !isOver else { return }
        isOver = true
        queue.execute { [writer] in writer.abort() }
    }

    /// Runs file work and then, on the loop, looks whether it went well.
    private func perform(
        _ work: @escaping @Sendable (DirectoryWriter) -> Failure?,
        after: @escaping @Sendable (DirectorySink) -> Void = { _ in }
    ) {
        queue.execute { [writer, loop, self] in
            let failure = work(writer)
            loop.execute {
                after(self)
                if let failure { self.failed(failure) }
            }
        }
    }

    private func wrote(_ count: Int) {
        waiting -= count
        buffered.add(-count)
        _ = room.mayHold(waiting)
        guard isPaused, waiting <= Self.window / 2, !isOver else { return }
        isPaused = false
        handler?.sinkWritable()
    }

    private func failed(_ failure: Failure) {
        guard !isOver else { return }
        abort()
        handler?.sinkDecided(.refused(failure, relay: nil))
    }

    private func committed(_ verdict: StoreVerdict) {
        // An abort in between came too late to undo the commit; nobody is told either way.
        guard !isOver else { return }
        isOver = true
        handler?.sinkDecided(verdict)
    }
}

// Confined to its loop; crosses to the disk thread only as the address to which results are posted back.
extension DirectorySink: @unchecked Sendable {}
