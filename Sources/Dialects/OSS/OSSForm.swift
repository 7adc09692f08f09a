// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// The fields of a PostObject, by their names ("PostObject" of the OSS API reference).
///
/// Letter case does not matter in names. Of two fields with one name OSS does not say which counts, and a policy could
/// be held against the other one, so that they are refused.
struct OSSForm {
    /// The longest name of a field, in bytes.
    static let longestNameBytes = 8192

    /// By lower-case name.
    private(set) var values: [String: [UInt8]] = [:]
    /// As sent, in order.
    private let fields: [FormField]
    private let file: FormFile

    init(_ fields: [FormField], _ file: FormFile) throws(VendorError) {
        self.fields = fields
        self.file = file
        for field in fields {
            guard field.name.utf8.count <= Self.longestNameBytes else { throw VendorError(.fieldItemTooLong) }
            guard values.updateValue(field.value, forKey: field.name.lowercased()) == nil else {
                throw .invalidArgument(
                    "The form has two fields of one name.", name: field.name, value: String(octets: field.value.span))
            }
        }
    }

    /// The value of a field; nil if the form does not have it. `name` is lower-case.
    func first(_ name: String) -> [UInt8]? { values[name] }

    func string(_ name: String) -> String? { first(name).map { String(octets: $0.span) } }

    /// What the object's Content-Type becomes; nil: nobody says.
    ///
    /// "x-oss-content-type" goes before the file's own; that goes before the field `Content-Type`, because a browser's
    /// form cannot keep it from being there.
    var contentType: [UInt8]? {
        first("x-oss-content-type") ?? file.contentType.map { Array($0.utf8) } ?? first("content-type")
    }

    /// What conditions of a policy are held against: the fields, what the request itself says, and the type that the
    /// object really gets, whichever of the fields it comes from.
    func conditioned(bucket: String) -> [String: [UInt8]] {
        var values = values
        values["bucket"] = Array(bucket.utf8)
        values["content-type"] = contentType
        return values
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
        guard let pattern = first("key") else { throw VendorError(.incorrectNumberOfFilesInPOSTRequest) }
        let key = Self.replacing(Array("${filename}".utf8), in: pattern, with: Array((file.fileName ?? "").utf8))
        if let problem = OSSNames.problem(withKey: key.span) { throw problem }
        return key
    }

    private static func replacing(_ variable: [UInt8], in text: [UInt8], with value: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            if rest.starts(with: variable) {
                result += value
                rest = rest.dropFirst(variable.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    private func forbidsOverwrite() throws(VendorError) -> Bool {
        guard let text = string("x-oss-forbid-overwrite") else { return false }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default: throw .invalidArgument(name: "x-oss-forbid-overwrite", value: text)
        }
    }

    private func answer() throws(VendorError) -> FormAnswer {
        var answer = FormAnswer()
        // Any other status is taken for none.
        if let status = string("success_action_status"), ["200", "201", "204"].contains(status) {
            answer.status = Int(status)
        }
        if let url = string("success_action_redirect"), !url.isEmpty {
            let isWeb = url.hasPrefix("http://") || url.hasPrefix("https://")
            guard isWeb, HeaderFields.isValidValue(url.utf8.span), url.utf8.allSatisfy({ $0 > 0x20 }) else {
                throw .invalidArgument(name: "success_action_redirect", value: url)
            }
            answer.redirect = url
        }
        return answer
    }

    /// In a form each variable of a callback is a field of its own. The error catalogue of OSS also knows a field
    /// `callback-var`, as in header and query.
    private func callback() -> RawCallback? {
        guard let parameters = first("callback"), !parameters.isEmpty else { return nil }
        var callback = RawCallback(callback: parameters, variables: first("callback-var"))
        callback.formVariables = fields.filter { $0.name.lowercased().hasPrefix("x:") }
        return callback
    }

    // MARK: Object

    /// The fields that go with the object, as if they had been header fields.
    ///
    /// - Parameter head: those of the request that count where the form does not say otherwise.
    private func objectFields(_ head: HeaderFields) throws(VendorError) -> HeaderFields {
        if let tags = string("x-oss-tagging") {
            throw .invalidArgument("PostObject does not support x-oss-tagging.", name: "x-oss-tagging", value: tags)
        }
        var result = head
        if let type = contentType { try append("Content-Type", type, to: &result) }
        for field in fields {
            let name = field.name.lowercased()
            guard name.hasPrefix("x-oss-meta-") || Self.objectNames.contains(name) else { continue }
            try append(field.name, field.value, to: &result)
        }
        return result
    }

    private func append(_ name: String, _ value: [UInt8], to fields: inout HeaderFields) throws(VendorError) {
        guard HeaderFields.isToken(name.utf8.span), HeaderFields.isValidValue(value.span) else {
            throw .invalidArgument(name: name, value: String(octets: value.span))
        }
        fields.set(name: name, bytes: value.span)
    }

    private static let objectNames: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-oss-object-acl",
        "x-oss-storage-class", "x-oss-forbid-overwrite", "x-oss-server-side-encryption",
        "x-oss-server-side-encryption-key-id", "x-oss-server-side-data-encryption",
    ]
}
