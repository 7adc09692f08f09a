// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPServing
internal import HTTPWire
internal import Settings
internal import Signing

/// The form of a vendor's client: fields that say key, policy and callback, then one file. Who sent it and whether the
/// policy allows it is known when the file begins, and nothing of the file was read. Loop thread only.
final class SDKForm: FormFace {
    /// The largest value of a field ("PostObject" of the OSS API reference: 2 MB; TOS: 20 KiB for all fields).
    private static let fieldBytes = 2 << 20

    private let client: ClientRequest
    private let request: UploadRequest
    private let incoming: SDKFace.Incoming
    private var told: WireAnswer?

    private init(_ client: ClientRequest, _ request: UploadRequest, _ incoming: SDKFace.Incoming) {
        self.client = client
        self.request = request
        self.incoming = incoming
    }

    /// Reads the form that follows the request.
    static func start(
        _ client: ClientRequest, _ request: UploadRequest, _ incoming: SDKFace.Incoming
    ) throws(VendorError) {
        let (runtime, dialect) = (incoming.runtime, incoming.dialect)
        let type = request.head.fields.first("content-type") ?? []
        let boundary: FormBoundary
        do throws(FormError) { boundary = try FormBoundary(contentType: type.span) } catch {
            throw dialect.error(FormRefusal(error))
        }
        guard runtime.worker.admitUpload() else { throw dialect.error(Failure.overloaded) }
        var options = FormOptions(runtime.settings.limits)
        options.fileField = "file"
        options.endsWithFile = true
        options.toleratesOpenEnd = true
        options.fieldBytes = max(options.fieldBytes, fieldBytes)
        options.allFieldsBytes = max(options.allFieldsBytes, fieldBytes)
        FormUpload(
            runtime: runtime, connection: incoming.connection, boundary: boundary, options: options,
            face: SDKForm(client, request, incoming)
        ).start()
    }

    // MARK: - The file

    func begin(_ part: FormPart, isEmpty: Bool, of form: FormUpload) -> FormDecision {
        guard told == nil else { return .skip }
        do throws(VendorError) {
            return .upload(try upload(part, form))
        } catch {
            refuse(error)
            return .stop
        }
    }

    private func upload(_ part: FormPart, _ form: FormUpload) throws(VendorError) -> Upload {
        let (runtime, dialect) = (incoming.runtime, incoming.dialect)
        let fields = form.fields.map {
            Dialects.FormField(name: String(decoding: $0.name, as: UTF8.self), value: $0.value)
        }
        let file = FormFile(
            fileName: part.fileName.map { String(decoding: $0, as: UTF8.self) },
            contentType: part.fields.string("content-type"))
        var client = try dialect.readForm(client, fields: fields, file: file)
        let context = FormContext(requestID: request.requestID, path: client.key[...], fields: form.fields)
        let upload = UploadRequest(client, incoming, form: context)
        let match = runtime.settings.routes.match(upload.route)
        if let group = try SDKFace.group(match, incoming) {
            upload.clientID = try runtime.verifier(incoming.name).verifyForm(
                &client, fields: fields, file: file, now: incoming.now, key: { group.accessKey(id: $0) })
            // With the range of lengths that the policy allows.
            upload.client = client
        }
        guard let match else { throw SDKFace.noRoute(upload, incoming) }
        let uuid = match.route.needsUUID ? runtime.worker.identifiers.nextUUID() : ""
        let plan = try SDKFace.plan(upload, match, uuid: uuid, incoming)
        let admission: Admission
        do throws(Failure) {
            admission = try runtime.admitFile(upload, plan, on: incoming.connection)
        } catch {
            throw dialect.error(error)
        }
        return Upload(
            runtime: runtime, request: upload, plan: plan, face: .sdk(incoming.name), source: form,
            record: UploadRecord(started: incoming.started), admission: admission)
    }

    func ended(_ upload: Upload, _ outcome: Outcome, of form: FormUpload) -> Int {
        let answer = SDKFace.answer(
            outcome, name: incoming.name, plan: upload.plan, request: upload.request, SDKFace.context(incoming))
        told = answer
        return answer.status
    }

    // MARK: - The end

    var heldBytes: Int { told?.body.count ?? 0 }

    func answer(_ fault: Failure?, of form: FormUpload) {
        if told == nil {
            if let error = form.error {
                refuse(incoming.dialect.error(FormRefusal(error)))
            } else if let fault {
                refuse(incoming.dialect.error(fault))
            } else {
                refuse(incoming.dialect.error(FormRefusal.noFile))
            }
        }
        guard let connection = form.connection, let told else { return }
        SDKFace.send(told, on: connection)
    }

    /// Logs a form that became nothing, and keeps what its client is told.
    private func refuse(_ error: VendorError) {
        told = incoming.dialect.answer(error, toHead: false, SDKFace.context(incoming))
        SDKFace.log(error, request, incoming)
    }
}

extension FormRefusal {
    /// What a dialect says of a body that is no acceptable form.
    fileprivate init(_ error: FormError) {
        switch error {
        case .fieldTooLong: self = .fieldTooLong(error.message)
        case .fieldsTooLong, .tooManyParts: self = .fieldsTooLong(error.message)
        default: self = .malformed(error.message)
        }
    }
}
