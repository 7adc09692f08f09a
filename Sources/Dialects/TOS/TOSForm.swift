// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// A PostObject, by its fields (pages 129225 and 129228).
struct TOSForm {
    let fields: FormFields

    init(_ fields: [FormField], _ file: FormFile) throws(VendorError) {
        self.fields = FormFields(fields, file)
        if let field = self.fields.repeated {
            throw VendorError(tos: .badRequest("The form has two fields \(field.name)."))
        }
    }

    var contentType: [UInt8]? {
        fields.first("content-type") ?? fields.file.contentType.map { Array($0.utf8) }
    }

    /// What conditions of a policy are held against.
    func conditioned(bucket: String) -> [String: [UInt8]] {
        fields.conditioned(bucket: bucket, contentType: contentType)
    }

    /// What the form asks for.
    func request(_ request: ClientRequest) throws(VendorError) -> ClientRequest {
        var request = request
        guard let key = fields.key else { throw VendorError(tos: .badRequest("The form has no key.")) }
        request.key = key
        try TOSInbound.check(request.key)
        request.objectFields = try objectFields()
        request.forbidsOverwrite = try TOSInbound.flag("x-tos-forbid-overwrite", request.objectFields ?? HeaderFields())
        request.contentMD5 = nil
        guard let answer = fields.answer else {
            throw VendorError(tos: .badRequest("success_action_redirect is no URL."))
        }
        request.formAnswer = answer
        if let callback = fields.first("x-tos-callback"), !callback.isEmpty {
            request.callback = RawCallback(callback: callback, variables: fields.first("x-tos-callback-var"))
        }
        return request
    }

    /// The fields that go with the object, as if they had been header fields.
    private func objectFields() throws(VendorError) -> HeaderFields {
        var result = HeaderFields()
        if let type = contentType { try append("Content-Type", type, to: &result) }
        for field in fields.all {
            let name = field.name.lowercased()
            guard name.hasPrefix("x-tos-meta-") || Self.objectNames.contains(name) else { continue }
            try append(field.name, field.value, to: &result)
        }
        return result
    }

    private func append(_ name: String, _ value: [UInt8], to fields: inout HeaderFields) throws(VendorError) {
        guard fields.set(formField: name, value) else {
            throw VendorError(tos: .badRequest("The field \(name) holds what no header may hold."))
        }
    }

    private static let objectNames: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-tos-acl",
        "x-tos-storage-class", "x-tos-server-side-encryption", "x-tos-forbid-overwrite", "x-tos-tagging",
    ]
}
