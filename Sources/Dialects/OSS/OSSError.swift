// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Signing

extension VendorError {
    /// The error of a code, with the code's own message and sub-code unless others are given.
    package init(
        _ code: OSSErrorCode, _ message: String? = nil, ec: String? = nil,
        details: [(element: String, text: String)] = []
    ) {
        self.init(
            status: code.status, code: code.rawValue, message: message ?? code.message,
            // A sub-code belongs to the message, not only to the code.
            ec: ec ?? (message == nil ? code.ec : nil), details: details)
    }

    /// A request that is not authenticated.
    package init(_ failure: OSSAuthFailure) {
        self.init(
            status: failure.status, code: failure.code, message: failure.message, ec: failure.ec,
            details: failure.details)
    }

    /// What Putback itself refuses or could not do, in OSS's words.
    ///
    /// SDKs send an upload again after any 5xx, so that only what is certainly not stored gets one.
    package init(oss refusal: Refusal) {
        switch refusal {
        case .tooLarge(let maximum):
            self.init(.entityTooLarge, details: maximum.map { [("MaxSizeAllowed", String($0))] } ?? [])
        case .tooSmall(let minimum): self.init(.entityTooSmall, details: [("MinSizeAllowed", String(minimum))])
        case .badKey(let message): self.init(.invalidObjectName, message)
        case .badMD5: self.init(.invalidDigest)
        case .badSHA256: self.init(.invalidDigest)
        case .badCRC64: self.init(.invalidCRC64)
        case .badRequest(let message): self.init(.invalidArgument, message)
        case .lengthRequired: self.init(.missingContentLength)
        case .objectExists: self.init(.fileAlreadyExists)
        case .incompleteBody: self.init(.incompleteBody)
        case .slowClient: self.init(.requestTimeout)
        case .forbidden(let message): self.init(.accessDenied, message)
        case .methodNotAllowed: self.init(.methodNotAllowed)
        case .noSuchKey: self.init(.noSuchKey)
        case .noSuchUpload: self.init(.noSuchUpload)
        // OSS has parts replaced, so that nothing it says fits the second case better.
        case .invalidPart(let message): self.init(.invalidPart, details: [("Detail", message)])
        case .partExists: self.init(.invalidPart)
        case .invalidPartOrder: self.init(.invalidPartOrder)
        case .notAppendable: self.init(.objectNotAppendable)
        case .positionMismatch(let length):
            self.init(.positionNotEqualToLength)
            fields = [("x-oss-next-append-position", String(length))]
        case .notImplemented(let message): self.init(status: 501, code: "NotImplemented", message: message)
        case .busy(let message): self.init(.serviceUnavailable, message)
        case .storeFailed(let message): self.init(.internalError, message)
        // A 400 that no SDK repeats on its own.
        case .callbackFailed(let message):
            self.init(status: 400, code: OSSErrorCode.callbackFailed.rawValue, message: message)
        case .doubtful(let message): self.init(.requestTimeout, message)
        case .internalError: self.init(.internalError)
        case .vendor(let status, let code, let message, let ec):
            self.init(status: status, code: code, message: message, ec: ec)
        }
    }

    /// What is wrong with a form, in OSS's words.
    package init(oss refusal: FormRefusal) {
        switch refusal {
        case .malformed: self.init(.malformedPOSTRequest)
        case .fieldTooLong: self.init(.fieldItemTooLong)
        case .fieldsTooLong: self.init(.maxPOSTPreDataLengthExceededError)
        case .noFile: self.init(.incorrectNumberOfFilesInPOSTRequest)
        }
    }

    /// A parameter or header field with a wrong value.
    package static func invalidArgument(
        _ message: String? = nil, name: String, value: String, ec: String? = nil
    ) -> VendorError {
        // oss2 reads no more than 4096 bytes of an error document.
        let shown = value.utf8.count > 1024 ? String(value.prefix(1000)) + "..." : value
        return VendorError(
            .invalidArgument, message, ec: ec, details: [("ArgumentName", name), ("ArgumentValue", shown)])
    }

    /// An operation of OSS that this server does not offer: 501 with OSS's code for such things.
    package static func notImplemented(_ what: String) -> VendorError {
        VendorError(status: 501, code: "NotImplemented", message: "\(what) is not implemented.")
    }

    /// The method does not exist for that kind of resource.
    package static func methodNotAllowed(_ method: String, on resource: String) -> VendorError {
        VendorError(.methodNotAllowed, details: [("Method", method), ("ResourceType", resource)])
    }
}
