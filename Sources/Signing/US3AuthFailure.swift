// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Why a request to US3 is not authenticated, as US3 would say it.
package struct US3AuthFailure: Error, Sendable, Equatable {
    /// HTTP status.
    package let status: Int
    /// `RetCode` of the error document.
    package let retCode: Int
    /// `ErrMsg` of the error document.
    package let message: String

    /// Missing or unreadable (error tables of the US3 SDK site).
    static let noAuthorization = US3AuthFailure(status: 401, retCode: -148643, message: "no authorization found")

    /// Wrong signature, key or token; status, code and text as the service was seen to answer (ufile-gosdk, issues 3
    /// and 7). It does not tell which of them is wrong.
    static let invalidSignature = US3AuthFailure(status: 403, retCode: -148658, message: "invalid signature")

    /// The manual forbids both at once (api/authorization-url.md); what the service says is not published.
    static let headerAndURL = US3AuthFailure(
        status: 403, retCode: -148643, message: "signature in both header and url")

    /// The manual promises a time-out error (api/authorization-url.md) and does not publish it.
    static let expired = US3AuthFailure(status: 403, retCode: -148643, message: "signature expired")
}
