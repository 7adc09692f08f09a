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

/// A request of a vendor's client: from its head to a started ``Upload``, read or control operation. Answers are in
/// `SDKFace+answers.swift`.
enum SDKFace {
    /// What a request is known to be, while it is looked at.
    struct Incoming {
        let connection: ServerConnection
        let listenerIndex: Int
        let name: DialectName
        let runtime: Runtime
        let requestID: RequestID
        let started = Instant.now
        let trace: RequestTrace?

        var publicID: PublicID { PublicID(own: requestID, trace: trace) }
        var dialect: any Dialect { name.dialect }
        var listener: Settings::Listener { runtime.settings.listeners[listenerIndex] }
        var now: Int64 { runtime.environment.clock.seconds }
    }

    static func handle(_ connection: ServerConnection, listenerIndex: Int, name: DialectName, runtime: Runtime) {
        let incoming = Incoming(
            connection: connection, listenerIndex: listenerIndex, name: name, runtime: runtime,
            requestID: runtime.worker.identifiers.nextRequestID(),
            trace: RequestTrace.read(connection.request.fields))
        var request: UploadRequest?
        do throws(VendorError) {
            let client = try incoming.dialect.read(
                connection.request,
                at: ListenerPlace(baseHost: incoming.listener.baseHost, bucket: incoming.listener.bucket))
            let accepted = UploadRequest(client, incoming)
            request = accepted
            if client.operation == .postObject { return try SDKForm.start(client, accepted, incoming) }
            let match = incoming.runtime.settings.routes.match(accepted.route)
            accepted.clientID = try authenticate(client, accepted, match, incoming)
            guard let match else {
                // Routes are about uploads: a client that looks at its bucket first needs none for that.
                guard client.operation == .headBucket else { throw noRoute(accepted, incoming) }
                return send(incoming.dialect.answer(.bucket, to: client, context(incoming)), on: connection)
            }
            try perform(client, accepted, match, incoming)
        } catch {
            refuse(error, request, incoming)
        }
    }

    static func refuse(
        _ refusal: RequestRefusal, requestID: RequestID, name: DialectName, on connection: ServerConnection,
        worker: Worker
    ) {
        let dialect = name.dialect
        var error = dialect.error(refusal == .headTimeout ? .slowClient : .badRequest(refusal.message))
        error.status = refusal.status
        error.message = refusal.message
        let context = context(connection, requestID, .now, worker.environment)
        send(dialect.answer(error, toHead: false, context), on: connection)
    }

    // MARK: - Client

    /// The key id of the client, empty where the listener asks nobody.
    private static func authenticate(
        _ client: ClientRequest, _ request: UploadRequest, _ match: RouteMatch?, _ incoming: Incoming
    ) throws(VendorError) -> String {
        guard let group = try group(match, incoming) else { return "" }
        return try incoming.runtime.verifier(incoming.name).verify(
            client, request.head, now: incoming.now, key: { group.accessKey(id: $0) })
    }

    /// Whose keys sign requests; nil where nobody is asked for one.
    static func group(_ match: RouteMatch?, _ incoming: Incoming) throws(VendorError) -> ClientGroup? {
        let settings = incoming.runtime.settings
        let routeGroup = match.flatMap(\.route.clientsIndex)
        guard let index = routeGroup ?? incoming.listener.clientsIndex else { return nil }
        let group = settings.clients[index]
        let address = incoming.connection.peer.octets
        if !group.networks.isEmpty, !group.networks.contains(where: { $0.contains(address.span) }) {
            throw incoming.dialect.error(.forbidden("This address may not upload here."))
        }
        return group.needsCredentials ? group : nil
    }

    static func noRoute(_ request: UploadRequest, _ incoming: Incoming) -> VendorError {
        let failure = Failure.noRoute(request, incoming.runtime.settings)
        return incoming.dialect.error(
            failure.code == .tooLarge ? failure.refusal() : .forbidden("No route takes this request."))
    }

    // MARK: - Operation

    private static func perform(
        _ client: ClientRequest, _ request: UploadRequest, _ match: RouteMatch, _ incoming: Incoming
    ) throws(VendorError) {
        let runtime = incoming.runtime
        if client.operation.hasObjectBody, let length = request.length, length > match.sizeLimitBytes {
            throw incoming.dialect.error(.tooLarge(maximum: match.sizeLimitBytes))
        }
        let keyLead = request.namesObject ? [] : runtime.planner.keyLead(request, match)
        try checkKey(client, match.route, keyLead, incoming)
        let plan = try plan(
            request, match, uuid: match.route.needsUUID ? runtime.worker.identifiers.nextUUID() : "", incoming)
        if client.wantsETag, runtime.directory(plan.storeIndex) != nil {
            throw incoming.dialect.error(
                .notImplemented("A directory compares no ETags, so x-tos-if-match is refused."))
        }
        switch client.operation {
        case .putObject, .postObject, .appendObject, .putPart, .completeUpload:
            let admission: Admission
            do throws(Failure) {
                admission = try runtime.admit(request, plan, on: incoming.connection)
            } catch {
                throw incoming.dialect.error(error)
            }
            let source: any UploadSource =
                client.hasTrailer
                ? TrailedBody(incoming.connection, incoming.dialect, length: client.contentLength) : incoming.connection
            Upload(
                runtime: runtime, request: request, plan: plan, face: .sdk(incoming.name), source: source,
                record: UploadRecord(started: incoming.started), admission: admission
            ).start()
        case .headBucket where runtime.remote(plan.storeIndex) == nil:
            send(incoming.dialect.answer(.bucket, to: client, context(incoming)), on: incoming.connection)
        case .getObject, .headObject, .headBucket:
            read(plan, client, incoming)
        case .createUpload, .abortUpload, .listParts, .listUploads, .deleteObject:
            if let remote = runtime.remote(plan.storeIndex) {
                ControlRelay(incoming: incoming, client: client, plan: plan, keyLead: keyLead, remote: remote).start()
            } else if let store = runtime.directory(plan.storeIndex) {
                DirectoryControl(incoming: incoming, client: client, plan: plan, keyLead: keyLead, store: store).start()
            }
        }
    }

    /// An upload in parts is many requests: each must lead to the same key, and a list must tell the client's own keys.
    private static func checkKey(
        _ client: ClientRequest, _ route: Route, _ keyLead: [UInt8]?, _ incoming: Incoming
    ) throws(VendorError) {
        switch client.operation {
        case .createUpload where !route.keyIsStable, .putPart where !route.keyIsStable,
            .completeUpload where !route.keyIsStable:
            throw incoming.dialect.error(
                .notImplemented("Route \(route.name) gives each request another key, so it takes no upload in parts."))
        case .listUploads where keyLead == nil:
            throw incoming.dialect.error(
                .notImplemented(
                    "Route \(route.name) makes keys in which the client's cannot be found again, so its uploads cannot "
                        + "be listed."))
        default: return
        }
    }

    static func plan(
        _ request: UploadRequest, _ match: RouteMatch, uuid: String, _ incoming: Incoming
    ) throws(VendorError) -> UploadPlan {
        let plan: UploadPlan
        do throws(PlanError) {
            plan = try incoming.runtime.planner.plan(request, match, uuid: uuid)
        } catch {
            switch error {
            case .failure(let failure): throw incoming.dialect.error(failure)
            case .callback(let problem): throw problem
            }
        }
        do throws(Failure) { try incoming.runtime.validate(plan) } catch {
            throw incoming.dialect.error(error)
        }
        return plan
    }

    private static func read(_ plan: UploadPlan, _ client: ClientRequest, _ incoming: Incoming) {
        let connection = incoming.connection
        if let remote = incoming.runtime.remote(plan.storeIndex) {
            let relay = ObjectRelay(connection: connection, pool: remote.pool, incoming: incoming)
            relay.start(
                remote.requests.encoded(
                    client.operation, bucket: plan.bucket, key: plan.key, clientFields: plan.clientFields,
                    on: incoming.publicID, now: incoming.now),
                method: client.operation.method)
        } else if let store = incoming.runtime.directory(plan.storeIndex) {
            DirectoryRead(incoming: incoming, store: store, plan: plan, operation: client).start()
        }
    }
}

extension ClientGroup {
    /// The key that signs a vendor's requests; nil where nobody has that id.
    func accessKey(id: String) -> AccessKey? { key(id: id).map { AccessKey(id: $0.id, secret: $0.secret.reveal()) } }
}

extension UploadRequest {
    /// What a vendor's client asks for. Only a whole object has a size that routes can go by: the requests of an upload in
    /// parts must all take the same route.
    ///
    /// - Parameter form: of the form whose file it is.
    convenience init(_ client: ClientRequest, _ incoming: SDKFace.Incoming, form: FormContext? = nil) {
        let head = incoming.connection.request
        let query = head.query.flatMap { QueryItems($0.span, plusIsSpace: true) } ?? QueryItems()
        let isWhole = client.operation == .putObject
        // That of a form's body is not that of its file, which is known only when it ended.
        let length = client.operation == .postObject ? nil : client.contentLength
        self.init(
            listenerIndex: incoming.listenerIndex, head: head, path: client.key[...], query: query,
            bucket: client.bucket, length: length, clientIP: incoming.connection.peerHost,
            requestID: incoming.requestID, contentMD5: client.operation.hasObjectBody ? client.contentMD5 : nil,
            routedLength: isWhole ? client.contentLength : nil, form: form, client: client)
        guard client.operation.hasObjectBody else { return }
        crc64 = client.crc64
        forbidsOverwrite = client.forbidsOverwrite
    }
}
