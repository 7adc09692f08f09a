// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Why a request to OSS is not authenticated, as OSS would say it.
package struct OSSAuthFailure: Error, Sendable {
    /// HTTP status.
    package let status: Int
    /// `Code` of the error document; one of a fixed set.
    package let code: String
    /// `Message` of the error document.
    package let message: String
    /// `EC`, the sub-code, where one is known.
    package let ec: String?
    /// Further elements of the error document, in order.
    package let details: [(element: String, text: String)]

    init(
        _ status: Int, _ code: String, _ message: String, ec: String? = nil,
        details: [(element: String, text: String)] = []
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.ec = ec
        self.details = details
    }
}

// Codes and messages: "HTTP 4xx status codes" of the OSS developer guide. Sub-codes: the pages of OSS's error catalogue
// (help/en/oss/support/<sub-code>).
extension OSSAuthFailure {
    private static func invalidArgument(_ message: String, ec: String? = nil) -> OSSAuthFailure {
        OSSAuthFailure(400, "InvalidArgument", message, ec: ec)
    }

    static var malformedAuthorization: OSSAuthFailure {
        invalidArgument("Authorization header is invalid.", ec: "0002-00000202")
    }
    static var headerAndURL: OSSAuthFailure {
        invalidArgument("Either the Authorization header or the query string should hold the signature, not both.")
    }
    static var emptyAdditionalHeaders: OSSAuthFailure {
        invalidArgument("AdditionalHeaders must not be empty.", ec: "0002-00000209")
    }
    static var emptyAdditionalHeader: OSSAuthFailure {
        invalidArgument("AdditionalHeaders must not hold an empty name.", ec: "0002-00000210")
    }
    static var invalidCredentialDate: OSSAuthFailure {
        invalidArgument("Invalid signing date in Authorization header.", ec: "0002-00000212")
    }
    static var malformedCredential: OSSAuthFailure {
        invalidArgument("Invalid signing credential in Authorization header.", ec: "0002-00000213")
    }
    static var invalidPayloadHash: OSSAuthFailure {
        invalidArgument("The x-oss-content-sha256 header must be UNSIGNED-PAYLOAD.", ec: "0002-00000214")
    }
    static var invalidRegion: OSSAuthFailure {
        invalidArgument("Invalid signing region in Authorization header.", ec: "0002-00000226")
    }
    static var otherRegion: OSSAuthFailure {
        invalidArgument("Invalid signing region in Authorization header.", ec: "0002-00000228")
    }
    static var invalidURLVersion: OSSAuthFailure {
        invalidArgument("The x-oss-signature-version parameter must be OSS4-HMAC-SHA256.")
    }
    static var missingURLExpires: OSSAuthFailure {
        invalidArgument("The x-oss-expires parameter is missing.", ec: "0002-00000215")
    }
    static var invalidURLExpires: OSSAuthFailure {
        invalidArgument("The x-oss-expires parameter must be a number of seconds from 1 to 604800.")
    }
    static var missingURLCredential: OSSAuthFailure {
        invalidArgument("The x-oss-credential parameter is missing.", ec: "0002-00000217")
    }
    static var blankURLCredential: OSSAuthFailure {
        invalidArgument("The x-oss-credential parameter is blank.", ec: "0002-00000218")
    }
    static var missingURLSignature: OSSAuthFailure {
        invalidArgument("The x-oss-signature parameter is missing.", ec: "0002-00000219")
    }
    static var blankURLSignature: OSSAuthFailure {
        invalidArgument("The x-oss-signature parameter is blank.", ec: "0002-00000220")
    }
    static var tokenOutsideQuery: OSSAuthFailure {
        OSSAuthFailure(400, "InvalidRequest", "Security-token must be provided by query string parameter.")
    }

    private static func accessDenied(
        _ message: String, ec: String? = nil, details: [(element: String, text: String)] = []
    ) -> OSSAuthFailure {
        OSSAuthFailure(403, "AccessDenied", message, ec: ec, details: details)
    }

    static var invalidDate: OSSAuthFailure { accessDenied("OSS authentication requires a valid Date.") }
    static var incompleteURL: OSSAuthFailure {
        accessDenied("Query string authentication requires the Signature, Expires and OSSAccessKeyId parameters.")
    }
    static var invalidExpires: OSSAuthFailure { accessDenied("Invalid date (should be seconds since epoch).") }
    static var notYetValid: OSSAuthFailure { accessDenied("Request is not yet valid.", ec: "0002-00000235") }

    /// - Parameters: both as ISO 8601 with milliseconds.
    static func expired(at expires: String, serverTime: String) -> OSSAuthFailure {
        accessDenied("Request has expired.", details: [("Expires", expires), ("ServerTime", serverTime)])
    }

    static var tooSkewed: OSSAuthFailure {
        OSSAuthFailure(
            403, "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.", ec: "0002-00000504")
    }

    static func unknownKey(_ id: String) -> OSSAuthFailure {
        OSSAuthFailure(
            403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records.",
            ec: "0002-00000902", details: [("OSSAccessKeyId", id)])
    }

    static var invalidToken: OSSAuthFailure {
        OSSAuthFailure(403, "InvalidSecurityToken", "The security token you provided is invalid.")
    }
    static var tokenNotOfKey: OSSAuthFailure {
        OSSAuthFailure(
            403, "AccessKeyIdAndSecurityTokenNotMatch",
            "The OSS access key id and security token you provided does not match.")
    }

    // MARK: Forms

    static var twoFormSignatures: OSSAuthFailure {
        invalidArgument("Either the fields of signature V1 or those of V4 should be in the form, not both.")
    }
    static var invalidFormVersion: OSSAuthFailure {
        invalidArgument("The x-oss-signature-version field must be OSS4-HMAC-SHA256.")
    }

    /// "HTTP 400 status code" of the OSS developer guide: `Post request accessKeyId is empty.`
    static func emptyFormField(_ name: String) -> OSSAuthFailure {
        invalidArgument("Post request \(name) is empty.")
    }

    /// A V4 policy must fix what its signature depends on ("A V4 signature in a PostObject request").
    static func unpinned(_ field: String) -> OSSAuthFailure {
        accessDenied("Invalid according to Policy: Policy Condition missing: \(field).")
    }

    /// Messages: "HTTP 400 status code" and "HTTP 403 status code" of the OSS developer guide.
    static func policy(_ failure: FormPolicyFailure) -> OSSAuthFailure {
        switch failure {
        case .notBase64: invalidPolicy("The policy is not base64 encoded.")
        case .notJSON(let problem): invalidPolicy("Invalid JSON: \(problem).")
        case .missing(let member): invalidPolicy("Policy missing \(member).")
        case .badExpiration(let text): invalidPolicy("Invalid 'expiration' value: \(text).")
        case .badCondition(let text), .badLengthRange(let text): invalidPolicy("Invalid Condition: \(text).")
        case .expired: accessDenied("Invalid according to Policy: Policy expired.")
        case .conditionFailed(let text): accessDenied("Invalid according to Policy: Policy Condition failed: \(text)")
        }
    }

    private static func invalidPolicy(_ problem: String) -> OSSAuthFailure {
        OSSAuthFailure(400, "InvalidPolicyDocument", "Invalid Policy: \(problem)")
    }

    /// The wrong signature with all that helps to find out why: OSS prints what it signed itself.
    static func mismatch(id: String, provided: String, signed: SignedText) -> OSSAuthFailure {
        var details = [
            ("OSSAccessKeyId", id), ("SignatureProvided", provided),
            ("StringToSign", String(decoding: signed.stringToSign, as: UTF8.self)),
            ("StringToSignBytes", signed.stringToSignBytes),
        ]
        if let request = signed.canonicalRequest {
            details.append(("CanonicalRequest", String(decoding: request, as: UTF8.self)))
        }
        return OSSAuthFailure(
            403, "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
                + "Check your key and signing method.",
            ec: "0002-00000040", details: details)
    }
}
