// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// What a vendor's client asks for: read from the head of its request, or from the fields of its form.
package struct ClientRequest: Sendable {
    package var operation: StoreOperation
    /// As the client names it.
    package var bucket: String
    /// Decoded; empty for operations on the bucket, and for a form until its fields are read.
    package var key: [UInt8]
    package var addressing: Addressing
    /// All decoded query parameters in the order of the URL; an absent value is empty.
    package var parameters: [(name: [UInt8], value: [UInt8])]
    /// Of the body, in bytes; nil: it is chunked.
    package var contentLength: UInt64?
    /// The 16 bytes that the client says the body has.
    package var contentMD5: [UInt8]?
    /// Whether the body is framed once more, with its checksum behind it (`tos-chunked`); the length is that of its inside.
    package var hasTrailer = false
    /// The 32 bytes of the SHA-256 that the client signed for the body.
    package var contentSHA256: [UInt8]?
    /// The CRC-64 that the client says the body has.
    package var crc64: UInt64?
    /// Whether an object of that key stops the upload.
    package var forbidsOverwrite = false
    /// Whether only an object with a certain ETag may be replaced or appended to (`x-tos-if-match`).
    package var wantsETag = false
    /// nil: the client asks for no callback of its own.
    package var callback: RawCallback?
    /// Of GetObject and HeadObject.
    package var read = ReadOptions()
    /// Of a form, whose fields are not header fields: its Content-Type, `x-…-meta-*` and the like, as if they had been. nil
    /// takes those of the request.
    package var objectFields: HeaderFields?
    /// Of a form: what its policy wants the length of the file to be.
    package var lengthRange: ClosedRange<UInt64>?
    /// Of a form: what the client wants to be answered.
    package var formAnswer = FormAnswer()

    package init(
        _ operation: StoreOperation, bucket: String, key: [UInt8], addressing: Addressing,
        parameters: [(name: [UInt8], value: [UInt8])] = [], contentLength: UInt64? = 0
    ) {
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.addressing = addressing
        self.parameters = parameters
        self.contentLength = contentLength
    }
}

extension ClientRequest: ParameterLookup {}

/// What a form wants to be answered when it succeeded.
package struct FormAnswer: Sendable, Equatable {
    /// `success_action_status`; nil: the dialect's own.
    package var status: Int?
    /// `success_action_redirect`; nil: none.
    package var redirect: String?

    package init() {}
}

/// A field of a form before its file, in the order they came.
package struct FormField: Sendable, Equatable {
    package var name: String
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// What the part with the file says of it.
package struct FormFile: Sendable, Equatable {
    /// Of the client's disk; nil if the part has none.
    package var fileName: String?
    package var contentType: String?

    package init(fileName: String?, contentType: String?) {
        self.fileName = fileName
        self.contentType = contentType
    }
}

/// Callback parameters as a client sent them, not looked into.
package struct RawCallback: Sendable, Equatable {
    /// Base64: `x-oss-callback`, `x-tos-callback`, or the put policy of US3.
    package var callback: [UInt8]
    /// Base64: `x-oss-callback-var`, `x-tos-callback-var`; nil: none.
    package var variables: [UInt8]?
    /// Variables that came as fields of a form, `x:…`.
    package var formVariables: [FormField] = []

    package init(callback: [UInt8], variables: [UInt8]? = nil) {
        self.callback = callback
        self.variables = variables
    }
}

/// What a GetObject or HeadObject says beyond bucket and key.
package struct ReadOptions: Sendable {
    /// nil: no range, or one that the vendor does not understand and ignores.
    package var range: ByteRange?
    /// Fields of the answer that the client wants to have other values.
    package var overrides: [(name: String, value: [UInt8])] = []

    package init(range: ByteRange? = nil, overrides: [(name: String, value: [UInt8])] = []) {
        self.range = range
        self.overrides = overrides
    }

    /// Which bytes of an object are asked for; nil: some that it does not have. HEAD is told of all, whatever its range.
    func bytes(ofObject size: UInt64, isHead: Bool) -> (range: Range<UInt64>, isPart: Bool)? {
        switch isHead ? .whole : range?.resolve(size: size) ?? .whole {
        case .whole: (0..<size, false)
        case .part(let part): (part, true)
        case .unsatisfiable: nil
        }
    }
}

/// What a listener says of the bucket of its clients.
package struct ListenerPlace: Sendable {
    /// The listener's host name, in front of which buckets may stand; lower-case, without port.
    package var baseHost: String?
    /// The bucket of requests that do not tell one.
    package var bucket: String?

    package init(baseHost: String?, bucket: String?) {
        self.baseHost = baseHost
        self.bucket = bucket
    }

    /// The bucket that a lower-case host names in front of the listener's; nil if it names none.
    func bucket(ofHost host: String) -> String? {
        guard let baseHost, host.utf8.count > baseHost.utf8.count + 1, host.hasSuffix("." + baseHost) else {
            return nil
        }
        return String(host.dropLast(baseHost.count + 1))
    }
}

/// Of which parts an object is to be made, as the body of a completion says.
package struct Completion: Sendable, Equatable {
    package struct Part: Sendable, Equatable {
        package var number: Int
        /// Without quotes.
        package var etag: String

        package init(number: Int, etag: String) {
            self.number = number
            self.etag = etag
        }
    }

    /// In the order wanted; empty with ``takesAll``.
    package var parts: [Part]
    /// Whether the object is made of all parts that there are (`x-oss-complete-all`, `x-tos-complete-all`).
    package var takesAll: Bool

    package init(parts: [Part], takesAll: Bool = false) {
        self.parts = parts
        self.takesAll = takesAll
    }
}
