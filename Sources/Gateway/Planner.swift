// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Digests
internal import HTTPWire
internal import Octets
internal import Settings

/// Why no plan was made.
enum PlanError: Error {
    case failure(Failure)
    /// The callback parameters of a client of OSS are bad: told in OSS's words, before anything is stored.
    case callback(OSSCallbackError)
}

/// Makes the plan of an upload from the request, the settings, the clock and chance; does nothing else.
///
/// `putback explain` prints what this returns, so it is what `serve` does.
struct Planner: Sendable {
    let settings: Settings
    let environment: Environment
    /// Signs the callbacks that Putback makes; nil where no store needs it.
    let signer: CallbackRequest.Signer?
    /// The targets of each policy, by its place in the settings.
    private let targets: [[CallbackURL]]

    init(settings: Settings, environment: Environment, signer: CallbackRequest.Signer?) {
        self.settings = settings
        self.environment = environment
        self.signer = signer
        targets = settings.callbacks.map { policy in
            policy.urls.map { url in
                guard let target = try? CallbackURL(parsing: url) else {
                    preconditionFailure("the URLs of a policy were checked when the settings were read")
                }
                return target
            }
        }
    }

    /// The plan for a request whose route is known.
    func plan(_ request: UploadRequest, _ match: RouteMatch, uuid: String) throws(PlanError) -> UploadPlan {
        let route = settings.routes.routes[match.routeIndex]
        let store = settings.stores[route.storeIndex]
        guard let bucket = store.bucket.name(clientBucket: request.bucket) else {
            throw .failure(Self.badKey("The request names no bucket."))
        }
        let context = TemplateContext(
            path: request.path, captures: match.captures, authority: request.head.authority,
            fields: request.head.fields, query: request.query, clientIP: request.clientIP,
            clientID: request.clientID, bucket: request.bucket, requestID: request.requestID, uuid: uuid,
            unixMilliseconds: environment.clock.milliseconds)
        let key = try objectKey(route, context)
        var routeFields = HeaderFields()
        for header in route.headers {
            let value = header.value.render(.headerValue, lookup: context.value)
            routeFields.append(name: header.name, bytes: value.span)
        }
        let mimeType = routeFields.string("content-type") ?? request.head.fields.string("content-type")
        var plan = UploadPlan(
            route: route, storeIndex: route.storeIndex, bucket: bucket, key: key, sizeLimit: match.sizeLimitBytes,
            length: request.length, mimeType: mimeType ?? "application/octet-stream", callback: .none,
            onFailure: CallbackPolicy.FailureRule(), callbackName: nil, clientFields: request.head.fields,
            isFromSDK: settings.listeners[request.listenerIndex].isSDK, routeFields: routeFields,
            contentMD5: request.contentMD5, crc64: request.crc64, forbidsOverwrite: request.forbidsOverwrite)
        try planCallback(&plan, request, context, store)
        return plan
    }

    private func objectKey(_ route: Route, _ context: TemplateContext) throws(PlanError) -> [UInt8] {
        do throws(KeyError) {
            return try route.objectKey(context)
        } catch {
            switch error {
            case .empty: throw .failure(Self.badKey("The object key is empty."))
            case .tooLong(let count):
                throw .failure(Self.badKey("The object key has \(count) bytes; \(Route.maximumKeyBytes) are allowed."))
            }
        }
    }

    private static func badKey(_ message: String) -> Failure {
        Failure(.badKey, party: .client, phase: .planning, status: 400, message)
    }

    // MARK: - Callback

    /// An SDK client is told what its vendor would tell it, so its vendor's rules judge the app's answer.
    private func rules(_ request: UploadRequest) -> OwnCallback.Rules {
        settings.listeners[request.listenerIndex].dialect == .oss ? .oss : .app
    }

    /// The route's policy wins; a client's own parameters count where the route has none and allows them.
    private func planCallback(
        _ plan: inout UploadPlan, _ request: UploadRequest, _ context: TemplateContext, _ store: Store
    ) throws(PlanError) {
        if let index = plan.route.callbackIndex {
            return try planPolicy(&plan, index, context, rules: rules(request))
        }
        guard let callback = request.clientCallback, !plan.route.clientCallbacks.patterns.isEmpty else { return }
        try planClientCallback(&plan, callback, request.clientCallbackVariables, store)
    }

    private func planPolicy(
        _ plan: inout UploadPlan, _ index: Int, _ context: TemplateContext, rules: OwnCallback.Rules
    ) throws(PlanError) {
        let policy = settings.callbacks[index]
        let custom = policy.customVariables(lookup: context.value)
        plan.onFailure = policy.onFailure
        plan.callbackName = policy.name
        guard plan.route.callbackIsByStore else {
            plan.callback = .own(ownCallback(policy, targets[index], custom, rules))
            return
        }
        do throws(OSSCallbackEncodingError) {
            plan.callback = .byStore(try OSSCallbackCodec.encode(policy, variables: custom))
        } catch {
            throw .failure(
                Failure(
                    .badValue, party: .client, phase: .planning, status: 400,
                    "The callback's \(error.parameter.rawValue) take \(error.bytes) bytes; the store allows "
                        + "\(OSSCallbackCodec.maximumBytes)."))
        }
    }

    private func ownCallback(
        _ policy: CallbackPolicy, _ urls: [CallbackURL], _ custom: [CustomVariable], _ rules: OwnCallback.Rules
    ) -> OwnCallback {
        let signer = self.signer
        return OwnCallback(
            urls: urls, timeoutMilliseconds: policy.timeoutMilliseconds, rules: rules,
            request: { url, facts, now in
                try CallbackRequest.putback(policy, to: url, facts: facts, signer: signer, now: now)
            }, mayConnect: nil, custom: custom)
    }

    private func planClientCallback(
        _ plan: inout UploadPlan, _ callback: [UInt8], _ variables: [UInt8]?, _ store: Store
    ) throws(PlanError) {
        let decoded = try decode(callback, variables)
        guard let decoded else { return }
        plan.callbackName = "client"
        let allowance = plan.route.clientCallbacks
        for url in decoded.urls where !allowance.mayAllow(host: url.host, port: url.port) {
            throw .callback(OSSCallbackError(.privateAddress, value: url.description))
        }
        guard !store.makesCallbacks else {
            plan.callback = .byStoreAsSent(callback: callback, variables: variables)
            return
        }
        let signer = self.signer
        plan.callback = .own(
            OwnCallback(
                urls: decoded.urls, timeoutMilliseconds: CallbackPolicy.defaultTimeoutMilliseconds, rules: .oss,
                request: { url, facts, now in
                    try CallbackRequest.oss(decoded, to: url, facts: facts, signer: signer, now: now)
                },
                mayConnect: { url, address in allowance.allows(host: url.host, port: url.port, address: address.span) },
                custom: decoded.variables))
    }

    private func decode(_ callback: [UInt8], _ variables: [UInt8]?) throws(PlanError) -> OSSCallbackRequest? {
        do throws(OSSCallbackError) {
            guard let variables else { return try OSSCallbackCodec.decode(callback: callback.span) }
            return try OSSCallbackCodec.decode(callback: callback.span, variables: variables.span)
        } catch {
            throw .callback(error)
        }
    }
}
