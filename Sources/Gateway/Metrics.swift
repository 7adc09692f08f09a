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
    }

    let shared: SharedCounters
    let log: LogWriter
    private let shards = Locked<[MetricsShard]>([])
    private let reload: Locked<Reload>

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

    /// Notes that new settings were taken into use.
    func reloaded(milliseconds: Int64) {
        reload.withLock { $0 = Reload(milliseconds: milliseconds) }
    }

    /// Notes that new settings were refused.
    func reloadFailed() {
        reload.withLock { $0.isSuccessful = false }
    }

    var lastReload: Reload { reload.withLock { $0 } }
    var allShards: [MetricsShard] { shards.withLock { $0 } }
}
