// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import Settings
import Testing

@testable import Gateway

@Suite final class MetricsTests {
    private let null = unsafe open("/dev/null", O_WRONLY)
    private let log: LogWriter
    private let metrics: Metrics

    init() {
        log = LogWriter(descriptor: null)
        metrics = Metrics(shared: SharedCounters(), log: log, milliseconds: 1_700_000_000_500)
    }

    deinit {
        log.close()
        close(null)
    }

    /// The value of one sample.
    private func value(_ sample: String) -> String? {
        let lines = metrics.page().text.split(separator: "\n")
        return lines.first { $0.hasPrefix(sample + " ") }.map { String($0.dropFirst(sample.utf8.count + 1)) }
    }

    /// Counts an upload of `settings`' route of that name.
    private func count(_ outcome: Outcome, route name: String, _ tables: MetricsTables, _ settings: Settings) throws {
        let route = try #require(settings.routes.routes.first { $0.name == name })
        tables.count(
            outcome, route: route, received: 5, started: Instant(nanoseconds: 0),
            ended: Instant(nanoseconds: 7_000_000))
    }

    @Test func `knows the place of each route`() throws {
        let settings = try settings(commonConfig)
        #expect(settings.routes.routes.map(\.index) == Array(settings.routes.routes.indices))
    }

    @Test func `shows every series at zero before anything happened`() throws {
        let settings = try settings(commonConfig)
        _ = metrics.addShard().tables(settings)
        for route in settings.routes.routes {
            let store = settings.stores[route.storeIndex].name
            for outcome in Outcome.Kind.allCases {
                let labels = "route=\"\(route.name)\",store=\"\(store)\",outcome=\"\(outcome.label)\""
                #expect(value("putback_uploads_total{\(labels)}") == "0")
            }
        }
        for code in Failure.Code.allCases {
            #expect(value("putback_requests_refused_total{code=\"\(code.rawValue)\"}") == "0")
        }
        for name in ["app", "client"] {
            for result in CallbackResult.Kind.allCases {
                #expect(value("putback_callbacks_total{callback=\"\(name)\",result=\"\(result.label)\"}") == "0")
            }
        }
        #expect(value("putback_store_requests_total{store=\"media\",operation=\"put\",status=\"2xx\"}") == "0")
        #expect(value("putback_store_connections{store=\"media\",state=\"idle\"}") == "0")
        #expect(!metrics.page().text.contains("putback_store_connections{store=\"shelf\""), "a directory has none")
    }

    @Test func `adds up what the loops counted`() throws {
        let settings = try settings(commonConfig)
        let shards = [metrics.addShard(), metrics.addShard()]
        for shard in shards {
            let tables = shard.tables(settings)
            try count(Outcome(stored: .yes, callback: succeeded), route: "own", tables, settings)
            shard.refused(.noRoute)
        }
        let tables = shards[0].tables(settings)
        try count(
            Outcome(stored: .yes, callback: failed, failure: someFailure), route: "own", tables, settings)
        let labels = "route=\"own\",store=\"shelf\""
        #expect(value("putback_uploads_total{\(labels),outcome=\"stored\"}") == "2")
        #expect(value("putback_uploads_total{\(labels),outcome=\"callback-failed\"}") == "1")
        #expect(value("putback_callbacks_total{callback=\"app\",result=\"succeeded\"}") == "2")
        #expect(value("putback_callbacks_total{callback=\"app\",result=\"rejected\"}") == "1")
        #expect(value("putback_upload_received_bytes_total") == "15")
        #expect(value("putback_upload_duration_seconds_bucket{phase=\"total\",le=\"0.01\"}") == "3")
        #expect(value("putback_upload_duration_seconds_sum{phase=\"total\"}") == "0.021")
        #expect(value("putback_upload_duration_seconds_count{phase=\"client\"}") == "0", "the body never ended")
        #expect(value("putback_requests_refused_total{code=\"no-route\"}") == "2")
    }

    @Test func `gives a client's own callback to a series of its own`() throws {
        let settings = try settings(commonConfig)
        let tables = metrics.addShard().tables(settings)
        let unanswered = CallbackResult.failed(message: "No.", ec: nil, appStatus: nil)
        try count(Outcome(stored: .yes, callback: unanswered), route: "allowed", tables, settings)
        #expect(value("putback_callbacks_total{callback=\"client\",result=\"unanswered\"}") == "1")
        #expect(value("putback_callbacks_total{callback=\"app\",result=\"unanswered\"}") == "0")
    }

    @Test func `goes on counting across a reload that moves routes`() throws {
        let before = try settings(commonConfig)
        let shard = metrics.addShard()
        let old = shard.tables(before)
        try count(Outcome(stored: .yes), route: "rest", old, before)
        let line = try #require(commonConfig.split(separator: "\n").first { $0.contains("name: byStore") })
        let after = try settings(commonConfig.replacing(line + "\n", with: ""))
        let new = shard.tables(after)
        try count(Outcome(stored: .yes), route: "rest", new, after)
        // Uploads that began before end after.
        try count(Outcome(stored: .yes), route: "rest", old, before)
        try count(Outcome(stored: .yes), route: "byStore", old, before)
        #expect(value("putback_uploads_total{route=\"rest\",store=\"media\",outcome=\"stored\"}") == "3")
        #expect(value("putback_uploads_total{route=\"byStore\",store=\"media\",outcome=\"stored\"}") == "1")
    }

    @Test func `tells when a config was last taken into use`() {
        #expect(value("putback_config_last_reload_successful") == "1")
        #expect(value("putback_config_last_reload_success_timestamp_seconds") == "1700000000.5")
        metrics.reloadFailed("bad")
        #expect(value("putback_config_last_reload_successful") == "0")
        #expect(value("putback_config_last_reload_success_timestamp_seconds") == "1700000000.5")
        metrics.reloaded(version: "v2", milliseconds: 1_700_000_001_000)
        #expect(value("putback_config_last_reload_successful") == "1")
        #expect(value("putback_config_last_reload_success_timestamp_seconds") == "1700000001")
    }

    @Test func `counts lines that the log dropped`() {
        #expect(value("putback_log_lines_dropped_total") == "0")
        log.write([UInt8](repeating: 0x61, count: 5 << 20).span)
        #expect(value("putback_log_lines_dropped_total") == "1")
        log.write("a\n".utf8.span)
        log.write([UInt8](repeating: 0x61, count: 5 << 20).span)
        #expect(value("putback_log_lines_dropped_total") == "2")
    }

    @Test func `reads of the kernel what it says of the process`() throws {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let age = time.tv_sec - (try #require(MetricsProcess.start)) / 1_000_000_000
        #expect(age >= -1 && age < 86_400)
        #expect(try #require(MetricsProcess.residentBytes) > 1 << 20)
        #expect(try #require(MetricsProcess.openDescriptors) >= 3)
        #expect(try #require(MetricsProcess.processorNanoseconds) > 0)
        #expect(MetricsProcess.descriptorLimit != 0)
    }

    @Test(arguments: [(400, "malformed-request"), (403, "forbidden"), (413, "too-large"), (503, "overloaded")])
    func `words a refusal of which the status is known`(status: Int, code: String) {
        #expect(Failure.Code(refusalStatus: status).rawValue == code)
    }
}
