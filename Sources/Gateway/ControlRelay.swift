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
    /// What the store's keys have in front of the client's own, of a request that does not name its keys; nil where nobody
    /// can tell.
    private let keyLead: [UInt8]?
    private var call: StoreCall?

    init(incoming: SDKFace.Incoming, client: ClientRequest, plan: UploadPlan, keyLead: [UInt8]?, remote: RemoteStore) {
        connection = incoming.connection
        self.incoming = incoming
        self.client = client
        self.plan = plan
        self.keyLead = keyLead
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
            client.operation.behind(keyLead ?? []), bucket: plan.bucket, key: plan.key, clientFields: plan.clientFields,
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
        var answer = answer
        if (200...299).contains(answer.status), keyLead != [] || plan.renames(client) {
            let context = SDKFace.context(incoming)
            guard let told = incoming.dialect.renamed(answer, for: client, lead: keyLead, context) else {
                let error = incoming.dialect.error(otherKeys)
                return end(incoming.dialect.answer(error, toHead: false, context), on: connection)
            }
            answer = told
        }
        answer.fields = StoreAnswerFields.forSDK(answer.fields)
        answer.fields.append("Putback-Request-Id", incoming.publicID.text)
        end(answer, on: connection)
    }

    /// The store told a key that is none of this route's.
    private var otherKeys: Refusal {
        if case .listParts = client.operation { return .noSuchUpload }
        return .storeFailed("The store lists keys that it was not asked for.")
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
