// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Eventing
internal import HTTPWire
internal import Octets
internal import Upstream

/// A store behind a connection as the place where an upload goes. Loop thread only.
///
/// Its store keeps it for other uploads: what a request needs of memory is there already.
final class RemoteSink: UploadSink, StoreExchangeHandler {
    /// Unowned: the store of a runtime that the upload holds.
    private unowned let store: RemoteStore
    /// Unowned: the upload owns its sink. nil between uploads.
    private unowned var handler: (any UploadSinkHandler)?
    private let exchange: StoreExchange
    private var answer: GatheredAnswer

    init(store: RemoteStore) {
        self.store = store
        answer = GatheredAnswer(store.pool.context.budget)
        exchange = StoreExchange(pool: store.pool)
        exchange.handler = self
    }

    /// Starts to store.
    ///
    /// - Parameters:
    ///   - length: nil sends the body in chunks.
    ///   - isRepeatable: see `StoreExchange.start`.
    ///   - writeHead: appends the encoded, signed request head.
    func start(
        method: HTTPMethod, length: UInt64?, isRepeatable: Bool, handler: any UploadSinkHandler,
        writeHead: (inout OctetBuffer) -> Void
    ) {
        self.handler = handler
        exchange.start(
            method: method, isChunked: length == nil, length: length, isRepeatable: isRepeatable, writeHead: writeHead)
    }

    func send(_ bytes: Span<UInt8>) -> Bool { exchange.send(bytes) }
    var takesPipe: Bool { exchange.takesPipe }
    func send(_ pipe: SplicePipe) -> Bool { exchange.send(pipe) }
    func finish() { exchange.finish() }
    func abort() { exchange.abort() }

    func recycle() {
        handler = nil
        answer.clear()
        guard exchange.isOver else { return exchange.abort() }
        exchange.makeReady()
        store.keep(self)
    }

    func storeWritable() { handler?.sinkWritable() }

    func storeAnswered(_ head: ResponseHead) { answer.begin(head) }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        guard !answer.append(bytes) else { return }
        exchange.abort()
        let failure = Failure(
            .storeBadAnswer, party: .store, phase: .judging, status: 502,
            "The store's answer is longer than it may be, or than there is room for.")
        handler?.sinkFailed(failure, mayBeStored: true)
    }

    func storeAnswerEnded() {
        guard let answer = answer.take() else { return }
        handler?.sinkAnswered(answer)
    }

    func storeFailed(_ failure: StoreFailure) {
        // A head that said how it went decides, even if the end of the answer was lost.
        guard let handler else { return }
        let answer = answer.take()
        if let answer, answer.status >= 300 { return handler.sinkAnswered(answer) }
        handler.sinkFailed(Failure(failure), mayBeStored: failure.mayBeStored || answer != nil)
    }
}

extension Failure {
    /// What a store that could not be talked to means for a client.
    init(_ failure: StoreFailure) {
        let (code, status): (Code, Int) =
            switch failure.kind {
            case .resolve: (.storeUnresolved, 502)
            case .connect, .forbidden: (.storeUnreachable, 502)
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
            case .forbidden: "The store's address may not be connected to."
            case .connectTimeout: "The store did not accept the connection in time."
            case .tls: "No trusted TLS connection to the store could be made."
            case .closed: "The store closed the connection before it answered."
            case .badAnswer: "The store's answer is no HTTP, or too long."
            case .answerTimeout: "The store did not answer in time."
            }
        self.init(code, party: .store, phase: .storing, status: status, message)
    }
}
