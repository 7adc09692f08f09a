// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets
internal import Settings

/// The form of a plain client: each file in it is an upload like any other, routed by the path of the form's request and
/// stored under that path with the file's name behind it. Loop thread only.
final class PlainForm: FormFace {
    /// The form's own.
    private let request: UploadRequest
    private let runtime: Runtime
    private let started: Instant
    private var file: FormPart?
    private var answer: PlainFormAnswer

    private init(_ request: UploadRequest, _ runtime: Runtime, started: Instant) {
        self.request = request
        self.runtime = runtime
        self.started = started
        answer = PlainFormAnswer(callbackAnswerBytes: runtime.settings.limits.callbackAnswerBytes)
    }

    /// Whether the body of a request is a form.
    static func isForm(_ request: UploadRequest) -> Bool {
        FormBoundary.isForm(request.route.head.fields)
    }

    /// Reads the form that follows the request.
    static func start(
        _ request: UploadRequest, started: Instant, on connection: ServerConnection, _ runtime: Runtime
    ) throws(Failure) {
        let type = request.head.fields.first("content-type") ?? []
        let boundary: FormBoundary
        do throws(FormError) { boundary = try FormBoundary(contentType: type.span) } catch { throw Failure(error) }
        guard runtime.worker.admitUpload() else { throw .overloaded }
        FormUpload(
            runtime: runtime, connection: connection, boundary: boundary, options: FormOptions(runtime.settings.limits),
            face: PlainForm(request, runtime, started: started)
        ).start()
    }

    // MARK: - Files

    func begin(_ part: FormPart, isEmpty: Bool, of form: FormUpload) -> FormDecision {
        // What a browser sends for a file that nobody chose (HTML Standard §4.10.21.4).
        if isEmpty, part.fileName?.isEmpty == true { return .skip }
        guard let connection = form.connection else { return .stop }
        let now = runtime.worker.loop.now
        let requestID = runtime.worker.identifiers.nextRequestID()
        var upload: UploadRequest?
        do throws(Failure) {
            let accepted = try uploadRequest(part, form.fields, requestID)
            upload = accepted
            let plan = try PlainRequest.prepare(accepted, connection, runtime)
            let admission = try runtime.admitFile(accepted, plan, on: connection)
            file = part
            return .upload(
                Upload(
                    runtime: runtime, request: accepted, plan: plan, face: .plain, source: form,
                    record: UploadRecord(started: now), admission: admission))
        } catch {
            let outcome = Outcome(stored: .no, failure: error)
            let upload = upload ?? request
            runtime.worker.metrics.refused(error.code)
            var record = UploadRecord(started: now)
            record.status = answer.add(part, upload, nil, outcome)
            runtime.log(record, outcome, request: upload, plan: nil)
            return error.endsForm ? .stop : .skip
        }
    }

    func ended(_ upload: Upload, _ outcome: Outcome, of form: FormUpload) -> Int {
        guard let file = file.take() else { preconditionFailure("an upload of a form has its part") }
        return answer.add(file, upload.request, upload.plan, outcome)
    }

    /// The file as a request of its own: what the form's says of its body is replaced by what the part says.
    private func uploadRequest(
        _ part: FormPart, _ fields: [QueryItems.Item], _ requestID: RequestID
    ) throws(Failure) -> UploadRequest {
        var path = Array(request.path)
        if let last = path.last, last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
        path += try FormFileName.name(part.fileName ?? [])
        var head = request.head
        head.fields = Self.fields(of: part, in: request.head.fields)
        head.framing = .chunked
        let contentMD5 = try PlainRequest.contentMD5(head)
        return UploadRequest(
            listenerIndex: request.listenerIndex, head: head, path: request.path, query: request.query, length: nil,
            clientIP: request.clientIP, requestID: requestID, contentMD5: contentMD5, routedLength: nil,
            form: FormContext(requestID: request.requestID, path: path[...], fields: fields))
    }

    private static func fields(of part: FormPart, in request: HeaderFields) -> HeaderFields {
        var fields = HeaderFields()
        for index in request.indices where !request.hasPrefix("content-", at: index) {
            fields.append(fieldAt: index, of: request)
        }
        let names: [StaticString] = ["content-type", "content-md5", "content-encoding", "content-language"]
        for name in names {
            if let index = part.fields.firstIndex(of: name) { fields.append(fieldAt: index, of: part.fields) }
        }
        return fields
    }

    // MARK: - The end

    var heldBytes: Int { answer.heldBytes }

    func answer(_ fault: Failure?, of form: FormUpload) {
        let noFile = Failure(
            .malformedForm, party: .client, phase: .routing, status: 400, "The form holds no file.")
        if answer.isEmpty {
            let failure = fault ?? noFile
            if let connection = form.connection {
                return PlainRequest.refuse(failure, request, started, on: connection, runtime)
            }
            return runtime.log(
                UploadRecord(started: started), Outcome(stored: .no, failure: failure), request: request, plan: nil)
        }
        if let fault { log(fault) }
        guard let connection = form.connection else { return }
        answer.send(fault, request: request, on: connection, runtime)
    }

    /// A form that broke behind its files: they have their own lines.
    private func log(_ fault: Failure) {
        runtime.worker.log.event("form-refused", level: .warning) { line in
            line.add("request", request.publicID.text)
            line.add("listener", runtime.settings.listeners[request.listenerIndex].name)
            line.add("address", request.clientIP)
            line.add("code", fault.code.rawValue)
            line.add("error", fault.message)
        }
    }
}

/// What a form calls its files.
enum FormFileName {
    /// The last component of a file name, whatever system's separators it has, without control characters.
    ///
    /// - Throws: a refusal where nothing is left, or `.` or `..`.
    static func name(_ fileName: [UInt8]) throws(Failure) -> [UInt8] {
        let separators: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "\\")]
        let start = fileName.lastIndex { separators.contains($0) }.map { $0 + 1 } ?? 0
        let name = fileName[start...].filter { $0 >= 0x20 && $0 != 0x7F }
        guard !name.isEmpty, name != Array(".".utf8), name != Array("..".utf8) else {
            throw Failure(
                .badPath, party: .client, phase: .routing, status: 400, "The file name of a form's part names no file.")
        }
        return Array(name)
    }
}

extension FormOptions {
    init(_ limits: Limits) {
        self.init()
        partCount = limits.formParts
        fieldBytes = limits.formFieldBytes
        allFieldsBytes = limits.formFieldsBytes
    }
}
