// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire
private import Octets

extension CallbackCodec {
    /// Reads the parameters of a vendor's client.
    ///
    /// - Parameters:
    ///   - callback: the Base64 text of header, query value or form field.
    ///   - variables: the same of the variables; form uploads use ``variables(fromForm:)`` instead.
    ///   - limitsLength: whether the 5 KB limit holds: not in PostObject, whose fields have their own.
    /// - Returns: nil when no URL is given, which makes the upload a plain one.
    /// - Throws: ``CallbackParameterError``, before anything is stored.
    package func decode(
        callback: Span<UInt8>, variables: Span<UInt8>? = nil, limitsLength: Bool = true
    ) throws(CallbackParameterError) -> ClientCallback? {
        let asSent = String(octets: callback)
        if limitsLength, callback.count > Self.maximumBytes { throw refusal(.tooLong, asSent) }
        guard let decoded = Base64.decode(callback), !decoded.isEmpty else {
            throw refusal(.notBase64, asSent)
        }
        let fields = try CallbackFields(json: decoded, vendor: vendor)
        guard let urls = try fields.urls() else { return nil }
        let contentType = try fields.contentType()
        var request = ClientCallback(
            vendor: vendor, urls: urls, body: try fields.body(), contentType: contentType)
        request.host = try fields.host()
        switch vendor {
        case .oss:
            request.sendsServerName = try fields.sendsServerName()
            request.additionalHeaders = try fields.additionalHeaders()
        case .tos:
            request.sendsServerName = true
        }
        if let variables {
            request.variables = try decodeVariables(variables, limitsLength: limitsLength)
        }
        return request
    }

    /// The variables of a form upload, where each is a field of its own named `x:…` (OSS, PostObject).
    package static func variables(fromForm fields: [(name: String, value: [UInt8])]) -> [CustomVariable] {
        fields.compactMap { field in
            guard field.name.hasPrefix("x:"), field.name.utf8.count > 2 else { return nil }
            return CustomVariable(name: String(field.name.dropFirst(2)), value: field.value)
        }
    }

    private func refusal(_ reason: CallbackParameterError.Reason, _ value: String) -> CallbackParameterError {
        CallbackParameterError(reason, value: value, vendor: vendor)
    }

    private func decodeVariables(
        _ base64: Span<UInt8>, limitsLength: Bool
    ) throws(CallbackParameterError) -> [CustomVariable] {
        let asSent = String(octets: base64)
        if limitsLength, base64.count > Self.maximumBytes { throw refusal(.variablesTooLong, asSent) }
        guard let decoded = Base64.decode(base64) else { throw refusal(.variablesNotBase64, asSent) }
        let text = String(octets: decoded.span)
        guard let json = try? JSON.parse(decoded.span), case .object(let members) = json else {
            throw refusal(.variablesNotJSON, text)
        }
        var variables: [CustomVariable] = []
        for (key, value) in members {
            guard key.hasPrefix("x:"), key.utf8.count > 2, case .string(let string) = value else {
                throw refusal(.variablesNotStringMap, text)
            }
            variables.append(CustomVariable(name: String(key.dropFirst(2)), value: [UInt8](string.utf8)))
        }
        return variables
    }
}

/// The decoded JSON of a callback, read field by field.
private struct CallbackFields {
    let json: JSON
    /// For `ArgumentValue`.
    let text: String
    let vendor: CallbackVendor

    init(json bytes: [UInt8], vendor: CallbackVendor) throws(CallbackParameterError) {
        text = String(octets: bytes.span)
        self.vendor = vendor
        guard let json = try? JSON.parse(bytes.span), case .object = json else {
            throw CallbackParameterError(.notJSON, value: text, vendor: vendor)
        }
        self.json = json
    }

    private func refusal(_ reason: CallbackParameterError.Reason) -> CallbackParameterError {
        CallbackParameterError(reason, value: text, vendor: vendor)
    }

    func urls() throws(CallbackParameterError) -> [CallbackURL]? {
        guard let value = json["callbackUrl"], value != .null else {
            // {"callbackPolicy":"name"} refers to a policy kept with the bucket (Python SDK, bucket callback policies).
            if vendor == .oss, json["callbackPolicy"] != nil { throw refusal(.unknownPolicy) }
            return nil
        }
        guard case .string(let list) = value else { throw refusal(.badURL) }
        let texts = list.split(separator: ";")
        if texts.isEmpty { return nil }
        if texts.count > CallbackPolicy.maximumURLs { throw refusal(.tooManyURLs) }
        var urls: [CallbackURL] = []
        for text in texts {
            guard let url = try? CallbackURL(parsing: String(text), defaultScheme: vendor.defaultScheme),
                !url.isIPv6Literal,
                // `my` is refused (Java SDK, CallbackTest); a bare word is a host only when a scheme or port says so.
                text.contains("://") || url.host.contains(".") || url.authority.contains(":")
            else { throw refusal(.badURL) }
            urls.append(url)
        }
        return urls
    }

    func host() throws(CallbackParameterError) -> String? {
        guard let value = json["callbackHost"], value != .null else { return nil }
        guard case .string(let host) = value else { throw refusal(.badHost) }
        if host.isEmpty { return nil }
        guard (try? Authority(parsing: host[...])) != nil else { throw refusal(.badHost) }
        return host
    }

    /// Nil for a malformed variable where the vendor finds out only when it makes the callback: TOS (Go SDK,
    /// `TestCallbackErr`).
    func body() throws(CallbackParameterError) -> Template? {
        guard case .string(let body)? = json["callbackBody"] else { throw refusal(.bodyNotString) }
        if body.isEmpty { throw refusal(.bodyEmpty) }
        let template = try? Template(parsing: body, syntax: .client(vendor))
        if template == nil, vendor == .oss { throw refusal(.badVariableForm) }
        return template
    }

    func contentType() throws(CallbackParameterError) -> CallbackContentType {
        guard let value = json["callbackBodyType"], value != .null else { return .form }
        guard case .string(let name) = value else { throw refusal(.bodyTypeNotString) }
        guard let type = CallbackContentType(rawValue: name.lowercased()) else { throw refusal(.bodyTypeUnsupported) }
        return type
    }

    func sendsServerName() throws(CallbackParameterError) -> Bool {
        switch json["callbackSNI"] {
        case nil, .null?: return false
        case .bool(let flag)?: return flag
        default: throw refusal(.badSNI)
        }
    }

    /// Fields that frame, route or sign the callback cannot be set from outside.
    private static let ownFields: Set<String> = [
        "host", "connection", "content-length", "content-type", "content-md5", "transfer-encoding", "te", "trailer",
        "upgrade", "keep-alive", "expect", "date", "user-agent", "authorization",
    ]

    func additionalHeaders() throws(CallbackParameterError) -> [(name: String, value: String)] {
        guard let value = json["additionalHeaders"], value != .null else { return [] }
        guard case .object(let members) = value else { throw refusal(.badAdditionalHeaders) }
        var headers: [(name: String, value: String)] = []
        for (name, value) in members {
            let lowered = name.lowercased()
            guard case .string(let text) = value, HeaderFields.isToken(name.utf8.span),
                HeaderFields.isValidValue(text.utf8.span), !lowered.hasPrefix("x-oss-"),
                !lowered.hasPrefix("proxy-"), !Self.ownFields.contains(lowered)
            else { throw refusal(.badAdditionalHeaders) }
            headers.append((name, text))
        }
        return headers
    }
}
