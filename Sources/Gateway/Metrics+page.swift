// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Synchronization
internal import Upstream

extension Metrics {
    /// The page that `/metrics` serves: the shards of all loops, added up.
    func page() -> [UInt8] {
        let shards = allShards
        let series = shards.map(\.series)
        var text = MetricsText()
        writeUploads(shards, series, to: &text)
        writeStores(series, to: &text)
        writeCallbacks(shards, series, to: &text)
        writeClients(shards, to: &text)
        writeState(to: &text)
        writeProcess(to: &text)
        return text.bytes
    }

    private func writeUploads(_ shards: [MetricsShard], _ series: [MetricsShard.Series], to text: inout MetricsText) {
        text.begin("putback_uploads_total", .counter, "Uploads that are over, by route, store and outcome.")
        let uploads = Self.merged(series.map(\.uploads))
        for labels in uploads.keys.sorted(by: { ($0.route, $0.store) < ($1.route, $1.store) }) {
            for outcome in Outcome.Kind.allCases {
                text.sample(
                    uploads[labels, default: []].sum { $0.value(at: outcome.rawValue) },
                    [("route", labels.route), ("store", labels.store), ("outcome", outcome.label)])
            }
        }
        text.begin(
            "putback_upload_duration_seconds", .histogram,
            "Time of an upload: in total; client: waiting for its body; store: waiting for the store to take the body and "
                + "to answer; app: of the callback, where Putback made it.")
        let phases: [(String, KeyPath<MetricsShard, MetricsHistogram>)] = [
            ("total", \.total), ("client", \.client), ("store", \.store), ("app", \.app),
        ]
        for (phase, histogram) in phases {
            text.histogram(Self.sum(shards.map { $0[keyPath: histogram] }), [("phase", phase)])
        }
        text.begin(
            "putback_upload_received_bytes_total", .counter, "Bytes of bodies, counted when their upload is over.")
        text.sample(shards.sum(\.receivedBytes))
        text.begin("putback_uploads_in_flight", .gauge, "Uploads under way.")
        text.sample(shared.budget.uploadCount)
        text.begin(
            "putback_buffer_bytes", .gauge,
            "Bytes in memory that a connected store, or the disk of a directory store, did not take yet.")
        text.sample(shards.sum { $0.bufferedBytes.value() })
    }

    private func writeStores(_ series: [MetricsShard.Series], to text: inout MetricsText) {
        let stores = Self.merged(series.map(\.stores)).sorted { $0.key < $1.key }
        text.begin(
            "putback_store_requests_total", .counter,
            "Requests to stores by the class of the answer's status, or by why there was no answer.")
        for (name, meters) in stores {
            for operation in StoreMeter.Operation.allCases {
                for (place, status) in StoreMeter.statuses.enumerated() {
                    text.sample(
                        meters.sum { $0.requests(operation, status: place) },
                        [("store", name), ("operation", operation.label), ("status", status)])
                }
            }
        }
        text.begin("putback_store_retries_total", .counter, "Requests that were tried once more, by why it was safe.")
        for (name, meters) in stores {
            for reason in StoreMeter.Retry.allCases {
                text.sample(meters.sum { $0.retries(reason) }, [("store", name), ("reason", reason.label)])
            }
        }
        let places = Self.merged(series.map(\.places)).sorted {
            ($0.key.store, $0.key.address) < ($1.key.store, $1.key.address)
        }
        text.begin(
            "putback_store_address_up", .gauge, "0 once an address failed, until a request to it succeeds on that loop."
        )
        for (key, meters) in places {
            text.sample(meters.allSatisfy(\.isUp) ? 1 : 0, [("store", key.store), ("address", key.address)])
        }
        text.begin(
            "putback_store_address_failures_total", .counter,
            "Connections that could not be made, and requests on new ones that got no answer.")
        for (key, meters) in places {
            text.sample(meters.sum(\.failures), [("store", key.store), ("address", key.address)])
        }
        text.begin("putback_store_connections", .gauge, "Open connections to stores.")
        for (name, meters) in stores {
            let idle = meters.sum(\.idleConnections)
            // The loops go on while their counts are read.
            text.sample(max(0, meters.sum(\.connections) - idle), [("store", name), ("state", "active")])
            text.sample(idle, [("store", name), ("state", "idle")])
        }
        text.begin(
            "putback_abandoned_uploads_total", .counter,
            "Uploads in parts of a directory that were dropped because no part came any more.")
        for (name, count) in abandonedUploads.sorted(by: { $0.key < $1.key }) {
            text.sample(count, [("store", name)])
        }
    }

    private func writeCallbacks(_ shards: [MetricsShard], _ series: [MetricsShard.Series], to text: inout MetricsText) {
        text.begin(
            "putback_callbacks_total", .counter,
            "Callbacks by policy, whoever made them; rejected: the app answered, but no success; unanswered: it did "
                + "not.")
        for (name, counters) in Self.merged(series.map(\.callbacks)).sorted(by: { $0.key < $1.key }) {
            for result in CallbackResult.Kind.allCases {
                text.sample(
                    counters.sum { $0.value(at: result.rawValue) }, [("callback", name), ("result", result.label)])
            }
        }
        text.begin(
            "putback_callback_duration_seconds", .histogram,
            "Time of the callbacks that Putback made, all URLs of one together.")
        text.histogram(Self.sum(shards.map(\.app)))
    }

    private func writeClients(_ shards: [MetricsShard], to text: inout MetricsText) {
        text.begin("putback_client_connections", .gauge, "Open connections of clients.")
        text.sample(shared.connections.load(ordering: .relaxed))
        text.begin(
            "putback_requests_refused_total", .counter,
            "Requests that became nothing, by why; overloaded: also connections over the limit.")
        for (place, code) in Failure.Code.all.enumerated() {
            text.sample(shards.sum { $0.refusals.value(at: place) }, [("code", code.rawValue)])
        }
    }

    private func writeState(to text: inout MetricsText) {
        let reload = lastReload
        text.begin(
            "putback_config_last_reload_successful", .gauge, "1 if the last reload took its config into use, 0 if not.")
        text.sample(reload.isSuccessful ? 1 : 0)
        text.begin(
            "putback_config_last_reload_success_timestamp_seconds", .gauge,
            "When a config was last taken into use, in Unix seconds.")
        text.sample(nanoseconds: Int(reload.milliseconds) * 1_000_000)
        text.begin(
            "putback_config_reloads_total", .counter, "Attempts to take another config into use, by how they ended.")
        text.sample(reload.successes, [("result", "succeeded")])
        text.sample(reload.failures, [("result", "failed")])
        text.begin("putback_config_info", .gauge, "Always 1; the version of the config in use, a digest of its file.")
        text.sample(1, [("version", reload.version)])
        text.begin("putback_build_info", .gauge, "Always 1; the version that runs and those of its libraries.")
        text.sample(1, Versions.all.map { (name: $0.name == "putback" ? "version" : $0.name, value: $0.version) })
        text.begin("putback_log_lines_dropped_total", .counter, "Lines that found the log's buffer full.")
        text.sample(Int(truncatingIfNeeded: log.droppedLines))
    }

    private func writeProcess(to text: inout MetricsText) {
        if let start = MetricsProcess.start {
            text.begin("process_start_time_seconds", .gauge, "When the process started, in Unix seconds.")
            text.sample(nanoseconds: start)
        }
        if let time = MetricsProcess.processorNanoseconds {
            text.begin("process_cpu_seconds_total", .counter, "Time on a processor, of all threads.")
            text.sample(nanoseconds: time)
        }
        let counts = [
            ("process_resident_memory_bytes", "Memory in RAM.", MetricsProcess.residentBytes),
            ("process_open_fds", "Open file descriptors.", MetricsProcess.openDescriptors),
            ("process_max_fds", "Limit of open file descriptors.", MetricsProcess.descriptorLimit),
        ]
        for (name, help, value) in counts {
            guard let value else { continue }
            text.begin(name, .gauge, help)
            text.sample(value)
        }
    }

    private static func merged<Key: Hashable, Counts>(_ shards: [[Key: Counts]]) -> [Key: [Counts]] {
        var merged: [Key: [Counts]] = [:]
        for shard in shards {
            for (key, counts) in shard { merged[key, default: []].append(counts) }
        }
        return merged
    }

    private static func sum(_ histograms: [MetricsHistogram]) -> MetricsHistogram.Sum {
        histograms.reduce(into: MetricsHistogram.Sum()) { sum, histogram in histogram.add(to: &sum) }
    }
}

extension Array {
    fileprivate func sum(_ value: (Element) -> Int) -> Int { reduce(0) { $0 + value($1) } }
}
