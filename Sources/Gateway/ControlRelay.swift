// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPServing
internal import HTTPWire

/// A request that moves no data (begin, abort and list uploads, delete), signed anew and passed on; the store's short
/// document goes back with the client's own names in it. Loop thread only.
final class ControlRelay: BodyReceiver {
    /// nil once the client is gone or was told.
    private var connection: ServerConnection?
    private let incoming: SDKFace.Incoming
    private let client: ClientRequest
    private let plan: UploadPlan
    private let remote: RemoteStore
    private var call: StoreCall?

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
        connection?.startBody()
        if client.contentLength == 0 { send() }
    }

    // MARK: - From the client

    func bodyReceived(_ bytes: Span<UInt8>) {
        guard let connection else { return }
        let error = incoming.dialect.error(.badRequest("This operation takes no body."))
        end(incoming.dialect.answer(error, toHead: false, SDKFace.context(incoming)), on: connection)
    }

    func bodyCompleted() { send() }

    func clientFailed(_ failure: ClientFailure) {
        call?.cancel()
        connection = nil
    }

    func answerDrained() {}

    // MARK: - To and from the store

    private func send() {
        guard call == nil, connection != nil else { return }
        let makesObject = client.operation == .createUpload
        let head = remote.requests.encoded(
            client.operation, bucket: plan.bucket, key: plan.key, clientFields: plan.clientFields,
            routeFields: makesObject ? plan.routeFields : HeaderFields(), on: incoming.publicID,
            now: incoming.now)
        call = StoreCall(pool: remote.pool, method: client.operation.method, head: head) { [weak self] result in
            switch result {
            case .success(let answer): self?.answered(answer)
            case .failure(let failure): self?.fail(Failure(failure))
            }
        }
    }

    private func answered(_ answer: WireAnswer) {
        guard let connection else { return }
        let isRenamed = (200...299).contains(answer.status) && plan.renames(client)
        var answer = isRenamed ? incoming.dialect.renamed(answer, for: client, SDKFace.context(incoming)) : answer
        answer.fields = StoreAnswerFields.forSDK(answer.fields)
        answer.fields.append("Putback-Request-Id", incoming.publicID.text)
        end(answer, on: connection)
    }

    private func fail(_ failure: Failure) {
        guard let connection else { return }
        let error = incoming.dialect.error(failure)
        end(incoming.dialect.answer(error, toHead: false, SDKFace.context(incoming)), on: connection)
    }

    private func end(_ answer: WireAnswer, on connection: ServerConnection) {
        self.connection = nil
        connection.receiver = nil
        SDKFace.send(answer, on: connection)
    }
}
