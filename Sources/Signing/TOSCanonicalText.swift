// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Octets

/// The texts that TOS signatures are made of ("Signature mechanism", pages 129225 and 129226 of the TOS help; tos/auth.py of
/// the Python SDK and tos/sign_v4.go of the Go SDK, which agree).
///
/// Made from decoded values: what SDKs leave unescaped on the wire differs, what they sign does not.
struct TOSCanonicalText {
    typealias Parameters = [(name: [UInt8], value: [UInt8])]

    static let algorithm = "TOS4-HMAC-SHA256"
    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// SHA-256 of nothing: what header signatures cover where no field names a hash, also with a body.
    static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static let terminator = "request"

    /// The canonical request.
    ///
    /// - Parameters:
    ///   - path: decoded, with its leading slash.
    ///   - parameters: decoded; the signature itself is left out.
    ///   - signed: lower-case names of the signed fields, sorted.
    ///   - host: of the `host` line; nil takes the field's.
    static func request(
        method: String, path: [UInt8], parameters: Parameters, fields: HeaderFields, signed: [String],
        host: [UInt8]? = nil, payload: String
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(512)
        text.append(method)
        text.append("\n")
        text.appendPercentEncoded(path.span, keeping: .unreservedAndSlash)
        text.append("\n")
        appendQuery(parameters, to: &text)
        text.append("\n")
        for name in signed {
            text.append(name)
            text.append(":")
            if name == "host", let host {
                text.append(host.span)
            } else {
                appendValues(of: name, in: fields, to: &text)
            }
            text.append("\n")
        }
        text.append("\n")
        text.append(signed.joined(separator: ";"))
        text.append("\n")
        text.append(payload)
        return text
    }

    /// - Parameter scope: `YYYYMMDD/region/tos/request`.
    static func stringToSign(date: String, scope: String, request: [UInt8]) -> [UInt8] {
        var text = Array("\(algorithm)\n\(date)\n\(scope)\n".utf8)
        text.appendHex(SHA256.hash(request.span).span)
        return text
    }

    /// The signing key; nothing stands in front of the secret.
    static func key(secret: [UInt8], day: String, region: String) -> [UInt8] {
        var key = secret
        for step in [day, region, "tos", terminator] { key = HMAC.sha256(key: key.span, message: step.utf8.span) }
        return key
    }

    /// Sorted by decoded name, then value; a parameter without a value has an equals sign.
    private static func appendQuery(_ parameters: Parameters, to text: inout [UInt8]) {
        let counted = parameters.filter { !String(octets: $0.name.span).lowercased().elementsEqual("x-tos-signature") }
        let sorted = counted.sorted { left, right in
            left.name == right.name
                ? left.value.lexicographicallyPrecedes(right.value) : left.name.lexicographicallyPrecedes(right.name)
        }
        for (index, parameter) in sorted.enumerated() {
            if index > 0 { text.append("&") }
            text.appendPercentEncoded(parameter.name.span, keeping: .unreserved)
            text.append("=")
            text.appendPercentEncoded(parameter.value.span, keeping: .unreserved)
        }
    }

    private static func appendValues(of name: String, in fields: HeaderFields, to text: inout [UInt8]) {
        var isFirst = true
        for index in fields.indices where String(octets: fields.name(at: index).span).lowercased() == name {
            if !isFirst { text.append(",") }
            isFirst = false
            let value = fields.value(at: index)
            text.append(value.span)
        }
    }
}
