// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import DirectoryStore
internal import Eventing
internal import Settings
internal import Synchronization

/// Drops the uploads in parts of directories that nobody goes on with (`stores.*.abortUploadsAfter`): at the start, after
/// a reload, and each hour. The file work runs on a thread of its own, so that no upload waits behind it.
final class UploadSweeper: DeadlineHandler, @unchecked Sendable {
    // Sendable so that the gateway can post to its loop; what changes is touched on the loop thread, but for the atomic.
    /// Longest time between two sweeps; a shorter `abortUploadsAfter` is followed as often.
    private static let period = Duration.seconds(3600)

    private struct Place: Sendable {
        let store: String
        let directory: DirectoryStore
        let seconds: Int
    }

    private let loop: EventLoop
    private let timer: DeadlineTimer
    private let metrics: Metrics
    private let log: Log
    private let isStopped = Atomic<Bool>(false)
    private var places: [Place] = []
    private var queue: DiskQueue?
    private var isSweeping = false
    /// Other settings came during a sweep.
    private var sweepsAgain = false

    /// Before its loop runs.
    init(loop: EventLoop, metrics: Metrics, log: Log) {
        self.loop = loop
        self.metrics = metrics
        self.log = log
        timer = DeadlineTimer(loop: loop)
        timer.handler = self
    }

    /// Sweeps by these settings from now on; any thread.
    func publish(_ snapshot: Snapshot) {
        for store in snapshot.settings.stores {
            if case .directory = store.kind { metrics.abandonedUploads(0, store: store.name) }
        }
        loop.execute { self.apply(snapshot) }
    }

    /// Ends a sweep under way, and waits for it; no loop may run any more.
    func close() {
        isStopped.store(true, ordering: .relaxed)
        queue?.close()
    }

    private func apply(_ snapshot: Snapshot) {
        places = []
        for (store, place) in zip(snapshot.settings.stores, snapshot.stores) {
            guard case .directory(let settings) = store.kind, case .directory(let directory) = place else { continue }
            // Stores that share a path are swept as the first of them.
            guard let seconds = settings.abortUploadsAfterSeconds,
                !places.contains(where: { $0.directory === directory })
            else { continue }
            places.append(Place(store: store.name, directory: directory, seconds: seconds))
        }
        sweep()
    }

    func deadlinePassed(_ timer: DeadlineTimer) { sweep() }

    private func sweep() {
        timer.cancel()
        guard !isSweeping else { return sweepsAgain = true }
        guard let shortest = places.map(\.seconds).min() else { return }
        let queue = queue ?? DiskQueue()
        self.queue = queue
        isSweeping = true
        queue.execute { [self, places] in
            for place in places { sweep(place) }
            loop.execute { self.swept(shortest) }
        }
    }

    private func swept(_ shortest: Int) {
        isSweeping = false
        if sweepsAgain {
            sweepsAgain = false
            return sweep()
        }
        timer.start(min(Self.period, .seconds(shortest)))
    }

    /// Disk thread.
    private func sweep(_ place: Place) {
        let time = log.clock.seconds - Int64(place.seconds)
        do throws(StoreError) {
            _ = try place.directory.sweepUploads(olderThan: time) { id, upload in
                metrics.abandonedUploads(1, store: place.store)
                log.event("abandoned-upload") { line in
                    line.add("store", place.store)
                    line.add("bucket", upload?.bucket)
                    if let upload { line.add("key", bytes: upload.key.span) }
                    line.add("uploadId", id.text)
                }
                return !isStopped.load(ordering: .relaxed)
            }
        } catch {
            log.event("sweep-failed", level: .error) { line in
                line.add("store", place.store)
                line.add("error", error.description)
            }
        }
    }
}
