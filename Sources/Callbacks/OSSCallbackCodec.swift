// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// The values of `x-oss-callback` and `x-oss-callback-var`.
package struct OSSCallbackParameters: Sendable, Equatable {
    /// Base64 of the callback's JSON.
    package let callback: String
    /// Base64 of the variables' JSON; nil when there are none.
    package let variables: String?
}

/// Why a callback cannot be carried to OSS.
package struct OSSCallbackEncodingError: Error, Sendable, Equatable {
    /// One of the two header values.
    package enum Parameter: String, Sendable { case callback, variables }
    /// What is too long: the callback (the operator's doing) or the variables (the client's values).
    package let parameter: Parameter
    /// Length of its Base64 text.
    package let bytes: Int

    package init(parameter: Parameter, bytes: Int) {
        self.parameter = parameter
        self.bytes = bytes
    }
}

/// Writes and reads the callback parameters of OSS (OSS, page Callback: JSON in Base64).
package enum OSSCallbackCodec {
    /// 5 KB, for each of the two Base64 values in header or query (OSS, page Callback).
    package static let maximumBytes = 5 * 1024

    /// The parameters that make OSS perform `policy`.
    ///
    /// - Parameter variables: from ``CallbackPolicy/customVariables(lookup:)``; the values are escaped by OSS.
    /// - Throws: ``OSSCallbackEncodingError`` when either value is over ``maximumBytes``.
    package static func encode(
        _ policy: CallbackPolicy, variables: [CustomVariable]
    ) throws(OSSCallbackEncodingError) -> OSSCallbackParameters {
        let callback = Base64.encode(callbackJSON(policy).span)
        if callback.utf8.count > maximumBytes {
            throw OSSCallbackEncodingError(parameter: .callback, bytes: callback.utf8.count)
        }
        guard !variables.isEmpty else { return OSSCallbackParameters(callback: callback, variables: nil) }
        let encoded = Base64.encode(variablesJSON(variables).span)
        if encoded.utf8.count > maximumBytes {
            throw OSSCallbackEncodingError(parameter: .variables, bytes: encoded.utf8.count)
        }
        return OSSCallbackParameters(callback: callback, variables: encoded)
    }

    /// What keeps `policy` from being performed by OSS, beyond ``CallbackPolicy/problems()``.
    package static func problems(_ policy: CallbackPolicy) -> [CallbackProblem] {
        var problems: [CallbackProblem] = []
        for (index, url) in policy.urls.enumerated() {
            let key = policy.urls.count == 1 ? "url" : "url[\(index)]"
            guard let parsed = try? CallbackURL(parsing: url) else { continue }
            if parsed.isIPv6Literal {
                problems.append(CallbackProblem(key: key, message: "OSS does not call back IPv6 addresses"))
            }
            if url.contains(";") {
                problems.append(CallbackProblem(key: key, message: "OSS takes ; for the end of a URL: write it as %3B"))
            }
        }
        if policy.contentType == .json, let name = translatedBody(policy).unquotable {
            problems.append(
                CallbackProblem(
                    key: "body",
                    message: "OSS puts quotes around ${\(name)} itself, so it cannot be a part of a longer string"))
        }
        if Base64.encode(callbackJSON(policy).span).utf8.count > maximumBytes {
            problems.append(
                CallbackProblem(key: "body", message: "OSS takes callbacks of up to \(maximumBytes) bytes in Base64"))
        }
        return problems
    }

    private static func callbackJSON(_ policy: CallbackPolicy) -> [UInt8] {
        var json: [UInt8] = []
        json.append("{\"callbackUrl\":")
        let urls = policy.urls.joined(separator: ";")
        json.appendJSONString(urls.utf8.span)
        if let host = policy.host {
            json.append(",\"callbackHost\":")
            json.appendJSONString(host.utf8.span)
        }
        json.append(",\"callbackBody\":")
        let body = translatedBody(policy).text
        json.appendJSONString(body.span)
        json.append(",\"callbackBodyType\":")
        json.appendJSONString(policy.contentType.rawValue.utf8.span)
        // Without it OSS sends no server name and name-based TLS hosts fail as "Error status : 502."
        if policy.urls.contains(where: { $0.lowercased().hasPrefix("https://") }) {
            json.append(",\"callbackSNI\":true")
        }
        json.append("}")
        return json
    }

    private static func variablesJSON(_ variables: [CustomVariable]) -> [UInt8] {
        var json: [UInt8] = []
        for variable in variables {
            json.append(json.isEmpty ? "{" : ",")
            let name = "x:\(variable.name)"
            json.appendJSONString(name.utf8.span)
            json.append(":")
            json.appendJSONString(variable.value.span)
        }
        json.append("}")
        return json
    }

    /// The body in OSS's terms. Its JSON strings bring their own quotes, so the quotes of `"${object}"` are left out;
    /// a string variable in a longer string cannot be said and is returned as `unquotable`.
    private static func translatedBody(_ policy: CallbackPolicy) -> (text: [UInt8], unquotable: String?) {
        guard policy.contentType == .json else { return ([UInt8](policy.body.source.utf8), nil) }
        let quote = UInt8(ascii: "\"")
        var text: [UInt8] = []
        var unquotable: String?
        var skipsQuote = false
        for (index, segment) in policy.body.segments.enumerated() {
            switch segment {
            case .literal(let bytes):
                text += skipsQuote ? bytes.dropFirst() : bytes[...]
                skipsQuote = false
            case .variable(let variable, let insideJSONString):
                if insideJSONString, !variable.isNumber {
                    let next = index + 1 < policy.body.segments.count ? policy.body.segments[index + 1] : nil
                    let opensHere = text.last == quote && text.dropLast().last != UInt8(ascii: "\\")
                    if case .literal(let after)? = next, after.first == quote, opensHere {
                        text.removeLast()
                        skipsQuote = true
                    } else {
                        unquotable = unquotable ?? variable.name
                    }
                }
                text.append("${\(variable.name)}")
            }
        }
        return (text, unquotable)
    }
}
