// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Eventing
internal import HTTPWire
internal import Upstream

/// A callback that Putback makes itself: what to send, where to, and by whose rules the answer is judged.
struct OwnCallback: Sendable {
    enum Rules: Sendable, Equatable {
        /// The operator's policy on a plain listener: any 2xx is a success.
        case app
        /// A vendor's client: exactly as the vendor judges.
        case vendor(CallbackVendor)
        /// A client of US3: exactly as US3 judges.
        case us3
    }

    /// Who wrote the URLs.
    enum Target: Sendable {
        /// The operator, in the policy at this place of the settings: any address may be called.
        case policy(Int)
        /// A client: what its URLs resolve to may be called only where the route allows it.
        case client(TargetAllowance)
    }

    var target: Target
    var urls: [CallbackURL]
    var timeoutMilliseconds: Int
    var rules: Rules
    /// Builds the request for one of the URLs, once the object is stored.
    var request: @Sendable (CallbackURL, CallbackFacts, Int64) throws -> CallbackRequest
    var custom: [CustomVariable] = []
}

/// Makes one callback: the URLs in order, until one succeeds. Loop thread only.
///
/// Nothing is retried: the next URL is tried because the first one failed, each at most once.
final class CallbackMaker {
    private let pools: CallbackPools
    private let callback: OwnCallback
    private let facts: CallbackFacts
    private let id: PublicID
    private let unixSeconds: Int64
    private let answerLimit: Int
    private var next = 0
    private var current: PooledPost?
    private var completion: ((CallbackResult) -> Void)?

    /// `completion` is called once, in a later turn, with the first success or the last failure.
    init(
        pools: CallbackPools, callback: OwnCallback, facts: CallbackFacts, id: PublicID, unixSeconds: Int64,
        answerLimit: Int,
        completion: @escaping (CallbackResult) -> Void
    ) {
        self.pools = pools
        self.callback = callback
        self.facts = facts
        self.id = id
        self.unixSeconds = unixSeconds
        self.answerLimit = answerLimit
        self.completion = completion
    }

    func start() { callNext() }

    /// Gives up; the completion is not called.
    func cancel() {
        completion = nil
        current?.cancel()
    }

    private func callNext() {
        let (index, url) = (next, callback.urls[next])
        next += 1
        var request: CallbackRequest
        do { request = try callback.request(url, facts, unixSeconds) } catch let error as CallbackBodyError {
            return ended(.failed(message: error.message, ec: nil, appStatus: nil))
        } catch {
            return ended(.failed(message: "The callback could not be signed.", ec: nil, appStatus: nil))
        }
        // No signature covers fields of a callback.
        if let own = id.trace?.requestID, request.fields.contains("Putback-Request-Id") {
            request.fields.set("Putback-Request-Id", bytes: own.span)
        }
        request.fields.append(id)
        let pool = pools.pool(for: callback, urlIndex: index, sendsServerName: request.sendsServerName)
        let post = PooledPost(pool: pool, answerLimit: answerLimit) { [weak self] result in
            guard let self else { return }
            ended(judge(result, url))
        }
        current = post
        post.start(
            head: request.encodedHead(), body: request.body, timeout: .milliseconds(callback.timeoutMilliseconds))
    }

    private func ended(_ result: CallbackResult) {
        current = nil
        if result.isFailure, next < callback.urls.count { return callNext() }
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    private func judge(_ result: Result<WholeAnswer, WholeFailure>, _ url: CallbackURL) -> CallbackResult {
        switch (result, callback.rules) {
        case (.success(let answer), .app):
            return Self.result(
                AppJudge.judge(CallbackAnswer(status: answer.status, fields: answer.fields, body: answer.body)))
        case (.failure(let failure), .app):
            return Self.result(AppJudge.judge(transportFailure(failure, url)))
        case (.success(let answer), .vendor(let vendor)):
            let verdict = VendorJudge(vendor).judge(
                CallbackAnswer(status: answer.status, fields: answer.fields, body: answer.body))
            return Self.result(verdict, appStatus: answer.status)
        case (.success(let answer), .us3):
            return Self.result(
                US3CallbackJudge.judge(
                    CallbackAnswer(status: answer.status, fields: answer.fields, body: answer.body)))
        case (.failure(let failure), .us3):
            return Self.result(US3CallbackJudge.judge(transportFailure(failure, url), url: url))
        case (.failure(let failure), .vendor(let vendor)):
            return Self.result(VendorJudge(vendor).judge(transportFailure(failure, url)), appStatus: nil)
        }
    }

    private static func result(_ verdict: US3CallbackVerdict) -> CallbackResult {
        switch verdict {
        case .success(200...299, let body, let contentType): .succeeded(body: body, contentType: contentType)
        case .success(let status, let body, let contentType):
            .passedOn(status: status, body: body, contentType: contentType)
        case .failure(let code, let message): .failed(message: message, ec: String(code), appStatus: nil)
        }
    }

    private func transportFailure(_ failure: WholeFailure, _ url: CallbackURL) -> CallbackTransportFailure {
        switch failure.kind {
        case .resolve: .unresolved
        case .connect: .unreachable
        case .tls: .tls
        case .timeout: .timeout(peer: "\(url.host):\(url.port)", milliseconds: callback.timeoutMilliseconds)
        case .closed: .closed
        case .forbidden: .forbidden
        case .tooLarge: .tooLong
        case .malformed: .malformed
        }
    }

    private static func result(_ verdict: AppVerdict) -> CallbackResult {
        switch verdict {
        case .success(let body, let contentType): .succeeded(body: body, contentType: contentType)
        case .failure(_, let message, let status): .failed(message: message, ec: nil, appStatus: status)
        }
    }

    private static func result(_ verdict: VendorVerdict, appStatus: Int?) -> CallbackResult {
        switch verdict {
        case .success(let body, let contentType): .succeeded(body: body, contentType: contentType)
        case .failure(let message, let ec): .failed(message: message, ec: ec, appStatus: appStatus)
        }
    }
}
