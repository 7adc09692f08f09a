// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects

extension Dialect {
    /// What a vendor's client is told of a failure, and when it should try again.
    func error(_ failure: Failure, stored: Stored = .no) -> VendorError {
        var error = error(failure.refusal(stored: stored))
        if error.status == 503, let seconds = failure.retryAfter {
            error.fields.append((name: "Retry-After", value: String(seconds)))
        }
        return error
    }
}

extension Failure {
    static var internalError: Failure {
        Failure(.internalError, party: .putback, phase: .answering, status: 500, "Something went wrong in Putback.")
    }

    /// What a vendor's dialect is to say.
    ///
    /// SDKs send an upload again after any 5xx, so that only what is certainly not stored gets one.
    func refusal(stored: Stored = .no) -> Refusal {
        if stored != .no {
            if code == .storeMismatch, stored == .yes { return .badCRC64 }
            return .doubtful(message + (stored == .unknown ? " The object may be stored." : ""))
        }
        if let exact { return exact }
        return switch code {
        case .tooLarge: .tooLarge(maximum: nil)
        case .badKey, .badPath: .badKey(message)
        case .badDigest: message.contains("CRC-64") ? .badCRC64 : .badMD5
        case .badValue, .malformedRequest, .malformedForm, .bodyMalformed, .badPart: .badRequest(message)
        case .objectExists: .objectExists
        case .bodyTruncated: .incompleteBody
        case .headTimeout, .bodyStalled, .bodyTooSlow: .slowClient
        case .unauthorized, .forbidden, .noRoute: .forbidden(message)
        case .methodNotAllowed: .methodNotAllowed
        case .notFound: .noSuchKey
        case .noSuchUpload: .noSuchUpload
        case .overloaded, .routeLimit, .clientLimit, .draining, .storeBusy, .storeTimeout: .busy(message)
        // Only here where the object was deleted again: the usual 203 is a success to many SDKs.
        case .callbackFailed: .callbackFailed(message)
        case .clientGone, .storeUnresolved, .storeUnreachable, .storeTLS, .storeClosed, .storeBadAnswer, .storeRefused,
            .storeMismatch, .diskFull, .diskFailed, .internalError:
            .storeFailed(message)
        }
    }
}
