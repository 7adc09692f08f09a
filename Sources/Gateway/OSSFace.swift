// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Settings
internal import Signing

/// A request of a client that speaks OSS: from its head to a started ``Upload`` or read. Answers are in
/// `OSSFace+answers.swift`.
enum OSSFace {
    /// What a request is known to be, while it is looked at.
    struct Incoming {
        let connection: ServerConnection
        let listenerIndex: Int
        let runtime: Runtime
        let requestID: RequestID
        let started = Instant.now

        var listener: Settings::Listener { runtime.settings.listeners[listenerIndex] }
    }

    static let dialect = OSSDialect()

    static func handle(_ connection: ServerConnection, listenerIndex: Int, runtime: Runtime) {
        let incoming = Incoming(
            connection: connection, listenerIndex: listenerIndex, runtime: runtime,
            requestID: runtime.worker.identifiers.nextRequestID())
        var request: UploadRequest?
        do throws(VendorError) {
            let operation = try dialect.read(
                connection.request,
                at: ListenerPlace(baseHost: incoming.listener.baseHost, bucket: incoming.listener.bucket))
            let accepted = uploadRequest(operation, incoming)
            request = accepted
            let match = incoming.runtime.settings.routes.match(accepted.route)
            accepted.clientID = try authenticate(operation, accepted, match, incoming)
            guard let match else { throw noRoute(accepted, incoming.runtime.settings) }
            try perform(operation, accepted, match, incoming)
        } catch {
            refuse(error, request, incoming)
        }
    }

    static func refuse(_ refusal: RequestRefusal, requestID: RequestID, on connection: ServerConnection, worker: Worker)
    {
        let code: OSSErrorCode = refusal == .headTimeout ? .requestTimeout : .badRequest
        var error = VendorError(code, refusal.message)
        error.status = refusal.status
        send(OSSAnswer.error(error, context(connection, requestID, .now, worker.environment)), on: connection)
    }

    private static func uploadRequest(_ operation: ClientRequest, _ incoming: Incoming) -> UploadRequest {
        let head = incoming.connection.request
        let query = head.query.flatMap { QueryItems($0.span, plusIsSpace: true) } ?? QueryItems()
        let isPut = operation.operation == .putObject
        let request = UploadRequest(
            listenerIndex: incoming.listenerIndex, head: head, path: operation.key[...], query: query,
            bucket: operation.bucket, length: isPut ? operation.contentLength : nil,
            clientIP: incoming.connection.peerHost,
            requestID: incoming.requestID)
        guard isPut else { return request }
        request.contentMD5 = operation.contentMD5
        request.crc64 = operation.crc64
        request.forbidsOverwrite = operation.forbidsOverwrite
        request.clientCallback = operation.callback?.callback
        request.clientCallbackVariables = operation.callback?.variables
        return request
    }

    // MARK: - Client

    /// The key id of the client, empty where the listener asks nobody.
    private static func authenticate(
        _ operation: ClientRequest, _ request: UploadRequest, _ match: RouteMatch?, _ incoming: Incoming
    ) throws(VendorError) -> String {
        let settings = incoming.runtime.settings
        let routeGroup = match.flatMap(\.route.clientsIndex)
        guard let index = routeGroup ?? incoming.listener.clientsIndex else { return "" }
        let group = settings.clients[index]
        let address = incoming.connection.peer.octets
        if !group.networks.isEmpty, !group.networks.contains(where: { $0.contains(address.span) }) {
            throw VendorError(.accessDenied, "This address may not upload here.")
        }
        guard group.needsCredentials else { return "" }
        return try incoming.runtime.verifier.verify(
            operation, request.head, now: incoming.runtime.environment.clock.seconds
        ) { id in
            group.key(id: id).map { AccessKey(id: $0.id, secret: $0.secret.reveal()) }
        }
    }

    private static func noRoute(_ request: UploadRequest, _ settings: Settings) -> VendorError {
        let failure = Failure.noRoute(request, settings)
        return failure.code == .tooLarge
            ? VendorError(failure) : VendorError(.accessDenied, "No route takes this request.")
    }

    // MARK: - Operation

    private static func perform(
        _ operation: ClientRequest, _ request: UploadRequest, _ match: RouteMatch, _ incoming: Incoming
    ) throws(VendorError) {
        if let length = request.length, length > match.sizeLimitBytes {
            throw VendorError(Failure.tooLarge(match.sizeLimitBytes))
        }
        let runtime = incoming.runtime
        let needsUUID = match.route.needsUUID
        let uuid = needsUUID ? runtime.worker.identifiers.nextUUID() : ""
        let plan = try plan(request, match, uuid: uuid, runtime)
        switch operation.operation {
        case .putObject:
            guard runtime.worker.admitUpload(limit: runtime.uploadLimit) else { throw VendorError(Failure.overloaded) }
            Upload(
                runtime: runtime, request: request, plan: plan, face: .oss, source: incoming.connection,
                record: UploadRecord(started: incoming.started)
            ).start()
        case .getObject: read(plan, operation, incoming)
        case .headObject: read(plan, operation, incoming)
        case .deleteObject: delete(plan, incoming)
        default: throw .notImplemented(operation.operation.apiName)
        }
    }

    private static func plan(
        _ request: UploadRequest, _ match: RouteMatch, uuid: String, _ runtime: Runtime
    ) throws(VendorError) -> UploadPlan {
        let plan: UploadPlan
        do throws(PlanError) {
            plan = try runtime.planner.plan(request, match, uuid: uuid)
        } catch {
            switch error {
            case .failure(let failure): throw VendorError(failure)
            case .callback(let problem):
                throw .invalidArgument(
                    problem.message, name: problem.argumentName, value: problem.argumentValue, ec: problem.ec)
            }
        }
        do throws(Failure) { try runtime.validate(plan) } catch { throw VendorError(error) }
        return plan
    }

    private static func read(_ plan: UploadPlan, _ operation: ClientRequest, _ incoming: Incoming) {
        let connection = incoming.connection
        if let remote = incoming.runtime.remote(plan.storeIndex) {
            let relay = ObjectRelay(connection: connection, pool: remote.pool, incoming: incoming)
            relay.start(
                remote.requests.encoded(
                    operation.operation, bucket: plan.bucket, key: plan.key, clientFields: plan.clientFields,
                    now: incoming.runtime.environment.clock.seconds),
                method: operation.operation == .headObject ? .head : .get)
        } else if let store = incoming.runtime.directory(plan.storeIndex) {
            DirectoryRead(incoming: incoming, store: store, plan: plan, operation: operation).start()
        }
    }

    private static func delete(_ plan: UploadPlan, _ incoming: Incoming) {
        let connection = incoming.connection
        if let remote = incoming.runtime.remote(plan.storeIndex) {
            let relay = ObjectRelay(connection: connection, pool: remote.pool, incoming: incoming)
            relay.start(
                remote.requests.encoded(
                    .deleteObject, bucket: plan.bucket, key: plan.key, now: incoming.runtime.environment.clock.seconds),
                method: .delete)
        } else {
            connection.attachment = incoming.runtime.deleteObject(
                storeIndex: plan.storeIndex, bucket: plan.bucket, key: plan.key
            ) { succeeded in
                let context = context(connection, incoming.requestID, incoming.started, incoming.runtime.environment)
                let answer =
                    succeeded ? OSSAnswer.deleted(context) : OSSAnswer.error(VendorError(.internalError), context)
                send(answer, on: connection)
            }
        }
    }
}
