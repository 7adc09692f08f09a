// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPWire
internal import Octets
internal import Upstream

/// A store behind a connection as the place where an upload goes. Loop thread only.
final class RemoteSink: UploadSink, StoreExchangeHandler {
    /// The most of a store's answer that is kept: an app's answer that the store passes on, or an error document.
    private static let answerLimit = 4 * 1024 * 1024

    /// Unowned: the upload owns its sink.
    private unowned let handler: any UploadSinkHandler
    /// Made with this object as its handler, hence after it.
    private var exchange: StoreExchange?
    private let judge: (StoreAnswer) -> StoreVerdict
    private var answer: StoreAnswer?

    /// - Parameters:
    ///   - head: the encoded, signed request head.
    ///   - length: nil sends the body in chunks.
    ///   - isRepeatable: see `StoreExchange.start`.
    ///   - judge: what the store's answer means; called when all of it is there.
    init(
        pool: StorePool, head: [UInt8], length: UInt64?, isRepeatable: Bool, handler: any UploadSinkHandler,
        judge: @escaping (StoreAnswer) -> StoreVerdict
    ) {
        self.handler = handler
        self.judge = judge
        let exchange = StoreExchange(pool: pool, handler: self)
        self.exchange = exchange
        exchange.start(
            method: .put, head: head, isChunked: length == nil, length: length, isRepeatable: isRepeatable)
    }

    func send(_ bytes: Span<UInt8>) -> Bool { exchange?.send(bytes) ?? true }
    var takesPipe: Bool { exchange?.takesPipe ?? false }
    func send(_ pipe: SplicePipe) -> Bool { exchange?.send(pipe) ?? true }
    func finish() { exchange?.finish() }
    func abort() { exchange?.abort() }

    func storeWritable() { handler.sinkWritable() }

    func storeAnswered(_ head: ResponseHead) {
        answer = StoreAnswer(status: head.status, fields: head.fields, body: [])
    }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        guard let count = answer?.body.count, count + bytes.count <= Self.answerLimit else {
            exchange?.abort()
            let failure = Failure(
                .storeBadAnswer, party: .store, phase: .judging, status: 502, "The store's answer is too long.")
            return handler.sinkFailed(failure, mayBeStored: true)
        }
        answer?.body.append(bytes)
    }

    func storeAnswerEnded() {
        guard let answer else { return }
        handler.sinkAnswered(judge(answer))
    }

    func storeFailed(_ failure: StoreFailure) {
        // A head that said how it went decides, even if the end of the answer was lost.
        if let answer, answer.status >= 300 { return handler.sinkAnswered(judge(answer)) }
        handler.sinkFailed(Failure(failure), mayBeStored: failure.mayBeStored || answer != nil)
    }
}

extension Failure {
    /// What a store that could not be talked to means for a client.
    init(_ failure: StoreFailure) {
        let (code, status): (Code, Int) =
            switch failure.kind {
            case .resolve: (.storeUnresolved, 502)
            case .connect: (.storeUnreachable, 502)
            case .connectTimeout: (.storeTimeout, 504)
            case .tls: (.storeTLS, 502)
            case .closed: (.storeClosed, 502)
            case .badAnswer: (.storeBadAnswer, 502)
            case .answerTimeout: (.storeTimeout, 504)
            }
        let message =
            switch failure.kind {
            case .resolve: "The store's name does not resolve."
            case .connect: "The store refused the connection."
            case .connectTimeout: "The store did not accept the connection in time."
            case .tls: "No trusted TLS connection to the store could be made."
            case .closed: "The store closed the connection before it answered."
            case .badAnswer: "The store's answer is no HTTP."
            case .answerTimeout: "The store did not answer in time."
            }
        self.init(code, party: .store, phase: .storing, status: status, message)
    }
}
