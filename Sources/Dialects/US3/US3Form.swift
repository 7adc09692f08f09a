// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// The fields of a PostFile, by their names (post_file.md of the US3 API manual; `makeFormBody` of the Go SDK,
/// `postfile` of the Python SDK).
struct US3Form {
    private let fields: FormFields

    init(_ fields: [FormField], _ file: FormFile) throws(VendorError) {
        self.fields = FormFields(fields, file)
        if let field = self.fields.repeated {
            throw VendorError.us3(.invalidArgument, "two form fields are named \(field.name)")
        }
    }

    /// The value of a field; nil if the form does not have it. `name` is lower-case.
    func first(_ name: String) -> [UInt8]? { fields.first(name) }

    /// What the form asks for.
    ///
    /// - Parameter request: of its head.
    func request(_ request: ClientRequest) throws(VendorError) -> ClientRequest {
        var request = request
        // The table of the page says `ObjectName`, its example and all SDKs `FileName`.
        guard let key = first("filename") ?? first("objectname") else {
            throw VendorError.us3(.invalidArgument, "the form has no FileName")
        }
        if let problem = US3Names.problem(withKey: key.span) { throw problem }
        request.key = key
        var object = request.objectFields ?? HeaderFields()
        // Signed is the type of the file's part.
        if let type = fields.file.contentType.map({ Array($0.utf8) }) ?? first("content-type") {
            try append("Content-Type", type, to: &object)
        }
        for field in fields.all {
            let name = field.name.lowercased()
            guard name.hasPrefix("x-ufile-meta-") || name == "x-ufile-storage-class" || name == "content-md5" else {
                continue
            }
            try append(field.name, field.value, to: &object)
        }
        request.contentMD5 = try US3Inbound.contentMD5(object)
        request.objectFields = object
        return request
    }

    private func append(_ name: String, _ value: [UInt8], to fields: inout HeaderFields) throws(VendorError) {
        guard fields.set(formField: name, value) else { throw VendorError.us3(.invalidArgument, "invalid form field") }
    }
}
