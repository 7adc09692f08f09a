// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing

/// All metrics of the gateway: the loops' shards, and what belongs to no loop. Any thread.
final class Metrics: Sendable {
    struct Reload: Sendable {
        /// Whether the last attempt succeeded; the start counts as one.
        var isSuccessful = true
        /// Unix milliseconds of the last success.
        var milliseconds: Int64
        /// Of the settings in use.
        var version = ""
        /// Attempts after the start.
        var successes = 0
        var failures = 0
        /// Why the last attempt failed, if it did.
        var error: String?
    }

    let shared: SharedCounters
    let log: LogWriter
    private let shards = Locked<[MetricsShard]>([])
    private let reload: Locked<Reload>
    /// Uploads in parts that were dropped because no part came, by store: directories only.
    private let abandoned = Locked<[String: Int]>([:])

    init(shared: SharedCounters, log: LogWriter, milliseconds: Int64) {
        self.shared = shared
        self.log = log
        reload = Locked(Reload(milliseconds: milliseconds))
    }

    /// The counts of one more loop.
    func addShard() -> MetricsShard {
        let shard = MetricsShard()
        shards.withLock { $0.append(shard) }
        return shard
    }

    /// Notes which settings the gateway starts with.
    func started(version: String) {
        reload.withLock { $0.version = version }
    }

    /// Notes that new settings were taken into use.
    func reloaded(version: String, milliseconds: Int64) {
        reload.withLock { reload in
            reload = Reload(
                milliseconds: milliseconds, version: version, successes: reload.successes + 1,
                failures: reload.failures)
        }
    }

    /// Notes that new settings were refused.
    func reloadFailed(_ error: String) {
        reload.withLock { reload in
            reload.isSuccessful = false
            reload.failures += 1
            reload.error = error
        }
    }

    /// Counts `count` uploads in parts of a directory that nobody went on with; 0 makes the series.
    func abandonedUploads(_ count: Int, store: String) {
        abandoned.withLock { $0[store, default: 0] += count }
    }

    var abandonedUploads: [String: Int] { abandoned.withLock { $0 } }
    var lastReload: Reload { reload.withLock { $0 } }
    var allShards: [MetricsShard] { shards.withLock { $0 } }
}
