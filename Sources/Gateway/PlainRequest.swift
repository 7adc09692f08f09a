// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets
internal import Settings

/// A request of a client that knows nothing but `PUT` or `POST`: from its head to a started ``Upload``.
enum PlainRequest {
    static func handle(_ connection: ServerConnection, listenerIndex: Int, runtime: Runtime) {
        let worker = runtime.worker
        let requestID = worker.identifiers.nextRequestID()
        let isCrossOrigin = !runtime.settings.listeners[listenerIndex].corsOrigins.isEmpty
        if isCrossOrigin, CORS.answer(connection, origins: runtime.settings.listeners[listenerIndex].corsOrigins) {
            return
        }
        let started = worker.loop.now
        let request: UploadRequest
        do throws(Failure) {
            request = try read(
                connection.request, listenerIndex: listenerIndex, clientIP: connection.peerHost, requestID: requestID)
        } catch {
            return refuse(error, .unreadable(connection, listenerIndex, requestID), started, on: connection, runtime)
        }
        do throws(Failure) {
            if PlainForm.isForm(request) {
                return try PlainForm.start(request, started: started, on: connection, runtime)
            }
            let plan = try prepare(request, connection, runtime)
            let admission = try runtime.admit(request, plan, on: connection)
            let upload = Upload(
                runtime: runtime, request: request, plan: plan, face: .plain, source: connection,
                record: UploadRecord(started: started), admission: admission)
            upload.start()
        } catch {
            refuse(error, request, started, on: connection, runtime)
        }
    }

    /// Answers and logs a request that becomes no upload.
    static func refuse(
        _ failure: Failure, _ request: UploadRequest, _ started: Instant, on connection: ServerConnection,
        _ runtime: Runtime
    ) {
        runtime.worker.metrics.refused(failure.code)
        var record = UploadRecord(started: started)
        record.status = answer(failure, request, on: connection, runtime)
        runtime.log(record, Outcome(stored: .no, failure: failure), request: request, plan: nil)
    }

    /// Answers a request that becomes no upload; returns the status.
    static func answer(
        _ failure: Failure, _ request: UploadRequest, on connection: ServerConnection, _ runtime: Runtime
    ) -> Int {
        PlainAnswer.send(
            failure, id: request.publicID, on: connection,
            fields: answerFields(failure, request.listenerIndex, runtime))
    }

    static func refuse(_ refusal: RequestRefusal, requestID: RequestID, on connection: ServerConnection) {
        let code: Failure.Code = refusal == .headTimeout ? .headTimeout : .malformedRequest
        let failure = Failure(
            code, party: .client, phase: .routing, status: refusal.status, refusal.message)
        PlainAnswer.send(failure, id: PublicID(own: requestID), on: connection)
    }

    /// What the request asks for.
    static func read(
        _ head: consuming RequestHead, listenerIndex: Int, clientIP: String, requestID: RequestID
    ) throws(Failure) -> UploadRequest {
        guard head.method == .put || head.method == .post else {
            throw Failure(
                .methodNotAllowed, party: .client, phase: .routing, status: 405, "Uploads are made with PUT or POST.")
        }
        guard let path = PathText.key(of: head) else {
            throw Failure(
                .badPath, party: .client, phase: .routing, status: 400, "The path holds an invalid percent-encoding.")
        }
        let (query, length, contentMD5) = (try query(head), head.bodyLength, try contentMD5(head))
        return UploadRequest(
            listenerIndex: listenerIndex, head: head, path: path, query: query, length: length, clientIP: clientIP,
            requestID: requestID, contentMD5: contentMD5, routedLength: length)
    }

    private static func query(_ head: RequestHead) throws(Failure) -> QueryItems {
        guard let raw = head.query else { return QueryItems() }
        guard let items = QueryItems(raw.span, plusIsSpace: true) else {
            throw Failure(
                .badPath, party: .client, phase: .routing, status: 400, "The query holds an invalid percent-encoding.")
        }
        return items
    }

    static func contentMD5(_ head: RequestHead) throws(Failure) -> [UInt8]? {
        guard let value = head.fields.first("content-md5") else { return nil }
        guard let digest = Base64.decode(value.span), digest.count == 16 else {
            throw Failure(
                .badDigest, party: .client, phase: .routing, status: 400, "Content-MD5 is not the Base64 of an MD5.")
        }
        return digest
    }

    /// Route, client and plan; the client's name is put into the request.
    static func prepare(
        _ request: UploadRequest, _ connection: ServerConnection, _ runtime: Runtime
    ) throws(Failure) -> UploadPlan {
        let settings = runtime.settings
        guard let match = settings.routes.match(request.route) else { throw .noRoute(request, settings) }
        let route = match.route
        if let index = route.clientsIndex ?? settings.listeners[request.listenerIndex].clientsIndex {
            let client = try Authorizer.authorize(
                request.head, address: connection.peer.octets, group: settings.clients[index])
            if !client.isEmpty { request.clientID = client }
        }
        if let length = request.length, length > match.sizeLimitBytes { throw .tooLarge(match.sizeLimitBytes) }
        let uuid = route.needsUUID ? runtime.worker.identifiers.nextUUID() : ""
        let plan: UploadPlan
        do throws(PlanError) {
            plan = try runtime.planner.plan(request, match, uuid: uuid)
        } catch {
            switch error {
            case .failure(let failure): throw failure
            case .callback: preconditionFailure("plain clients have no callback parameters of their own")
            }
        }
        try runtime.validate(plan)
        return plan
    }

    /// The fields that RFC 9110 wants beside some statuses.
    private static func answerFields(_ failure: Failure, _ listenerIndex: Int, _ runtime: Runtime) -> HeaderFields {
        var fields = HeaderFields()
        if failure.status == 405 { fields.append("Allow", "PUT, POST") }
        guard failure.status == 401 else { return fields }
        let settings = runtime.settings
        var groups = settings.routes.routes.compactMap(\.clientsIndex)
        if let index = settings.listeners[listenerIndex].clientsIndex { groups.insert(index, at: 0) }
        for index in groups.prefix(1) {
            for challenge in Authorizer.challenges(settings.clients[index]) {
                fields.append("WWW-Authenticate", challenge)
            }
        }
        return fields
    }
}

extension UploadRequest {
    /// For the log line of a request that could not be read.
    static func unreadable(_ connection: ServerConnection, _ listenerIndex: Int, _ requestID: RequestID)
        -> UploadRequest
    {
        UploadRequest(
            listenerIndex: listenerIndex, head: connection.request, path: [], query: QueryItems(), bucket: nil,
            length: nil, clientIP: connection.peerHost, requestID: requestID, routedLength: nil)
    }
}

extension Failure {
    static var noMemoryForParts: Failure {
        Failure(
            .overloaded, party: .putback, phase: .storing, status: 503,
            "The uploads that go to their store in parts have all the memory that limits.buffers gives.", retryAfter: 1)
    }

    static var overloaded: Failure {
        Failure(
            .overloaded, party: .putback, phase: .routing, status: 503, "Too many uploads are under way.", retryAfter: 1
        )
    }

    /// Nothing matched: a length that no route takes is told apart from a path that none has.
    static func noRoute(_ request: UploadRequest, _ settings: Settings) -> Failure {
        var anyLength = request.route
        anyLength.contentLength = nil
        if let match = settings.routes.match(anyLength), request.length ?? 0 > match.sizeLimitBytes {
            return .tooLarge(match.sizeLimitBytes)
        }
        return Failure(.noRoute, party: .client, phase: .routing, status: 404, "No route takes this upload.")
    }
}
