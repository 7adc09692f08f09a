// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPServing
internal import HTTPWire
internal import Octets
internal import Upstream

/// A request that moves no data (begin, abort and list uploads, delete), signed anew and passed on; the store's short
/// document goes back with the client's own names in it. Loop thread only.
final class ControlRelay: BodyReceiver, StoreExchangeHandler {
    private static let answerLimit = 4 * 1024 * 1024

    /// nil once the client is gone or was told.
    private var connection: ServerConnection?
    private let incoming: SDKFace.Incoming
    private let client: ClientRequest
    private let plan: UploadPlan
    private let remote: RemoteStore
    private var exchange: StoreExchange?
    private var answer = WireAnswer(status: 0, fields: HeaderFields(), body: [])

    init(incoming: SDKFace.Incoming, client: ClientRequest, plan: UploadPlan, remote: RemoteStore) {
        connection = incoming.connection
        self.incoming = incoming
        self.client = client
        self.plan = plan
        self.remote = remote
    }

    /// Takes the request's body, which is empty, and sends; the connection keeps this object until the answer is out.
    func start() {
        connection?.receiver = self
        connection?.attachment = self
        guard incoming.connection.request.framing == .none || client.contentLength == 0 else {
            connection?.startBody()
            return
        }
        connection?.startBody()
        send()
    }

    // MARK: - From the client

    func bodyReceived(_ bytes: Span<UInt8>) {
        guard let connection else { return }
        let error = incoming.dialect.error(.badRequest("This operation takes no body."))
        end(incoming.dialect.answer(error, toHead: false, SDKFace.context(incoming)), on: connection)
    }

    func bodyCompleted() {
        if exchange == nil { send() }
    }

    func clientFailed(_ failure: ClientFailure) {
        exchange?.abort()
        connection = nil
    }

    func answerDrained() {}

    // MARK: - To and from the store

    private func send() {
        guard exchange == nil, connection != nil else { return }
        let exchange = StoreExchange(pool: remote.pool, handler: self)
        self.exchange = exchange
        let makesObject = client.operation == .createUpload
        let head = remote.requests.encoded(
            client.operation, bucket: plan.bucket, key: plan.key, clientFields: plan.clientFields,
            routeFields: makesObject ? plan.routeFields : HeaderFields(), now: incoming.now)
        exchange.start(method: client.operation.method, head: head, isChunked: false, length: 0)
        exchange.finish()
    }

    func storeWritable() {}

    func storeAnswered(_ head: ResponseHead) {
        answer.status = head.status
        answer.fields = head.fields
    }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        answer.body.append(bytes)
        guard answer.body.count > Self.answerLimit else { return }
        exchange?.abort()
        fail(
            Failure(.storeBadAnswer, party: .store, phase: .answering, status: 502, "The store's answer is too long."))
    }

    func storeAnswerEnded() {
        guard let connection else { return }
        let isRenamed = plan.bucket != client.bucket || plan.key != client.key
        var answer =
            (200...299).contains(answer.status) && isRenamed
            ? incoming.dialect.renamed(answer, for: client) : answer
        answer.fields = StoreAnswerFields.forSDK(answer.fields)
        answer.fields.append("Putback-Request-Id", incoming.requestID.text)
        end(answer, on: connection)
    }

    func storeFailed(_ failure: StoreFailure) { fail(Failure(failure)) }

    private func fail(_ failure: Failure) {
        guard let connection else { return }
        let error = incoming.dialect.error(failure.refusal())
        end(incoming.dialect.answer(error, toHead: false, SDKFace.context(incoming)), on: connection)
    }

    private func end(_ answer: WireAnswer, on connection: ServerConnection) {
        self.connection = nil
        connection.receiver = nil
        SDKFace.send(answer, on: connection)
    }
}
