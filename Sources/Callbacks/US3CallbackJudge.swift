// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire
private import Octets

/// What US3 makes of a callback's end, and so what its client is told.
package enum US3CallbackVerdict: Sendable, Equatable {
    /// The app's own answer, with its status, whatever that is, and its body, byte for byte.
    case success(status: Int, body: [UInt8], contentType: String)
    /// 599 with this `RetCode` and `ErrMsg`. The object stays stored.
    case failure(retCode: Int, message: String)
}

/// Judges an app's answer by the rules of US3 (上传回调 of the Go SDK's pages, table of errors; put policy page).
package enum US3CallbackJudge {
    /// HTTP status of a failure.
    package static let failureStatus = 599
    /// The callback could not be sent.
    package static let notSent = 20003
    /// The answer is not what it must be.
    package static let notJSON = 20008

    /// The verdict on an answer: first its type, then its body. The status does not matter (MultiUploadSample of the
    /// Java SDK: "including httpCode").
    ///
    /// Whether a type with parameters passes is not published; it does here.
    package static func judge(_ answer: CallbackAnswer) -> US3CallbackVerdict {
        let type = answer.fields.string("content-type") ?? ""
        let essence = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard essence == "application/json" else {
            return .failure(retCode: notJSON, message: "expect json, but received \(type)")
        }
        guard answer.body.count <= CallbackAnswer.maximumBodyBytes, (try? JSON.parse(answer.body.span)) != nil else {
            return .failure(
                retCode: notJSON, message: "expect json, but the response body is not a strict json string")
        }
        return .success(status: answer.status, body: answer.body, contentType: type)
    }

    /// The verdict when there is no answer: the words of Go's HTTP client behind those of US3, as in the sample of the
    /// page.
    package static func judge(_ failure: CallbackTransportFailure, url: CallbackURL) -> US3CallbackVerdict {
        let peer = "\(url.isIPv6Literal ? "[\(url.host)]" : url.host):\(url.port)"
        let reason =
            switch failure {
            case .unresolved: "dial tcp: lookup \(url.host): no such host"
            case .forbidden: "dial tcp \(peer): getsockopt: permission denied"
            case .unreachable: "dial tcp \(peer): getsockopt: connection refused"
            case .tls: "remote error: tls: handshake failure"
            case .timeout: "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
            case .closed: "EOF"
            case .malformed: "net/http: HTTP/1.x transport connection broken: malformed HTTP response"
            case .tooLong: "http: response body too large"
            }
        return .failure(retCode: notSent, message: "send request error: Post \(url): \(reason)")
    }
}
