// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Signing

/// The error codes of TOS that an upload gateway gives, beyond those of a ``Refusal`` (tos/codes of the Go SDK, J comm/Code).
enum TOSErrorCode {
    case tosInvalidBucketName, tosKeyTooLong, tosNoContentLength, tosInvalidDigest, tosInvalidPartNumber
    case tosMalformedBody, tosMissingBody

    var entry: (status: Int, code: String, message: String, ec: String?) {
        switch self {
        case .tosInvalidBucketName: (400, "InvalidBucketName", "The specified bucket is not valid.", nil)
        case .tosKeyTooLong: (400, "KeyTooLong", "The object name is too long.", "0017-00000002")
        case .tosNoContentLength: (411, "NoContentLength", "The Content-Length header is missing.", nil)
        case .tosInvalidDigest: (400, "InvalidDigest", "The Content-MD5 you specified is not valid.", nil)
        case .tosInvalidPartNumber: (400, "InvalidPartNumber", "The part number must be from 1 to 10000.", nil)
        // Page 1189019 has the sub-code.
        case .tosMissingBody: (400, "MalformedBody", "The request has no body.", "0005-00000008")
        case .tosMalformedBody: (400, "MalformedBody", "The request body is not valid.", nil)
        }
    }
}

extension VendorError {
    init(_ code: TOSErrorCode) {
        let entry = code.entry
        self.init(status: entry.status, code: entry.code, message: entry.message, ec: entry.ec)
    }

    init(tos failure: TOSAuthFailure) {
        self.init(status: failure.status, code: failure.code, message: failure.message, ec: failure.ec)
    }

    /// A policy that cannot be read, has expired or does not allow the form (403 by presigned_test.go of the Go SDK).
    init(tos failure: FormPolicyFailure) {
        func invalid(_ why: String, ec: String? = nil) -> VendorError {
            VendorError(
                status: 400, code: "InvalidPolicyDocument", message: "The policy is not valid: \(why)", ec: ec)
        }
        switch failure {
        case .expired: self.init(tos: .forbidden("Invalid according to Policy: Policy expired."))
        case .conditionFailed(let condition):
            self.init(tos: .forbidden("Invalid according to Policy: Policy Condition failed: \(condition)"))
        case .notBase64: self = invalid("It is not Base64.")
        case .notJSON(let why), .badExpiration(let why), .badCondition(let why): self = invalid(why)
        case .missing(let member): self = invalid("It has no \(member).")
        // Page 1189279.
        case .badLengthRange(let why): self = invalid(why, ec: "0017-00000412")
        }
    }

    /// What Putback itself refuses or could not do, in TOS's words; only what is certainly not stored gets a 5xx.
    package init(tos refusal: Refusal) {
        func error(_ status: Int, _ code: String, _ message: String, ec: String? = nil) -> VendorError {
            VendorError(status: status, code: code, message: message, ec: ec)
        }
        switch refusal {
        case .tooLarge: self = error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
        case .tooSmall: self = error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum size.")
        case .badKey(let message): self = error(400, "InvalidArgument", message)
        case .badMD5: self = error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        case .badSHA256:
            self = error(400, "ContentSHA256Mismatch", "The x-tos-content-sha256 you signed is not that of the body.")
        case .badCRC64: self = error(400, "InvalidArgument", "The checksum did not match what we received.")
        case .badRequest(let message): self = error(400, "InvalidArgument", message)
        case .lengthRequired: self.init(.tosNoContentLength)
        case .objectExists:
            self = error(
                409, "DuplicateObject", "The object already exists and can not be overwritten.", ec: "0017-00000004")
        case .incompleteBody: self = error(400, "UnexpectedEOF", "The body ended before it was complete.")
        // Every SDK sends it again.
        case .slowClient: self = error(408, "RequestTimeout", "The request was not read within the timeout period.")
        case .forbidden(let message): self = error(403, "AccessDenied", message)
        case .methodNotAllowed: self = error(405, "MethodNotAllowed", "The method is not allowed here.")
        case .noSuchKey: self = error(404, "NoSuchKey", "The specified key does not exist.", ec: "0017-00000003")
        case .noSuchUpload: self = error(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        case .invalidPart(let message): self = error(400, "InvalidPart", message)
        case .partExists: self = error(400, "InvalidPart", "The part is there already.")
        case .invalidPartOrder: self = error(400, "InvalidPartOrder", "The parts are not in ascending order.")
        case .notAppendable: self = error(409, "NotAppendable", "The object is not appendable.")
        case .positionMismatch(let length):
            self = error(409, "OffsetNotMatched", "The offset is not the length of the object, which is \(length).")
        case .notImplemented(let message): self = error(501, "NotImplemented", message)
        case .busy(let message): self = error(503, "ServiceUnavailable", message)
        case .storeFailed(let message): self = error(500, "InternalError", message)
        case .callbackFailed(let message): self = error(400, "CallbackFailed", message)
        // A 400 that no SDK repeats for a put or a completion; the Go SDK does for parts, which harms nothing.
        case .doubtful(let message): self = error(400, "InvalidRequest", message)
        case .internalError: self = error(500, "InternalError", "Something went wrong.")
        case .vendor(let status, let code, let message, let ec): self = error(status, code, message, ec: ec)
        }
    }

    static func notImplementedByTOS(_ what: String) -> VendorError {
        VendorError(tos: .notImplemented("\(what) is not implemented."))
    }
}
