// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// A PostObject, by its fields ("PostObject" of the OSS API reference).
struct OSSForm {
    /// The longest name of a field, in bytes.
    static let longestNameBytes = 8192

    private let fields: FormFields

    init(_ fields: [FormField], _ file: FormFile) throws(VendorError) {
        self.fields = FormFields(fields, file)
        for field in fields where field.name.utf8.count > Self.longestNameBytes {
            throw VendorError(.fieldItemTooLong)
        }
        if let field = self.fields.repeated {
            throw .invalidArgument(
                "The form has two fields of one name.", name: field.name, value: String(octets: field.value.span))
        }
    }

    /// What the object's Content-Type becomes; nil: nobody says.
    ///
    /// "x-oss-content-type" goes before the file's own; that goes before the field `Content-Type`, because a browser's
    /// form cannot keep it from being there.
    var contentType: [UInt8]? {
        fields.first("x-oss-content-type") ?? fields.file.contentType.map { Array($0.utf8) }
            ?? fields.first("content-type")
    }

    /// What conditions of a policy are held against.
    func conditioned(bucket: String) -> [String: [UInt8]] {
        fields.conditioned(bucket: bucket, contentType: contentType)
    }

    // MARK: Request

    /// What the form asks for.
    ///
    /// - Parameter request: of its head.
    func request(_ request: ClientRequest) throws(VendorError) -> ClientRequest {
        var request = request
        request.key = try key()
        request.forbidsOverwrite = try forbidsOverwrite()
        request.objectFields = try objectFields(request.objectFields ?? HeaderFields())
        request.formAnswer = try answer()
        request.callback = callback()
        // That one is of the whole body, of which the object is a part.
        request.contentMD5 = nil
        return request
    }

    /// The key, with the file's name in place of `${filename}`.
    private func key() throws(VendorError) -> [UInt8] {
        // OSS has the same code for a form without key as for one without file.
        guard let key = fields.key else { throw VendorError(.incorrectNumberOfFilesInPOSTRequest) }
        if let problem = OSSNames.problem(withKey: key.span) { throw problem }
        return key
    }

    private func forbidsOverwrite() throws(VendorError) -> Bool {
        guard let text = fields.string("x-oss-forbid-overwrite") else { return false }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default: throw .invalidArgument(name: "x-oss-forbid-overwrite", value: text)
        }
    }

    private func answer() throws(VendorError) -> FormAnswer {
        guard let answer = fields.answer else {
            throw .invalidArgument(
                name: "success_action_redirect", value: fields.string("success_action_redirect") ?? "")
        }
        return answer
    }

    /// In a form each variable of a callback is a field of its own. The error catalogue of OSS also knows a field
    /// `callback-var`, as in header and query.
    private func callback() -> RawCallback? {
        guard let parameters = fields.first("callback"), !parameters.isEmpty else { return nil }
        var callback = RawCallback(callback: parameters, variables: fields.first("callback-var"))
        callback.formVariables = fields.all.filter { $0.name.lowercased().hasPrefix("x:") }
        return callback
    }

    // MARK: Object

    /// The fields that go with the object, as if they had been header fields.
    ///
    /// - Parameter head: those of the request that count where the form does not say otherwise.
    private func objectFields(_ head: HeaderFields) throws(VendorError) -> HeaderFields {
        if let tags = fields.string("x-oss-tagging") {
            throw .invalidArgument("PostObject does not support x-oss-tagging.", name: "x-oss-tagging", value: tags)
        }
        var result = head
        if let type = contentType { try append("Content-Type", type, to: &result) }
        for field in fields.all {
            let name = field.name.lowercased()
            guard name.hasPrefix("x-oss-meta-") || Self.objectNames.contains(name) else { continue }
            try append(field.name, field.value, to: &result)
        }
        return result
    }

    private func append(_ name: String, _ value: [UInt8], to fields: inout HeaderFields) throws(VendorError) {
        guard fields.set(formField: name, value) else {
            throw .invalidArgument(name: name, value: String(octets: value.span))
        }
    }

    private static let objectNames: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-oss-object-acl",
        "x-oss-storage-class", "x-oss-forbid-overwrite", "x-oss-server-side-encryption",
        "x-oss-server-side-encryption-key-id", "x-oss-server-side-data-encryption",
    ]
}
