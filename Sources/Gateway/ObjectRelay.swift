// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets
internal import Upstream

/// A request without a body that is passed on to a store, with the store's answer as it comes. Loop thread only.
///
/// The client slows the store down: while it does not take its bytes, none are read.
final class ObjectRelay: BodyReceiver, StoreExchangeHandler {
    /// Answers whose length is not known beforehand are kept up to this size.
    private static let bufferLimit = 4 * 1024 * 1024

    /// nil once the client is gone or was told.
    private var connection: ServerConnection?
    private let incoming: SDKFace.Incoming
    private let pool: StorePool
    private var exchange: StoreExchange?
    private var head = ResponseHead()
    private var buffered: [UInt8]?
    private var room: MemoryRoom
    private var isPaused = false

    init(connection: ServerConnection, pool: StorePool, incoming: SDKFace.Incoming) {
        self.connection = connection
        self.pool = pool
        room = MemoryRoom(pool.context.budget)
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
        case .chunked, .untilClose: buffered = []
        }
    }

    /// An answer to HEAD tells the length of a body that does not come.
    private func toldLength(_ head: ResponseHead) -> UInt64 {
        head.fields.string("content-length").flatMap { UInt64($0) } ?? 0
    }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        if let count = buffered?.count {
            guard count + bytes.count <= Self.bufferLimit, room.mayHold(count + bytes.count) else {
                return end(with: .badStoreAnswer)
            }
            buffered?.append(bytes)
            return
        }
        guard connection?.writeAnswer(bytes) == false else { return }
        isPaused = true
        exchange?.pauseAnswer(true)
    }

    func storeAnswerEnded() {
        if let buffered { connection?.respond(status: head.status, fields: head.fields, body: buffered.span) }
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
