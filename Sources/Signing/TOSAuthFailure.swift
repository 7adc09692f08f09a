// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Why a request to TOS is not authenticated, as TOS says it.
///
/// Where the vendor publishes no status it is 403: the Go SDK sends a part again after any 400, which helps nobody whose
/// signature is wrong. Sub-codes are those of pages 1188916, 1188922, 1188923, 1188927 and 1188928 of the TOS help.
package struct TOSAuthFailure: Error, Sendable, Equatable {
    package let status: Int
    package let code: String
    package let message: String
    /// The sub-code, where one is known.
    package let ec: String?

    init(_ status: Int, _ code: String, _ message: String, ec: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.ec = ec
    }

    static let malformed = TOSAuthFailure(403, "AuthorizationHeaderMalformed", "The authorization is malformed.")
    static let headerAlgorithm = TOSAuthFailure(
        403, "AuthorizationHeaderMalformed", "The algorithm of the authorization must be TOS4-HMAC-SHA256.",
        ec: "0002-00000030")
    static let malformedForm = TOSAuthFailure(
        403, "AccessDenied",
        "A form needs policy, x-tos-algorithm, x-tos-credential, x-tos-date and x-tos-signature, or none of them.")
    static let malformedURL = TOSAuthFailure(
        403, "AuthorizationQueryParametersError",
        "A signed URL needs X-Tos-Credential, X-Tos-SignedHeaders and X-Tos-Signature.")
    static let both = TOSAuthFailure(403, "AccessDenied", "Only one of header and query may hold the signature.")
    static let algorithm = TOSAuthFailure(
        403, "AuthorizationQueryParametersError", "X-Tos-Algorithm must be TOS4-HMAC-SHA256.", ec: "0002-00000030")
    static let expires = TOSAuthFailure(
        403, "AuthorizationQueryParametersError", "X-Tos-Expires must be from 1 to 604800.", ec: "0002-00000031")
    static let expired = TOSAuthFailure(403, "AccessDenied", "Request has expired.")
    static let unsigned = TOSAuthFailure(
        403, "AccessDenied", "The host and every x-tos- header must be signed.", ec: "0002-00000016")
    static let skewed = TOSAuthFailure(
        403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
        ec: "0002-00000018")
    static let noDate = TOSAuthFailure(
        403, "MissingSecurityHeader", "The request has no valid date, or not that of its credential.")
    static let unknownKey = TOSAuthFailure(
        403, "InvalidAccessKeyId", "The access key id does not exist in our records.")
    static let token = TOSAuthFailure(403, "InvalidSecurityToken", "The security token is invalid.")
    static let mismatch = TOSAuthFailure(
        403, "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ec: "0002-00000024")
}
