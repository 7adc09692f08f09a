// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// What Putback knows of an upload before it is sent: US3 has no variables of its own, so that all values stand in the
/// put policy already (put policy page; no system variable is documented or used by any SDK).
package struct US3PolicyFacts: Sendable, Equatable {
    package var bucket: String
    /// The whole key.
    package var object: [UInt8]
    /// Bytes; nil where the length is not known beforehand.
    package var size: UInt64?
    package var mimeType: String
    /// `PutObject` or `CompleteMultipartUpload`.
    package var operation: String
    /// That of Putback.
    package var requestID: String
    /// The address of the client that uploads.
    package var clientIP: String
    /// Base64; nil unless the client told it.
    package var contentMD5: String?
    /// The values of `x:` variables.
    package var custom: [CustomVariable]

    package init(
        bucket: String, object: [UInt8], size: UInt64?, mimeType: String, operation: String, requestID: String,
        clientIP: String, contentMD5: String? = nil, custom: [CustomVariable] = []
    ) {
        self.bucket = bucket
        self.object = object
        self.size = size
        self.mimeType = mimeType
        self.operation = operation
        self.requestID = requestID
        self.clientIP = clientIP
        self.contentMD5 = contentMD5
        self.custom = custom
    }

    /// The raw value of a variable of a callback body; nil when it is not known yet.
    func value(of variable: TemplateVariable) -> [UInt8]? {
        switch variable {
        case .system(.object): object
        case .system(let name): text(of: name).map { [UInt8]($0.utf8) }
        case .custom(let name): custom.first { $0.name == name }?.value ?? []
        default: nil
        }
    }

    private func text(of variable: SystemVariable) -> String? {
        switch variable {
        case .bucket: bucket
        case .object: String(octets: object.span)
        case .size: size.map { String($0) }
        case .mimeType: mimeType
        case .operation: operation
        case .requestID: requestID
        case .clientIP: clientIP
        case .contentMD5: contentMD5
        case .etag, .crc64, .imageHeight, .imageWidth, .imageFormat, .vpcID: nil
        }
    }
}

/// Why a callback cannot be carried to US3.
package enum US3PolicyError: Error, Sendable, Equatable {
    /// Its put policy has so many bytes in Base64.
    case tooLong(bytes: Int)
    /// The body uses this variable, whose value is not known yet.
    case unknown(variable: String)

    /// For people, as a clause without a final stop.
    package var message: String {
        switch self {
        case .tooLong(let bytes):
            "the put policy has \(bytes) bytes in Base64 and US3 takes up to \(US3PutPolicyCodec.maximumBytes)"
        case .unknown(let variable): "US3 cannot know ${\(variable)} before the object is stored"
        }
    }
}

/// Writes and reads the put policies of US3: compact JSON in Base64 (put policy page; 上传回调 of the Go SDK's pages).
package enum US3PutPolicyCodec {
    /// Of the Base64 text: the Java SDK refuses longer ones (`PutPolicy.java`); the service's own limit is not
    /// published.
    package static let maximumBytes = 4096

    /// The put policy that makes US3 perform `policy`, in the URL-safe alphabet with its padding.
    ///
    /// Values are escaped for the body's type. The type is always said: without it US3 takes the body for a URL's
    /// query, and what exactly it then does is not published.
    ///
    /// - Throws: ``US3PolicyError``.
    package static func encode(
        _ policy: CallbackPolicy, _ facts: US3PolicyFacts
    ) throws(US3PolicyError) -> CallbackParameters {
        for variable in policy.body.references where facts.value(of: variable) == nil {
            throw .unknown(variable: variable.name)
        }
        let body = policy.body.render(policy.contentType.escaping, lookup: facts.value)
        let text = Base64.encodeURLSafe(json(policy, body: body).span)
        guard text.utf8.count <= maximumBytes else { throw .tooLong(bytes: text.utf8.count) }
        return CallbackParameters(callback: text, variables: nil)
    }

    /// What keeps `policy` from being performed by US3, beyond ``CallbackPolicy/problems()`` and the variables that
    /// nobody knows beforehand (``isKnown(_:)``).
    package static func problems(_ policy: CallbackPolicy) -> [CallbackProblem] {
        var problems: [CallbackProblem] = []
        if policy.urls.count > 1 {
            problems.append(CallbackProblem(key: "url", message: "US3 calls one URL only; use one, or \"by: putback\""))
        }
        if policy.host != nil {
            let message = "US3 sends the URL's own Host; leave it out, or use \"by: putback\""
            problems.append(CallbackProblem(key: "host", message: message))
        }
        let shortest = Base64.encodeURLSafe(json(policy, body: policy.body.render(.none) { _ in nil }).span)
        if shortest.utf8.count > maximumBytes {
            let message = "US3 takes put policies of up to \(maximumBytes) bytes in Base64"
            problems.append(CallbackProblem(key: "body", message: message))
        }
        return problems
    }

    /// Whether the value is there before the object is sent. That of `size` is unless the client tells no length; that
    /// of `contentMd5` only if the client tells it, on which no policy can rely.
    package static func isKnown(_ variable: SystemVariable) -> Bool {
        switch variable {
        case .bucket, .object, .size, .mimeType, .operation, .requestID, .clientIP: true
        case .etag, .crc64, .contentMD5, .imageHeight, .imageWidth, .imageFormat, .vpcID: false
        }
    }

    private static func json(_ policy: CallbackPolicy, body: [UInt8]) -> [UInt8] {
        var json: [UInt8] = []
        let url = policy.urls.first ?? ""
        let body = withoutVariables(body, policy.contentType)
        json.append("{\"callbackUrl\":")
        json.appendJSONString(url.utf8.span)
        json.append(",\"callbackBody\":")
        json.appendJSONString(body.span)
        json.append(",\"callbackBodyType\":")
        json.appendJSONString(policy.contentType.rawValue.utf8.span)
        json.append("}")
        return json
    }

    /// The same body without `$(`, where US3 would see a variable: a client's value may hold such a text.
    private static func withoutVariables(_ body: [UInt8], _ type: CallbackContentType) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(body.count)
        for (index, byte) in body.enumerated() {
            guard byte == UInt8(ascii: "$"), index + 1 < body.count, body[index + 1] == UInt8(ascii: "(") else {
                result.append(byte)
                continue
            }
            switch type {
            case .json: result.append("\\u0024")
            case .form: result.append("%24")
            }
        }
        return result
    }
}
