// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// The values of `x-oss-callback` and `x-oss-callback-var`, or of their like in TOS.
package struct CallbackParameters: Sendable, Equatable {
    /// Base64 of the callback's JSON.
    package let callback: String
    /// Base64 of the variables' JSON; nil when there are none.
    package let variables: String?
}

/// Why a callback cannot be carried to a store.
package struct CallbackEncodingError: Error, Sendable, Equatable {
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

/// Writes and reads a vendor's callback parameters: JSON in Base64 (OSS, page Callback; TOS, page 196411).
package struct CallbackCodec: Sendable {
    /// 5 KB, for each of the two Base64 values in header or query (OSS, page Callback; TOS names no limit).
    package static let maximumBytes = 5 * 1024

    package let vendor: CallbackVendor

    package init(_ vendor: CallbackVendor) { self.vendor = vendor }

    /// The parameters that make the store perform `policy`, whose URLs name their scheme: vendors differ in the default.
    ///
    /// - Parameter variables: from ``CallbackPolicy/customVariables(lookup:)``; the store escapes the values.
    /// - Throws: ``CallbackEncodingError`` when either value is over ``maximumBytes``.
    package func encode(
        _ policy: CallbackPolicy, variables: [CustomVariable]
    ) throws(CallbackEncodingError) -> CallbackParameters {
        let callback = Base64.encode(callbackJSON(policy).span)
        if callback.utf8.count > Self.maximumBytes {
            throw CallbackEncodingError(parameter: .callback, bytes: callback.utf8.count)
        }
        guard !variables.isEmpty else { return CallbackParameters(callback: callback, variables: nil) }
        let encoded = Self.encode(variables: variables)
        if encoded.utf8.count > Self.maximumBytes {
            throw CallbackEncodingError(parameter: .variables, bytes: encoded.utf8.count)
        }
        return CallbackParameters(callback: callback, variables: encoded)
    }

    /// What keeps `policy` from being performed by the store, beyond ``CallbackPolicy/problems()`` and the variables that
    /// it cannot know.
    package func problems(_ policy: CallbackPolicy) -> [CallbackProblem] {
        var problems: [CallbackProblem] = []
        for (index, url) in policy.urls.enumerated() {
            let key = policy.urls.count == 1 ? "url" : "url[\(index)]"
            guard let parsed = try? CallbackURL(parsing: url) else { continue }
            if parsed.isIPv6Literal {
                problems.append(CallbackProblem(key: key, message: "\(vendor.name) does not call back IPv6 addresses"))
            }
            if url.contains(";") {
                problems.append(
                    CallbackProblem(key: key, message: "\(vendor.name) takes ; for the end of a URL: write it as %3B"))
            }
        }
        if policy.contentType == .json, let name = Self.translatedBody(policy).unquotable {
            problems.append(
                CallbackProblem(
                    key: "body",
                    message: "\(vendor.name) puts quotes around ${\(name)} itself,"
                        + " so it cannot be a part of a longer string"))
        }
        if Base64.encode(callbackJSON(policy).span).utf8.count > Self.maximumBytes {
            problems.append(
                CallbackProblem(
                    key: "body",
                    message: "\(vendor.name) takes callbacks of up to \(Self.maximumBytes) bytes in Base64"))
        }
        return problems
    }

    private func callbackJSON(_ policy: CallbackPolicy) -> [UInt8] {
        var json: [UInt8] = []
        json.append("{\"callbackUrl\":")
        let urls = policy.urls.joined(separator: ";")
        json.appendJSONString(urls.utf8.span)
        if let host = policy.host {
            json.append(",\"callbackHost\":")
            json.appendJSONString(host.utf8.span)
        }
        json.append(",\"callbackBody\":")
        let body = Self.translatedBody(policy).text
        json.appendJSONString(body.span)
        json.append(",\"callbackBodyType\":")
        json.appendJSONString(policy.contentType.rawValue.utf8.span)
        // Without it OSS sends no server name and name-based TLS hosts fail as "Error status : 502." TOS has no such switch.
        if vendor == .oss, policy.urls.contains(where: { $0.lowercased().hasPrefix("https://") }) {
            json.append(",\"callbackSNI\":true")
        }
        json.append("}")
        return json
    }

    /// The value of the parameter with the variables: Base64 of their JSON.
    package static func encode(variables: [CustomVariable]) -> String {
        Base64.encode(variablesJSON(variables).span)
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

    /// The body in the store's terms. Its JSON strings bring their own quotes, so the quotes of `"${object}"` are left out;
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
