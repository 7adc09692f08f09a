// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import Digests
internal import HTTPWire
internal import Octets
internal import Settings

/// Why no plan was made.
enum PlanError: Error {
    case failure(Failure)
    /// The callback parameters of a vendor's client are bad: told in its words, before anything is stored.
    case callback(VendorError)

    /// The same for the put policy of a US3 client.
    static func putPolicy(_ message: String) -> PlanError {
        .callback(
            VendorError(
                status: US3PutPolicyError.status, code: String(US3PutPolicyError.retCode), message: message))
    }
}

/// Makes the plan of an upload from the request, the settings, the clock and chance; does nothing else.
///
/// `putback explain` prints what this returns, so it is what `serve` does.
final class Planner: Sendable {
    let settings: Settings
    let environment: Environment
    /// Signs the callbacks that Putback makes; nil where none need be signed.
    let signer: CallbackRequest.Signer?
    /// The targets of each policy, by its place in the settings.
    private let targets: [[CallbackURL]]
    /// Whether each policy tells the size of a picture.
    private let tellsImages: [Bool]

    init(settings: Settings, environment: Environment, signer: CallbackRequest.Signer?) {
        self.settings = settings
        self.environment = environment
        self.signer = signer
        tellsImages = settings.callbacks.map(\.needsImage)
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
        let route = match.route
        let store = settings.stores[route.storeIndex]
        guard let bucket = store.bucketName(clientBucket: request.bucket) else {
            throw .failure(Self.badKey("The request names no bucket."))
        }
        let key = request.namesObject ? try objectKey(route, request, match, uuid) : []
        var routeFields = HeaderFields()
        if !route.headers.isEmpty {
            let context = context(route, request, match, uuid)
            for header in route.headers {
                let value = header.value.render(.headerValue, lookup: context.value)
                routeFields.append(name: header.name, bytes: value.span)
            }
        }
        let plan = UploadPlan(
            request: request, route: route, bucket: bucket, key: key,
            sizeLimit: sizeLimit(request, match), clientDialect: settings.listeners[request.listenerIndex].dialect,
            storeDialect: store.dialect, routeFields: routeFields)
        guard plan.endsUpload else { return plan }
        try planCallback(plan, match, uuid, store)
        return plan
    }

    /// Of a body: the route's, what a form's policy allows, or what the document of a completion may take.
    private func sizeLimit(_ request: UploadRequest, _ match: RouteMatch) -> UInt64 {
        guard let client = request.client else { return match.sizeLimitBytes }
        if case .completeUpload = client.operation {
            let dialect = settings.listeners[request.listenerIndex].dialect?.dialect
            return UInt64(dialect?.largestCompletionBytes ?? 0)
        }
        return min(match.sizeLimitBytes, client.lengthRange?.upperBound ?? .max)
    }

    /// What keys of the route have in front of the client's own, for a request about the bucket; nil where they are made in
    /// another way.
    func keyLead(_ request: UploadRequest, _ match: RouteMatch) -> [UInt8]? {
        match.route.keyLead(context(match.route, request, match, ""))
    }

    private func context(
        _ route: Route, _ request: UploadRequest, _ match: RouteMatch, _ uuid: String
    ) -> TemplateContext {
        TemplateContext(
            path: request.path, captures: match.captures, authority: request.route.head.authority,
            fields: request.route.head.fields, query: request.query, form: request.form?.fields ?? [],
            clientIP: request.clientIP,
            clientID: request.clientID, bucket: request.bucket,
            requestID: route.needsRequestID ? request.requestID.text : "", uuid: uuid,
            unixMilliseconds: environment.clock.milliseconds)
    }

    private func objectKey(
        _ route: Route, _ request: UploadRequest, _ match: RouteMatch, _ uuid: String
    ) throws(PlanError) -> ArraySlice<UInt8> {
        do throws(KeyError) {
            guard route.keyIsPath else { return try route.objectKey(context(route, request, match, uuid))[...] }
            let key = request.path
            try Route.check(keyBytes: key.count)
            return key
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
        guard let name = settings.listeners[request.listenerIndex].dialect else { return .app }
        return CallbackVendor(name).map { .vendor($0) } ?? .us3
    }

    /// The route's policy wins; a client's own parameters count where the route has none and allows them.
    private func planCallback(
        _ plan: UploadPlan, _ match: RouteMatch, _ uuid: String, _ store: Store
    ) throws(PlanError) {
        let request = plan.request
        if let index = plan.route.callbackIndex {
            let context = context(plan.route, request, match, uuid)
            return try planPolicy(plan, index, context, rules: rules(request))
        }
        guard let callback = request.client?.callback, !plan.route.clientCallbacks.patterns.isEmpty else { return }
        try planClientCallback(plan, callback, store)
    }

    private func planPolicy(
        _ plan: UploadPlan, _ index: Int, _ context: TemplateContext, rules: OwnCallback.Rules
    ) throws(PlanError) {
        let policy = settings.callbacks[index]
        let custom = policy.customVariables(lookup: context.value)
        guard plan.route.callbackIsByStore else {
            let own = ownCallback(index, custom, rules)
            plan.needsImage = tellsImages[index]
            return plan.setCallback(.own(own), name: policy.name, onFailure: policy.onFailure)
        }
        guard let vendor = plan.storeDialect.flatMap({ CallbackVendor($0) }) else {
            return try planPutPolicy(plan, policy, custom)
        }
        do throws(CallbackEncodingError) {
            let parameters = try CallbackCodec(vendor).encode(policy, variables: custom)
            plan.setCallback(.byStore(parameters), name: policy.name, onFailure: policy.onFailure)
        } catch {
            throw .failure(
                Failure(
                    .badValue, party: .client, phase: .planning, status: 400,
                    "The callback's \(error.parameter.rawValue) take \(error.bytes) bytes; the store allows "
                        + "\(CallbackCodec.maximumBytes)."))
        }
    }

    /// US3 knows no variables: what is known beforehand is written into its put policy.
    private func planPutPolicy(
        _ plan: UploadPlan, _ policy: CallbackPolicy, _ custom: [CustomVariable]
    ) throws(PlanError) {
        let request = plan.request
        var size = request.length
        if case .completeUpload = plan.operation { size = nil }
        // What Putback gathers, whole or in parts, is put once its size is known.
        let isSizedLater = size == nil && plan.needsParts && policy.body.references.contains(.system(.size))
        let facts = US3PolicyFacts(
            bucket: plan.bucket, object: Array(plan.key), size: isSizedLater ? plan.sizeLimit : size,
            mimeType: plan.mimeType,
            operation: plan.operation.apiName, requestID: request.requestID.text, clientIP: request.clientIP,
            custom: custom)
        do throws(US3PolicyError) {
            let parameters = try US3PutPolicyCodec.encode(policy, facts)
            plan.setCallback(
                isSizedLater ? .byStoreSized(SizedPutPolicy(policy, facts)) : .byStore(parameters), name: policy.name,
                onFailure: policy.onFailure)
        } catch {
            throw .failure(Failure(.badValue, party: .client, phase: .planning, status: 400, error.message))
        }
    }

    private func ownCallback(
        _ index: Int, _ custom: [CustomVariable], _ rules: OwnCallback.Rules
    ) -> OwnCallback {
        let policy = settings.callbacks[index]
        // A signature costs ten times what the rest of a callback does: outside vendors' dialects only those who set a key want it.
        let signer = rules != .app || settings.signing != nil ? self.signer : nil
        return OwnCallback(
            target: .policy(index), urls: targets[index], timeoutMilliseconds: policy.timeoutMilliseconds, rules: rules,
            request: { url, facts, now in
                try CallbackRequest.putback(policy, to: url, facts: facts, signer: signer, now: now)
            }, custom: custom)
    }

    private func planClientCallback(
        _ plan: UploadPlan, _ callback: RawCallback, _ store: Store
    ) throws(PlanError) {
        guard let vendor = plan.clientDialect.flatMap({ CallbackVendor($0) }) else {
            return try planClientPutPolicy(plan, callback, store)
        }
        guard let decoded = try decode(callback, vendor) else { return }
        let allowance = plan.route.clientCallbacks
        for url in decoded.urls where !allowance.mayAllow(host: url.host, port: url.port) {
            let error = CallbackParameterError(.privateAddress, value: url.description, vendor: vendor)
            throw .callback(VendorError(error, vendor))
        }
        let onFailure = CallbackPolicy.FailureRule()
        guard !store.makesCallbacks else {
            let asSent = UploadPlan.Callback.byStoreAsSent(
                callback: callback.callback, variables: variables(callback, decoded))
            return plan.setCallback(asSent, name: "client", onFailure: onFailure)
        }
        let signer = self.signer
        let own = OwnCallback(
            target: .client(allowance),
            urls: decoded.urls, timeoutMilliseconds: CallbackPolicy.defaultTimeoutMilliseconds,
            rules: .vendor(vendor),
            request: { url, facts, now in
                try CallbackRequest.client(decoded, to: url, facts: facts, signer: signer, now: now)
            },
            custom: decoded.variables)
        plan.setCallback(.own(own), name: "client", onFailure: onFailure)
    }

    private func planClientPutPolicy(
        _ plan: UploadPlan, _ callback: RawCallback, _ store: Store
    ) throws(PlanError) {
        let decoded: US3ClientCallback
        do throws(US3PutPolicyError) { decoded = try US3PutPolicyCodec.decode(callback.callback.span) } catch {
            throw .putPolicy(US3PutPolicyError.message)
        }
        let allowance = plan.route.clientCallbacks
        guard allowance.mayAllow(host: decoded.url.host, port: decoded.url.port) else {
            throw .putPolicy("\(US3PutPolicyError.message): this host may not be called back")
        }
        let onFailure = CallbackPolicy.FailureRule()
        guard !store.makesCallbacks else {
            let asSent = UploadPlan.Callback.byStoreAsSent(callback: callback.callback, variables: nil)
            return plan.setCallback(asSent, name: "client", onFailure: onFailure)
        }
        let own = OwnCallback(
            target: .client(allowance),
            urls: [decoded.url], timeoutMilliseconds: CallbackPolicy.defaultTimeoutMilliseconds, rules: .us3,
            request: { _, _, _ in decoded.request() })
        plan.setCallback(.own(own), name: "client", onFailure: onFailure)
    }

    /// Variables that came as fields of a form go to the store as a parameter, like those of other uploads.
    private func variables(_ callback: RawCallback, _ decoded: ClientCallback) -> [UInt8]? {
        guard !callback.formVariables.isEmpty else { return callback.variables }
        return Array(CallbackCodec.encode(variables: decoded.variables).utf8)
    }

    private func decode(
        _ callback: RawCallback, _ vendor: CallbackVendor
    ) throws(PlanError) -> ClientCallback? {
        let codec = CallbackCodec(vendor)
        do throws(CallbackParameterError) {
            let isForm = !callback.formVariables.isEmpty
            var decoded: ClientCallback?
            if let variables = callback.variables {
                decoded = try codec.decode(
                    callback: callback.callback.span, variables: variables.span, limitsLength: !isForm)
            } else {
                decoded = try codec.decode(callback: callback.callback.span, limitsLength: !isForm)
            }
            decoded?.variables += CallbackCodec.variables(
                fromForm: callback.formVariables.map { (name: $0.name, value: $0.value) })
            return decoded
        } catch {
            throw .callback(VendorError(error, vendor))
        }
    }
}

extension CallbackVendor {
    /// nil for US3, whose callbacks travel in another way.
    init?(_ dialect: DialectName) {
        switch dialect {
        case .oss: self = .oss
        case .tos: self = .tos
        case .us3: return nil
        }
    }
}

extension VendorError {
    /// A callback parameter that is refused; only documents of OSS name the argument.
    init(_ error: CallbackParameterError, _ vendor: CallbackVendor) {
        switch vendor {
        case .oss:
            self = .invalidArgument(
                error.message, name: error.argumentName, value: error.argumentValue, ec: error.ec)
        case .tos:
            self.init(
                status: CallbackParameterError.status, code: CallbackParameterError.code, message: error.message,
                ec: error.ec)
        }
    }
}
