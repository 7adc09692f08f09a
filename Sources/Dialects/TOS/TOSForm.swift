// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// The fields of a PostObject, by their names (pages 129225 and 129228). Letter case does not matter in names; a second
/// field of one name is refused, because a policy could be held against the other one.
struct TOSForm {
    /// By lower-case name.
    private(set) var values: [String: [UInt8]] = [:]
    private let fields: [FormField]
    private let file: FormFile

    init(_ fields: [FormField], _ file: FormFile) throws(VendorError) {
        self.fields = fields
        self.file = file
        for field in fields {
            guard values.updateValue(field.value, forKey: field.name.lowercased()) == nil else {
                throw VendorError(tos: .badRequest("The form has two fields \(field.name)."))
            }
        }
    }

    /// The value of a field; `name` is lower-case.
    func first(_ name: String) -> [UInt8]? { values[name] }

    func string(_ name: String) -> String? { first(name).map { String(octets: $0.span) } }

    var contentType: [UInt8]? { first("content-type") ?? file.contentType.map { Array($0.utf8) } }

    /// What conditions of a policy are held against.
    func conditioned(bucket: String) -> [String: [UInt8]] {
        var values = values
        values["bucket"] = Array(bucket.utf8)
        values["content-type"] = contentType
        return values
    }

    /// What the form asks for.
    func request(_ request: ClientRequest) throws(VendorError) -> ClientRequest {
        var request = request
        guard let pattern = first("key") else { throw VendorError(tos: .badRequest("The form has no key.")) }
        let name = Array((file.fileName ?? "").utf8)
        request.key = pattern.replacing(Array("${filename}".utf8), with: name)
        try TOSInbound.check(request.key)
        request.objectFields = try objectFields()
        request.forbidsOverwrite = try TOSInbound.flag("x-tos-forbid-overwrite", request.objectFields ?? HeaderFields())
        request.contentMD5 = nil
        if let status = string("success_action_status"), ["200", "201", "204"].contains(status) {
            request.formAnswer.status = Int(status)
        }
        if let url = string("success_action_redirect"), !url.isEmpty {
            let isWeb = url.hasPrefix("http://") || url.hasPrefix("https://")
            guard isWeb, HeaderFields.isValidValue(url.utf8.span), url.utf8.allSatisfy({ $0 > 0x20 }) else {
                throw VendorError(tos: .badRequest("success_action_redirect is no URL."))
            }
            request.formAnswer.redirect = url
        }
        if let callback = first("x-tos-callback"), !callback.isEmpty {
            request.callback = RawCallback(callback: callback, variables: first("x-tos-callback-var"))
        }
        return request
    }

    /// The fields that go with the object, as if they had been header fields.
    private func objectFields() throws(VendorError) -> HeaderFields {
        var result = HeaderFields()
        if let type = contentType { try append("Content-Type", type, to: &result) }
        for field in fields {
            let name = field.name.lowercased()
            guard name.hasPrefix("x-tos-meta-") || Self.objectNames.contains(name) else { continue }
            try append(field.name, field.value, to: &result)
        }
        return result
    }

    private func append(_ name: String, _ value: [UInt8], to fields: inout HeaderFields) throws(VendorError) {
        guard HeaderFields.isToken(name.utf8.span), HeaderFields.isValidValue(value.span) else {
            throw VendorError(tos: .badRequest("The field \(name) holds what no header may hold."))
        }
        fields.append(name: name, bytes: value.span)
    }

    private static let objectNames: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-tos-acl",
        "x-tos-storage-class", "x-tos-server-side-encryption", "x-tos-forbid-overwrite", "x-tos-tagging",
    ]
}
