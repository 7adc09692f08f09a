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
    var bytes: Int {
        fields.reduce(contentType?.utf8.count ?? 0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 }
    }
}

/// An object as it lies in the store.
package struct StoredObject: Sendable, Equatable {
    /// Bytes of data.
    package let size: UInt64
    /// 16 bytes.
    package let md5: [UInt8]
    /// CRC-64/XZ of the data.
    package let crc64: UInt64
    /// Unix seconds of the end of its upload, by the clock of the file system.
    package let lastModified: Int64
    package let metadata: ObjectMetadata
}
