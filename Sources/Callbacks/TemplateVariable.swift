// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire

/// What a store knows of an upload once the object is stored (OSS, page Callback, table of system variables).
package enum SystemVariable: String, Sendable, CaseIterable {
    case bucket, object, etag, size, mimeType
    case imageHeight = "imageInfo.height"
    case imageWidth = "imageInfo.width"
    case imageFormat = "imageInfo.format"
    case crc64
    case contentMD5 = "contentMd5"
    case vpcID = "vpcId"
    /// The address of the store's client. With `by: store` that is the gateway; use `client.ip` for the real one.
    case clientIP = "clientIp"
    case requestID = "reqId"
    case operation

    /// Whether the object must be looked into as an image.
    package var isOfImage: Bool {
        switch self {
        case .imageHeight, .imageWidth, .imageFormat: true
        default: false
        }
    }

    /// Whether the value is a number: without quotes in JSON, and null rather than `""` when it is missing.
    package var isNumber: Bool {
        switch self {
        case .size, .imageHeight, .imageWidth: true
        default: false
        }
    }
}

/// The meaning of one `${name}`.
package enum TemplateVariable: Sendable, Equatable {
    /// `path`: the decoded path without its leading slash.
    case path
    /// `path.1`…: what the N-th `*` or `**` of the route matched.
    case pathMatch(Int)
    /// `path.name`: the last segment of the path.
    case pathName
    /// `path.extension`: the extension of the last segment with its dot, or nothing.
    case pathExtension
    /// `header.NAME`, `query.NAME`, `form.NAME`.
    case header(String), query(String), form(String)
    /// `host`, `client.ip`, `client.id`, `uuid`, `request.id`.
    case host, clientIP, clientID, uuid, requestID
    /// `date:FORMAT`, in UTC.
    case date(DatePattern)
    /// `bucket`, `object`, … as a store names them.
    case system(SystemVariable)
    /// `x:NAME`, with the name after the colon.
    case custom(String)
    /// A well-formed name that means nothing here.
    case unknown(String)

    /// Where a variable's value comes from.
    package enum Origin: Sendable, Equatable { case request, store, custom, nowhere }

    /// Where the value comes from.
    package var origin: Origin {
        switch self {
        case .system: .store
        case .custom: .custom
        case .unknown: .nowhere
        default: .request
        }
    }

    /// The text between `${` and `}`.
    package var name: String {
        switch self {
        case .path: "path"
        case .pathMatch(let number): "path.\(number)"
        case .pathName: "path.name"
        case .pathExtension: "path.extension"
        case .header(let name): "header.\(name)"
        case .query(let name): "query.\(name)"
        case .form(let name): "form.\(name)"
        case .host: "host"
        case .clientIP: "client.ip"
        case .clientID: "client.id"
        case .uuid: "uuid"
        case .requestID: "request.id"
        case .date(let pattern): "date:\(pattern.source)"
        case .system(let variable): variable.rawValue
        case .custom(let name): "x:\(name)"
        case .unknown(let name): name
        }
    }

    /// Whether JSON shows the value without quotes.
    package var isNumber: Bool {
        if case .system(let variable) = self { variable.isNumber } else { false }
    }

    /// Reads the text between the braces; `offset` is where it starts in the template.
    init(parsing bytes: ArraySlice<UInt8>, at offset: Int, syntax: Template.Syntax) throws(TemplateError) {
        // The slice ends at ASCII braces of valid UTF-8, so it is valid UTF-8 itself.
        let text = String(decoding: bytes, as: UTF8.self)
        if text.isEmpty { throw TemplateError(offset: offset, message: "a variable needs a name") }
        if syntax == .putback, text.hasPrefix("date:") {
            self = .date(try DatePattern(parsing: String(text.dropFirst(5)), at: offset + 5))
            return
        }
        if let bad = bytes.firstIndex(where: { !Self.isNameByte($0) }) {
            throw TemplateError(
                offset: offset + bad - bytes.startIndex, message: "a variable's name cannot hold this character")
        }
        self =
            switch syntax {
            case .client(let vendor): Self.clientVariable(text, vendor)
            case .putback: try Self.putbackVariable(text, at: offset)
            }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x20, 0x7F: false
        case UInt8(ascii: "$"), UInt8(ascii: "{"), UInt8(ascii: "("), UInt8(ascii: ")"): false
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): false
        default: true
        }
    }

    private static func clientVariable(_ text: String, _ vendor: CallbackVendor) -> TemplateVariable {
        if let system = SystemVariable(rawValue: text), vendor.knowledge(of: system) != .unknown {
            return .system(system)
        }
        return text.hasPrefix("x:") ? .custom(String(text.dropFirst(2))) : .unknown(text)
    }

    private static func putbackVariable(_ text: String, at offset: Int) throws(TemplateError) -> TemplateVariable {
        switch text {
        case "path": return .path
        case "path.name": return .pathName
        case "path.extension": return .pathExtension
        case "host": return .host
        case "client.ip": return .clientIP
        case "client.id": return .clientID
        case "uuid": return .uuid
        case "request.id": return .requestID
        default: break
        }
        if let system = SystemVariable(rawValue: text) { return .system(system) }
        guard let separator = text.firstIndex(where: { $0 == "." || $0 == ":" }) else { return .unknown(text) }
        let rest = String(text[text.index(after: separator)...])
        switch text[...separator] {
        case "path.":
            guard let number = Int(rest), number > 0, String(number) == rest else { return .unknown(text) }
            return .pathMatch(number)
        case "header.":
            guard HeaderFields.isToken(rest.utf8.span) else {
                throw TemplateError(offset: offset + 7, message: "\"\(rest)\" cannot be the name of a header")
            }
            return .header(rest)
        case "query.": return rest.isEmpty ? .unknown(text) : .query(rest)
        case "form.": return rest.isEmpty ? .unknown(text) : .form(rest)
        case "x:": return rest.isEmpty ? .unknown(text) : .custom(rest)
        default: return .unknown(text)
        }
    }
}
