// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
internal import HTTPWire
internal import Settings

/// What one loop tells the status page, once it is asked.
struct LoopReport: Sendable {
    var uploads: [LiveUpload] = []
    var uploadCount = 0
    var samples: [LoopHistory.Sample] = []
    var stores: [String: StoreCounts] = [:]
    var failures: [RecentFailure] = []
}

/// An upload under way. Texts of the client are cut, not checked.
struct LiveUpload: Sendable {
    let id: RequestID
    let publicID: String
    let route: String
    let store: String
    let listener: String
    let client: String
    let address: String
    let object: String
    let received: UInt64
    /// nil where the client does not tell.
    let length: UInt64?
    let started: Instant
    let phase: Phase
}

/// An upload, or a request for one, that did not succeed.
struct RecentFailure: Sendable {
    /// Which came first, whatever loop it was on.
    let moment: Instant
    /// Unix milliseconds.
    let time: Int64
    let publicID: String
    var route = ""
    var store = ""
    var listener = ""
    var client = ""
    var address = ""
    /// The object's key, or the path that was asked for.
    var object = ""
    let status: Int
    var outcome: String
    var code: String
    var party: String
    var phase: String
    var message: String
}

/// The last failures of one loop. Loop thread only.
struct FailureRing {
    static let limit = 50

    private var failures: [RecentFailure] = []
    private var next = 0

    mutating func add(_ failure: RecentFailure) {
        if failures.count < Self.limit { return failures.append(failure) }
        failures[next] = failure
        next = (next + 1) % Self.limit
    }

    /// In no order.
    var all: [RecentFailure] { failures }
}

extension String {
    /// The text that the bytes are, up to so many of them.
    init(cutting bytes: some Collection<UInt8>, to limit: Int = 256) {
        let text = String(decoding: bytes.prefix(limit), as: UTF8.self)
        self = bytes.count > limit ? text + "…" : text
    }
}

extension Worker {
    /// Tells the status page what this loop does, with the uploads that have been under way for longest.
    func report(uploadLimit: Int) -> LoopReport {
        let now = loop.now
        lookBack(now: now)
        var report = LoopReport()
        let uploads = uploadsUnderWay
        report.uploadCount = uploads.count
        report.uploads = uploads.sorted { $0.started < $1.started }.prefix(uploadLimit).map(\.live)
        report.samples = history.recent(now: now)
        report.stores = history.recentStores(metrics, now: now)
        report.failures = failures.all
        return report
    }
}

extension Upload {
    fileprivate var live: LiveUpload {
        let settings = runtime.settings
        return LiveUpload(
            id: request.requestID, publicID: request.publicID.text, route: plan.route.name,
            store: settings.stores[plan.storeIndex].name, listener: settings.listeners[request.listenerIndex].name,
            client: request.clientID, address: request.clientIP, object: String(cutting: plan.key),
            received: received, length: plan.length, started: started, phase: phase)
    }
}

extension RecentFailure {
    /// Of an upload, or of a request that became none; nil if it succeeded.
    init?(
        _ outcome: Outcome, record: UploadRecord, request: UploadRequest, plan: UploadPlan?, runtime: Runtime
    ) {
        let problem = outcome.callback.problem
        guard outcome.failure != nil || problem != nil else { return nil }
        let settings = runtime.settings
        moment = .now
        time = runtime.environment.clock.milliseconds
        publicID = request.publicID.text
        route = plan?.route.name ?? ""
        store = plan.map { settings.stores[$0.storeIndex].name } ?? ""
        listener = settings.listeners[request.listenerIndex].name
        client = request.clientID
        address = request.clientIP
        object = plan.map { String(cutting: $0.key) } ?? String(cutting: request.route.head.path)
        status = record.status
        self.outcome = outcome.label
        code = outcome.failure?.code.rawValue ?? Failure.Code.callbackFailed.rawValue
        party = outcome.failure?.party.rawValue ?? Party.app.rawValue
        phase = outcome.failure?.phase.rawValue ?? Phase.callingBack.rawValue
        message = String(cutting: (outcome.failure?.message ?? problem?.message ?? "").utf8, to: 512)
    }
}
