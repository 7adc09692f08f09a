// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Callbacks
package import HTTPWire

/// What keys and callback variables can say about a request.
package struct TemplateContext: Sendable {
    /// The decoded path without its leading slash; on SDK listeners the object key.
    package var path: ArraySlice<UInt8>
    /// What the wildcards of the route's path pattern stood for, as ranges from the start of ``path``.
    package var captures: PathCaptures
    package var authority: ArraySlice<UInt8>
    package var fields: HeaderFields
    package var query: QueryItems
    /// The fields of a form that were read so far.
    package var form: [QueryItems.Item]
    package var clientIP: String
    /// Empty for a client that did not say who it is.
    package var clientID: String
    /// The bucket that an SDK client named.
    package var bucket: String?
    /// May be empty when ``Route/needsRequestID`` is false.
    package var requestID: String
    /// One per upload, so that key and callback agree; may be empty when ``Route/needsUUID`` is false.
    package var uuid: String
    package var unixMilliseconds: Int64

    package init(
        path: ArraySlice<UInt8>, captures: PathCaptures, authority: ArraySlice<UInt8>, fields: HeaderFields,
        query: QueryItems = QueryItems(), form: [QueryItems.Item] = [], clientIP: String, clientID: String,
        bucket: String? = nil, requestID: String, uuid: String, unixMilliseconds: Int64
    ) {
        self.path = path
        self.captures = captures
        self.authority = authority
        self.fields = fields
        self.query = query
        self.form = form
        self.clientIP = clientIP
        self.clientID = clientID
        self.bucket = bucket
        self.requestID = requestID
        self.uuid = uuid
        self.unixMilliseconds = unixMilliseconds
    }

    /// The value of a variable; nil where the request has none.
    package func value(of variable: TemplateVariable) -> [UInt8]? {
        switch variable {
        case .path: Array(path)
        case .pathMatch(let number): capture(number)
        case .pathName: Array(lastSegment)
        case .pathExtension: Array(fileExtension)
        case .header(let name): fields.first(name).map { Array($0) }
        case .query(let name): query.first(name)
        case .form(let name): form.first { name.utf8.elementsEqual($0.name) }?.value
        case .host: Authority.host(authority).map(\.lowercasedASCII)
        case .clientIP: Array(clientIP.utf8)
        case .clientID: Array(clientID.utf8)
        case .uuid: Array(uuid.utf8)
        case .requestID: Array(requestID.utf8)
        case .date(let pattern): pattern.text(unixMilliseconds: unixMilliseconds)
        case .system(.bucket): bucket.map { Array($0.utf8) }
        case .system, .custom, .unknown: nil
        }
    }

    private func capture(_ number: Int) -> [UInt8]? {
        guard number <= captures.count else { return nil }
        let range = captures[number - 1]
        return Array(path[path.startIndex + range.lowerBound..<path.startIndex + range.upperBound])
    }

    private var lastSegment: ArraySlice<UInt8> {
        path.lastIndex(of: .slash).map { path[($0 + 1)...] } ?? path
    }

    /// From the last dot on, unless the name begins or ends with it.
    private var fileExtension: ArraySlice<UInt8> {
        let name = lastSegment
        guard let dot = name.lastIndex(of: .dot), dot > name.startIndex, dot < name.endIndex - 1 else { return [] }
        return name[dot...]
    }
}

/// Why a request has no usable object key.
package enum KeyError: Error, Sendable, Equatable {
    case empty
    /// In bytes.
    case tooLong(Int)
}

extension Route {
    /// Longest object key in bytes (OSS, page "Object naming conventions"; TOS and US3 allow no less).
    package static var maximumKeyBytes: Int { 1023 }

    /// The object key of an upload. Values of clients are literal text of the key; `..` means nothing here.
    ///
    /// - Throws: ``KeyError`` unless the key has 1 to 1023 bytes.
    package func objectKey(_ context: TemplateContext) throws(KeyError) -> [UInt8] {
        // A closure, not the method itself, which would carry a copy of the context.
        let key = key.render(.none) { context.value(of: $0) }
        try Self.check(keyBytes: key.count)
        return key
    }

    /// What keys have in front of the client's own; nil where those cannot be told from the store's.
    ///
    /// - Parameter context: of a request about the bucket.
    package func keyLead(_ context: TemplateContext) -> [UInt8]? {
        precondition(context.path.isEmpty, "a request about a bucket has no key")
        return keyHasLead ? key.render(.none) { context.value(of: $0) } : nil
    }

    /// - Throws: ``KeyError`` unless the key has 1 to 1023 bytes.
    package static func check(keyBytes count: Int) throws(KeyError) {
        if count == 0 { throw .empty }
        if count > maximumKeyBytes { throw .tooLong(count) }
    }
}
