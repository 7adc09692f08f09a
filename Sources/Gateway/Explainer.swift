// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import HTTPServing
internal import HTTPWire
internal import Octets
package import Settings
internal import Signing

/// Tells what would be done with an upload, by the very code that does it; nothing is sent.
package struct Explainer {
    /// A request as it stands on the command line.
    package struct Question: Sendable {
        package var method: String
        package var url: String
        package var fields: [(name: String, value: String)]
        /// nil: in chunks.
        package var size: UInt64?
        /// nil: the first plain listener, else the first.
        package var listener: String?

        package init(
            method: String, url: String, fields: [(name: String, value: String)], size: UInt64?, listener: String?
        ) {
            self.method = method
            self.url = url
            self.fields = fields
            self.size = size
            self.listener = listener
        }
    }

    /// A question that cannot be answered, in words.
    package struct Problem: Error, Sendable {
        package let message: String
    }

    private let settings: Settings
    private let environment: Environment
    private var text: [UInt8] = []

    package init(settings: Settings, environment: Environment) {
        self.settings = settings
        self.environment = environment
    }

    /// The explanation; it ends at the refusal where the upload would be refused.
    package mutating func explain(_ question: Question) throws(Problem) -> String {
        text = []
        let listenerIndex = try listenerIndex(question)
        let identifiers = Identifiers(seed: environment.seed)
        do throws(Failure) {
            let head = try head(question)
            let request = try PlainRequest.read(
                head, listenerIndex: listenerIndex, clientIP: "127.0.0.1", requestID: identifiers.nextRequestID())
            try explain(request, identifiers)
        } catch {
            line("refused: \(error.status) \(error.code.rawValue): \(error.message)")
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func listenerIndex(_ question: Question) throws(Problem) -> Int {
        let listeners = settings.listeners
        guard let name = question.listener else {
            return listeners.firstIndex { !$0.isSDK } ?? 0
        }
        guard let index = listeners.firstIndex(where: { $0.name == name }) else {
            throw Problem(message: "there is no listener \"\(name)\"")
        }
        return index
    }

    /// The head that a client would send, read by the parser that reads clients.
    private func head(_ question: Question) throws(Failure) -> RequestHead {
        let rest = question.url.split(separator: "://", maxSplits: 1).last.map(String.init) ?? ""
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let target = slash == rest.endIndex ? "/" : String(rest[slash...])
        var wire = "\(question.method) \(target) HTTP/1.1\r\nHost: \(rest[..<slash])\r\n"
        for field in question.fields { wire += "\(field.name): \(field.value)\r\n" }
        wire += question.size.map { "Content-Length: \($0)\r\n\r\n" } ?? "Transfer-Encoding: chunked\r\n\r\n"
        var limits = WireLimits.client
        limits.headBytes = settings.limits.headBytes
        var parser = RequestParser(limits: limits)
        var head = RequestHead()
        let bytes = Array(wire.utf8)
        do throws(WireError) {
            guard try parser.parse(bytes.span, into: &head) == bytes.count else { throw WireError(.badTarget) }
            return head
        } catch {
            throw Failure(.malformedRequest, party: .client, phase: .routing, status: error.status, error.message)
        }
    }

    private mutating func explain(_ request: UploadRequest, _ identifiers: Identifiers) throws(Failure) {
        let listener = settings.listeners[request.listenerIndex]
        line("listener: \(listener.name) (\(listener.dialectWord))")
        line("routes:")
        for explanation in settings.routes.explainMatch(request.route) {
            line("  \(explanation.routeName): \(explanation.mismatch ?? "takes it")")
        }
        guard let match = settings.routes.match(request.route) else { throw .noRoute(request, settings) }
        let route = match.route
        if let index = route.clientsIndex ?? listener.clientsIndex {
            line("clients: \(settings.clients[index].name) (not checked here)")
        }
        if let length = request.length, length > match.sizeLimitBytes { throw .tooLarge(match.sizeLimitBytes) }
        let planner = Planner(settings: settings, environment: environment, signer: nil)
        let plan: UploadPlan
        do throws(PlanError) {
            plan = try planner.plan(request, match, uuid: route.needsUUID ? identifiers.nextUUID() : "")
        } catch {
            guard case .failure(let failure) = error else { throw .internalError }
            throw failure
        }
        explain(plan)
    }

    private mutating func explain(_ plan: UploadPlan) {
        let store = settings.stores[plan.storeIndex]
        line("store: \(store.name)")
        line("bucket: \(plan.bucket)")
        line("object: \(String(decoding: plan.key, as: UTF8.self))")
        line("size limit: \(plan.sizeLimit) bytes")
        line("integrity: \(plan.route.integrity.rawValue)")
        explainCallback(plan)
        switch store.kind {
        case .directory(let directory):
            line("request: none, the object becomes a file below \(directory.path)")
        case .remote(let oss):
            if plan.needsParts { line("in parts: what is longer than one; a shorter object is put as usual") }
            let (head, signed) = StoreRequests(oss).explain(plan, now: environment.clock.seconds)
            if let canonical = signed.canonicalRequest { block("canonical request", redact(canonical, oss)) }
            block("string to sign", redact(signed.stringToSign, oss))
            block("request to \(oss.endpoint)", redact(head, oss))
        }
    }

    private mutating func explainCallback(_ plan: UploadPlan) {
        guard let index = plan.route.callbackIndex else { return line("callback: none") }
        let policy = settings.callbacks[index]
        line("callback: \(policy.name), made by \(plan.route.callbackIsByStore ? "the store" : "Putback")")
        for url in policy.urls { line("  url: \(url)") }
        line("  type: \(policy.contentType.rawValue)")
        if let own = plan.ownCallback {
            for variable in own.custom {
                line("  x:\(variable.name) = \(String(decoding: variable.value, as: UTF8.self))")
            }
            block("  body, with what is known beforehand", policy.renderBody(facts(plan, own)))
        } else if case .byStoreSized(let sized) = plan.callback {
            let decoded = Base64.decodeEitherAlphabet(sized.parameters(size: 0).callback.utf8.span) ?? []
            block("  put policy, decoded; the size follows once the body is complete", decoded)
        } else if case .byStore(let parameters) = plan.callback {
            let name = plan.storeDialect.flatMap { CallbackVendor($0) }.map { "x-\($0.rawValue)-callback" }
            // The put policy of US3 is in the URL-safe alphabet.
            let decoded = Base64.decodeEitherAlphabet(parameters.callback.utf8.span) ?? []
            block("  \(name ?? "put policy"), decoded", decoded)
            guard let name, let variables = parameters.variables else { return }
            block("  \(name)-var, decoded", Base64.decode(variables.utf8.span) ?? [])
        }
    }

    /// What only the store knows is shown by name.
    private func facts(_ plan: UploadPlan, _ own: OwnCallback) -> CallbackFacts {
        CallbackFacts(
            bucket: plan.bucket, object: Array(plan.key), etag: "<etag>", size: plan.length ?? 0,
            mimeType: plan.mimeType,
            contentMD5: "<contentMd5>", clientIP: "<clientIp>", requestID: "<reqId>", operation: "PutObject",
            custom: own.custom)
    }

    /// The token of a temporary key is a secret; a signature is good for a few minutes and one request only.
    private func redact(_ text: [UInt8], _ store: RemoteStoreSettings) -> [UInt8] {
        guard let token = store.credentials.token?.revealText(), !token.isEmpty else { return text }
        return Array(String(decoding: text, as: UTF8.self).replacing(token, with: "***").utf8)
    }

    private mutating func line(_ content: String) {
        text.append(content + "\n")
    }

    private mutating func block(_ title: String, _ content: [UInt8]) {
        line("\(title):")
        for row in String(decoding: content, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            line("    \(row.hasSuffix("\r") ? String(row.dropLast()) : String(row))")
        }
    }
}
