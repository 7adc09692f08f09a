// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Settings
internal import Synchronization
internal import Upstream

/// What all workers count together.
final class SharedCounters: Sendable {
    let connections = Atomic<Int>(0)
    /// `limits.buffers`, and how many uploads have their share of it.
    let budget = MemoryBudget()
}

/// One loop with its listeners, client connections and store connections. Loop thread only, except where said.
final class Worker: @unchecked Sendable {
    // Sendable so that the gateway can post to its loop; everything else is touched on the loop thread.
    let loop: EventLoop
    let environment: Environment
    let log: LoopLog
    let disk: DiskPool
    let counters: SharedCounters
    let metrics: MetricsShard
    let identifiers: Identifiers
    let upstream: UpstreamContext
    /// nil where no state is kept.
    let notes: MultipartNotes?
    private let pipes: PipePool
    private(set) var runtime: Runtime!
    private var frontends: [Frontend] = []
    /// Listeners that a reload dropped, while they have clients.
    private var retired: [Frontend] = []
    private var uploads = Slots<Upload>()
    /// For the status page.
    private(set) var history: LoopHistory
    var failures = FailureRing()
    private(set) var isDraining = false
    private var whenDrained: (() -> Void)?

    init(
        loop: EventLoop, environment: Environment, log: Log, disk: DiskPool, counters: SharedCounters,
        metrics: MetricsShard, notes: MultipartNotes? = nil
    ) {
        self.notes = notes
        self.loop = loop
        history = LoopHistory(now: .now)
        self.environment = environment
        self.log = LoopLog(log, loop: loop)
        self.disk = disk
        self.counters = counters
        self.metrics = metrics
        identifiers = Identifiers(seed: environment.seed)
        upstream = UpstreamContext(loop: loop, buffered: metrics.bufferedBytes, budget: counters.budget)
        pipes = PipePool(loop: loop)
    }

    /// Takes a snapshot into use, with the sockets that are new in it; sockets of addresses that it lacks close.
    func apply(_ snapshot: Snapshot, sockets: [Int: ListeningSocket]) {
        loop.preconditionInLoop()
        let old = runtime
        let runtime = Runtime(worker: self, snapshot: snapshot)
        self.runtime = runtime
        var next: [Frontend] = []
        for (index, listener) in snapshot.settings.listeners.enumerated() {
            let context = ServingContext(
                loop: loop, limits: ServingLimits(snapshot.settings), pipes: pipes, budget: counters.budget
            ) { [clock = environment.clock] in clock.seconds }
            if let socket = sockets[index] {
                next.append(
                    Frontend(
                        worker: self, runtime: runtime, listenerIndex: index, settings: listener, context: context,
                        socket: socket))
            } else if let kept = frontends.first(where: { $0.configured == listener.address }) {
                kept.reconfigure(runtime: runtime, listenerIndex: index, settings: listener, context: context)
                next.append(kept)
            }
        }
        for frontend in frontends where !next.contains(where: { $0 === frontend }) {
            frontend.drain()
            if !frontend.isEmpty { retired.append(frontend) }
        }
        frontends = next
        old?.retire()
    }

    func uploadStarted(_ upload: Upload) {
        if loop.now.nanoseconds >= history.boundary { lookBack(now: loop.now) }
        upload.slot = uploads.insert(upload)
    }

    func uploadEnded(_ upload: Upload) {
        guard let slot = upload.slot else { return }
        // Before it counts: it ends in another period than what was counted so far.
        if loop.now.nanoseconds >= history.boundary { lookBack(now: loop.now) }
        upload.slot = nil
        uploads.remove(at: slot)
        counters.budget.leave()
        lookWhetherDrained()
    }

    var uploadsUnderWay: [Upload] { uploads.all }

    /// Notes what was done since the last time.
    @inline(never)
    func lookBack(now: Instant) {
        let unfinished = uploads.all.reduce(0) { $0 + Int(truncatingIfNeeded: $1.received) }
        history.look(now: now, metrics, unfinishedBytes: unfinished)
    }

    /// Takes back ``admitUpload()``, for what was admitted and is no upload now.
    func releaseUpload() { counters.budget.leave() }

    /// Whether one more upload is within the limits; counts it if so.
    func admitUpload() -> Bool { counters.budget.enter(most: runtime.settings.limits.uploadsInFlight) }

    // MARK: - End

    /// Stops accepting, lets requests finish, and calls `completion` when none is left.
    func drain(_ completion: @escaping () -> Void) {
        isDraining = true
        whenDrained = completion
        for frontend in frontends { frontend.drain() }
        for frontend in retired { frontend.drain() }
        lookWhetherDrained()
    }

    /// Ends what has not finished.
    func abortAll() {
        for upload in uploads.all { upload.cancel() }
        for frontend in frontends + retired { frontend.close() }
        lookWhetherDrained()
    }

    /// Closes everything, as the last work of the loop: connections and their pools hold each other.
    func end() {
        abortAll()
        runtime.retire()
        runtime = nil
        frontends = []
        retired = []
    }

    func connectionEnded(of frontend: Frontend) {
        counters.connections.subtract(1, ordering: .relaxed)
        if frontend.isEmpty { retired.removeAll { $0 === frontend } }
        lookWhetherDrained()
    }

    private func lookWhetherDrained() {
        guard isDraining, uploads.isEmpty, (frontends + retired).allSatisfy(\.isEmpty), let whenDrained else { return }
        self.whenDrained = nil
        whenDrained()
    }
}

extension ServingLimits {
    init(_ settings: Settings) {
        self.init()
        wire.headBytes = settings.limits.headBytes
        head = .milliseconds(settings.timeouts.headMilliseconds)
        bodyIdle = .milliseconds(settings.timeouts.bodyIdleMilliseconds)
        answerIdle = bodyIdle
        keepAlive = .milliseconds(settings.timeouts.keepAliveMilliseconds)
        guard let rate = settings.timeouts.minimumRate else {
            minimumRateBytes = 0
            return
        }
        minimumRateWindow = .milliseconds(rate.afterMilliseconds)
        minimumRateBytes = UInt64(rate.bytes) * UInt64(rate.afterMilliseconds) / UInt64(max(1, rate.perMilliseconds))
    }
}
