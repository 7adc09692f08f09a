// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// The fields of a form by their names, whose letter case does not matter; and what forms of OSS and TOS, which both
/// follow "POST Object" of the Amazon S3 API, say in the same way.
///
/// Of two fields with one name no vendor says which counts, and a policy could be held against the other one, so that
/// they are refused.
struct FormFields {
    /// By lower-case name.
    private(set) var values: [String: [UInt8]] = [:]
    /// As sent, in order.
    let all: [FormField]
    let file: FormFile
    /// The second field of one name; nil: there is none.
    private(set) var repeated: FormField?

    init(_ fields: [FormField], _ file: FormFile) {
        all = fields
        self.file = file
        for field in fields where values.updateValue(field.value, forKey: field.name.lowercased()) != nil {
            if repeated == nil { repeated = field }
        }
    }

    /// The value of a field; nil if the form does not have it. `name` is lower-case.
    func first(_ name: String) -> [UInt8]? { values[name] }

    func string(_ name: String) -> String? { first(name).map { String(octets: $0.span) } }

    /// What conditions of a policy are held against: the fields, what the request itself says, and the type that the
    /// object really gets, whichever of the fields it comes from.
    func conditioned(bucket: String, contentType: [UInt8]?) -> [String: [UInt8]] {
        var values = values
        values["bucket"] = Array(bucket.utf8)
        values["content-type"] = contentType
        return values
    }

    /// The key, with the file's name in place of each `${filename}`; nil: the form has none.
    var key: [UInt8]? {
        first("key")?.replacing(Array("${filename}".utf8), with: Array((file.fileName ?? "").utf8))
    }

    /// What the form wants to be answered; nil if its redirect is no URL.
    var answer: FormAnswer? {
        var answer = FormAnswer()
        // Any other status is taken for none.
        if let status = string("success_action_status"), ["200", "201", "204"].contains(status) {
            answer.status = Int(status)
        }
        if let url = string("success_action_redirect"), !url.isEmpty {
            let isWeb = url.hasPrefix("http://") || url.hasPrefix("https://")
            guard isWeb, HeaderFields.isValidValue(url.utf8.span), url.utf8.allSatisfy({ $0 > 0x20 }) else {
                return nil
            }
            answer.redirect = url
        }
        return answer
    }

    /// Where a browser is sent after an upload. How OSS and TOS do it is not published; status and what is added to the URL
    /// are those of Amazon S3.
    static func target(of redirect: String, _ object: ObjectFacts, _ request: ClientRequest) -> String {
        let key = Percent.encode(request.key.span, keeping: .unreserved)
        let etag = Percent.encode("\"\(object.etag)\"", keeping: .unreserved)
        return redirect + (redirect.contains("?") ? "&" : "?") + "bucket=\(request.bucket)&key=\(key)&etag=\(etag)"
    }
}

extension HeaderFields {
    /// Makes the field of a form one of the header; false if a header cannot hold it.
    mutating func set(formField name: String, _ value: [UInt8]) -> Bool {
        guard Self.isToken(name.utf8.span), Self.isValidValue(value.span) else { return false }
        set(name: name, bytes: value.span)
        return true
    }
}
