// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire
private import Octets

/// A put policy that US3 refuses before anything is stored (上传回调 of the Go SDK's pages, table of errors).
package struct US3PutPolicyError: Error, Sendable, Equatable {
    package static let status = 400
    /// `RetCode`.
    package static let retCode = -148660
    /// `ErrMsg`.
    package static let message = "invalid put policy"

    package init() {}
}

extension US3PutPolicyCodec {
    /// Reads the put policy of a client of US3.
    ///
    /// JavaScript and iOS SDKs use the standard alphabet, all others the URL-safe one: both are read. Fields that
    /// nobody documents are ignored.
    ///
    /// - Parameter policy: the Base64 text as it stands in `Authorization`.
    /// - Throws: ``US3PutPolicyError``: not Base64, not a JSON object, no usable
    ///   `callbackUrl`, or a field that is no string.
    package static func decode(_ policy: Span<UInt8>) throws(US3PutPolicyError) -> US3ClientCallback {
        guard let decoded = Base64.decodeEitherAlphabet(policy), let json = try? JSON.parse(decoded.span),
            case .object = json, let address = json["callbackUrl"]?.stringValue,
            let url = try? CallbackURL(parsing: address)
        else { throw US3PutPolicyError() }
        let body = try text("callbackBody", in: json) ?? ""
        let type = try text("callbackBodyType", in: json)
        if let type, !HeaderFields.isValidValue(type.utf8.span) { throw US3PutPolicyError() }
        let values = try variables(json["callbackVar"])
        return US3ClientCallback(
            url: url, body: replacingVariables(in: [UInt8](body.utf8), with: values),
            contentType: type.flatMap { $0.isEmpty ? nil : $0 })
    }

    private static func text(_ name: String, in json: JSON) throws(US3PutPolicyError) -> String? {
        switch json[name] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        default: throw US3PutPolicyError()
        }
    }

    /// Values must be strings (上传回调: `"20"`, not 20); names begin with `x:`.
    private static func variables(_ json: JSON?) throws(US3PutPolicyError) -> [CustomVariable] {
        guard let json, json != .null else { return [] }
        guard case .object(let members) = json else { throw US3PutPolicyError() }
        var variables: [CustomVariable] = []
        for (name, value) in members {
            guard case .string(let text) = value, name.hasPrefix("x:") else { throw US3PutPolicyError() }
            variables.append(CustomVariable(name: String(name.dropFirst(2)), value: [UInt8](text.utf8)))
        }
        return variables
    }

    /// The body with `$(x:name)` replaced by the value as it is: the caller decides how it is escaped
    /// (MultiUploadSample of the Java SDK). A variable without a value becomes nothing, as elsewhere; any other text in
    /// `$(…)` stays.
    private static func replacingVariables(in body: [UInt8], with variables: [CustomVariable]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = body[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[dollar...]
            guard rest.starts(with: "$(x:".utf8), let close = rest.firstIndex(of: UInt8(ascii: ")")) else {
                result.append(rest.removeFirst())
                continue
            }
            let name = rest[(dollar + 4)..<close]
            result += variables.last { $0.name.utf8.elementsEqual(name) }?.value ?? []
            rest = rest[(close + 1)...]
        }
        return result + rest
    }
}
