// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPServing
internal import HTTPWire
internal import Upstream

/// A request without a body that is passed on to a store, with the store's answer as it comes. Loop thread only.
///
/// The client slows the store down: while it does not take its bytes, none are read.
final class ObjectRelay: BodyReceiver, StoreExchangeHandler {
    /// nil once the client is gone or was told.
    private var connection: ServerConnection?
    private let incoming: SDKFace.Incoming
    private let pool: StorePool
    private var exchange: StoreExchange?
    private var head = ResponseHead()
    /// An answer whose length is not known beforehand.
    private var gathered: GatheredAnswer?
    private var isPaused = false

    init(connection: ServerConnection, pool: StorePool, incoming: SDKFace.Incoming) {
        self.connection = connection
        self.pool = pool
        self.incoming = incoming
    }

    /// Sends the encoded request; the connection keeps this object until the answer is out.
    func start(_ encoded: [UInt8], method: HTTPMethod) {
        connection?.receiver = self
        connection?.attachment = self
        let exchange = StoreExchange(pool: pool, handler: self)
        self.exchange = exchange
        exchange.start(method: method, head: encoded, isChunked: false, length: 0)
        exchange.finish()
    }

    func bodyReceived(_ bytes: Span<UInt8>) {}
    func bodyCompleted() {}

    func clientFailed(_ failure: ClientFailure) {
        exchange?.abort()
        connection = nil
    }

    func answerDrained() {
        guard isPaused else { return }
        isPaused = false
        exchange?.pauseAnswer(false)
    }

    func storeWritable() {}

    func storeAnswered(_ head: ResponseHead) {
        self.head = head
        var fields = StoreAnswerFields.forSDK(head.fields)
        fields.append("Putback-Request-Id", incoming.publicID.text)
        self.head.fields = fields
        switch head.framing {
        case .length(let length): connection?.startAnswer(status: head.status, fields: fields, length: length)
        case .none: connection?.startAnswer(status: head.status, fields: fields, length: toldLength(head))
        case .chunked, .untilClose:
            var gathered = GatheredAnswer(pool.context.budget)
            gathered.begin(self.head)
            self.gathered = gathered
        }
    }

    /// An answer to HEAD tells the length of a body that does not come.
    private func toldLength(_ head: ResponseHead) -> UInt64 {
        head.fields.string("content-length").flatMap { UInt64($0) } ?? 0
    }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        guard gathered == nil else {
            if gathered?.append(bytes) == false { end(with: .badStoreAnswer) }
            return
        }
        guard connection?.writeAnswer(bytes) == false else { return }
        isPaused = true
        exchange?.pauseAnswer(true)
    }

    func storeAnswerEnded() {
        if let answer = gathered?.take() {
            let body = answer.body
            connection?.respond(status: answer.status, fields: answer.fields, body: body.span)
        }
        connection?.endAnswer()
        connection = nil
    }

    func storeFailed(_ failure: StoreFailure) {
        end(with: Failure(failure))
    }

    /// Before the head an error can be told; after it only a reset tells that the body is not whole.
    private func end(with failure: Failure) {
        guard let connection else { return }
        self.connection = nil
        exchange?.abort()
        guard !connection.hasStartedAnswer else { return connection.abort() }
        connection.receiver = nil
        let context = SDKFace.context(incoming)
        let isHead = connection.request.method == .head
        SDKFace.send(
            incoming.dialect.answer(incoming.dialect.error(failure), toHead: isHead, context), on: connection)
    }
}

extension Failure {
    fileprivate static var badStoreAnswer: Failure {
        Failure(.storeBadAnswer, party: .store, phase: .answering, status: 502, "The store's answer is too long.")
    }
}
