// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What the client says about an object, kept with it and given back as it was.
package struct ObjectMetadata: Sendable, Equatable {
    /// A header field.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `Content-Type`; nil if the client sent none.
    package var contentType: String?
    /// The others: `Cache-Control`, `Content-Disposition`, `x-oss-meta-…`, in the client's order.
    package var fields: [Field]

    package init(contentType: String? = nil, fields: [Field] = []) {
        self.contentType = contentType
        self.fields = fields
    }

    /// Bytes of all texts, and a few for each field; writing them as JSON takes six times as many at most.
    var bytes: Int { (contentType?.utf8.count ?? 0) + Self.bytes(of: fields) }

    static func bytes(of fields: [Field]) -> Int {
        fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 }
    }
}
