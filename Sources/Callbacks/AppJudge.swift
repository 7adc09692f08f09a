// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire

/// What Putback makes of the end of a callback it made itself.
package enum AppVerdict: Sendable, Equatable {
    /// Told to the client as 200 with this body and type.
    case success(body: [UInt8], contentType: String)
    /// `label` is bounded, for metrics; `status` is the app's, when it answered.
    case failure(label: String, message: String, status: Int?)
}

/// Judges the answer to a callback that Putback made for a client that speaks plain HTTP.
///
/// Any 2xx is success, with a body of any kind, also none (how long it may be says who reads it): the client reads the app's answer, not
/// Putback. That is wider than the stores (OSS takes 200 with JSON only), so an app that satisfies a store satisfies
/// this judge, not the other way round. Redirects are not followed and are failures.
package enum AppJudge {
    /// The verdict on an answer.
    package static func judge(_ answer: CallbackAnswer) -> AppVerdict {
        guard (200...299).contains(answer.status) else {
            return .failure(
                label: "status", message: "The app answered \(answer.status).", status: answer.status)
        }
        return .success(
            body: answer.body, contentType: answer.fields.string("content-type") ?? "application/octet-stream")
    }

    /// The verdict when there is no answer.
    package static func judge(_ failure: CallbackTransportFailure) -> AppVerdict {
        let message =
            switch failure {
            case .unresolved: "The app's host has no address."
            case .forbidden: "The app's address may not be called."
            case .unreachable: "The app cannot be reached."
            case .tls: "The TLS connection to the app failed."
            case .timeout(_, let milliseconds): "The app did not answer within \(milliseconds) ms."
            case .closed: "The app closed the connection before its answer was complete."
            case .malformed: "The app's answer is not HTTP."
            case .tooLong: "The app's answer is longer than it may be, or than there is room for."
            }
        return .failure(label: failure.label, message: message, status: nil)
    }
}
