// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Dialects

/// Where an upload is on its way; the same words stand in logs, metrics and error answers.
package enum Phase: String, Sendable, CaseIterable {
    case routing, authorizing, planning, storing, judging, callingBack, answering, done
}

/// Who is at fault.
package enum Party: String, Sendable {
    case client, store, app, putback
}

/// Why an upload did not succeed: what the client is told, whatever its dialect.
package struct Failure: Error, Equatable, Sendable {
    /// A stable word for programs; bounded, so that it can label metrics.
    package enum Code: String, Sendable, CaseIterable {
        case malformedRequest = "malformed-request"
        case malformedForm = "malformed-form"
        case methodNotAllowed = "method-not-allowed"
        case noRoute = "no-route"
        case unauthorized
        case forbidden
        case badPath = "bad-path"
        case badKey = "bad-key"
        case badValue = "bad-value"
        case tooLarge = "too-large"
        case overloaded
        case routeLimit = "route-limit"
        case clientLimit = "client-limit"
        case headTimeout = "head-timeout"
        case clientGone = "client-gone"
        case bodyTruncated = "body-truncated"
        case bodyStalled = "body-stalled"
        case bodyTooSlow = "body-too-slow"
        case bodyMalformed = "body-malformed"
        case badDigest = "bad-digest"
        case objectExists = "object-exists"
        case notFound = "not-found"
        case noSuchUpload = "no-such-upload"
        case badPart = "bad-part"
        case storeUnresolved = "store-unresolved"
        case storeUnreachable = "store-unreachable"
        case storeTLS = "store-tls"
        case storeTimeout = "store-timeout"
        case storeClosed = "store-closed"
        case storeBadAnswer = "store-bad-answer"
        case storeRefused = "store-refused"
        case storeBusy = "store-busy"
        case storeMismatch = "store-mismatch"
        case diskFull = "disk-full"
        case diskFailed = "disk-failed"
        case callbackFailed = "callback-failed"
        case draining
        case internalError = "internal-error"
    }

    package var code: Code
    package var party: Party
    package var phase: Phase
    /// The HTTP status for clients that speak no vendor's dialect.
    package var status: Int
    /// One sentence for people; holds no secret.
    package var message: String
    /// Seconds after which another try makes sense.
    package var retryAfter: Int?
    /// What the store said, where it is the store that refused.
    package var storeStatus: Int?
    package var storeCode: String?
    /// Exactly what a vendor's client is told, where the code says less.
    package var exact: Refusal?

    package init(
        _ code: Code, party: Party, phase: Phase, status: Int, _ message: String, retryAfter: Int? = nil,
        storeStatus: Int? = nil, storeCode: String? = nil
    ) {
        self.code = code
        self.party = party
        self.phase = phase
        self.status = status
        self.message = message
        self.retryAfter = retryAfter
        self.storeStatus = storeStatus
        self.storeCode = storeCode
    }
}
