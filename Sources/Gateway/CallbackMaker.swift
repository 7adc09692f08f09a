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
        /// A client of OSS: exactly as OSS judges.
        case oss
    }

    var urls: [CallbackURL]
    var timeoutMilliseconds: Int
    var rules: Rules
    /// Builds the request for one of the URLs, once the object is stored.
    var request: @Sendable (CallbackURL, CallbackFacts, Int64) throws -> CallbackRequest
    /// Whether an address that one of the URLs resolved to may be called; nil for an operator's URL: any.
    var mayConnect: (@Sendable (CallbackURL, [UInt8]) -> Bool)?
    var custom: [CustomVariable] = []
}

/// Makes one callback: the URLs in order, until one succeeds. Loop thread only.
///
/// Nothing is retried: the next URL is tried because the first one failed, each at most once.
final class CallbackMaker {
    private let curl: CurlMulti
    private let callback: OwnCallback
    private let facts: CallbackFacts
    private let unixSeconds: Int64
    private let answerLimit: Int
    private var next = 0
    private var current: WholeRequestHandle?
    private var completion: ((CallbackResult) -> Void)?

    /// `completion` is called once, in a later turn, with the first success or the last failure.
    init(
        curl: CurlMulti, callback: OwnCallback, facts: CallbackFacts, unixSeconds: Int64, answerLimit: Int,
        completion: @escaping (CallbackResult) -> Void
    ) {
        self.curl = curl
        self.callback = callback
        self.facts = facts
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
        let url = callback.urls[next]
        next += 1
        let request: CallbackRequest
        do { request = try callback.request(url, facts, unixSeconds) } catch {
            return ended(.failed(message: "The callback could not be signed.", ec: nil, appStatus: nil))
        }
        var whole = WholeRequest(url: url.description)
        whole.fields = request.fields.indices.map { index in
            (
                String(decoding: request.fields.name(at: index), as: UTF8.self),
                String(decoding: request.fields.value(at: index), as: UTF8.self)
            )
        }
        // curl counts the body itself.
        whole.fields.removeAll { $0.name.lowercased() == "content-length" }
        whole.body = request.body
        whole.timeout = .milliseconds(callback.timeoutMilliseconds)
        whole.answerLimit = answerLimit
        if let mayConnect = callback.mayConnect { whole.mayConnect = { mayConnect(url, $0) } }
        current = curl.perform(whole) { [weak self] result in
            guard let self else { return }
            ended(judge(result, url))
        }
    }

    private func ended(_ result: CallbackResult) {
        current = nil
        if case .failed = result, next < callback.urls.count { return callNext() }
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
        case (.success(let answer), .oss):
            let verdict = OSSCallbackJudge.judge(
                CallbackAnswer(status: answer.status, fields: answer.fields, body: answer.body))
            return Self.result(verdict, appStatus: answer.status)
        case (.failure(let failure), .oss):
            return Self.result(OSSCallbackJudge.judge(transportFailure(failure, url)), appStatus: nil)
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

    private static func result(_ verdict: OSSCallbackVerdict, appStatus: Int?) -> CallbackResult {
        switch verdict {
        case .success(let body, let contentType): .succeeded(body: body, contentType: contentType)
        case .failure(let message, let ec): .failed(message: message, ec: ec, appStatus: appStatus)
        }
    }
}
