// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The error codes of OSS that an upload gateway gives, with their status, usual message and sub-code.
///
/// Source: "HTTP 4xx status codes" and "HTTP 5xx status codes" of the OSS developer guide, spelling kept; sub-codes as
/// the integration tests of the Go SDK v2 see them and as the pages of the error catalogue name them.
package enum OSSErrorCode: String, Sendable, CaseIterable {
    case callbackFailed = "CallbackFailed"
    case invalidArgument = "InvalidArgument"
    case invalidBucketName = "InvalidBucketName"
    case invalidObjectName = "InvalidObjectName"
    case invalidDigest = "InvalidDigest"
    case invalidCRC64 = "InvalidCRC64"
    case invalidPart = "InvalidPart"
    case invalidPartOrder = "InvalidPartOrder"
    case invalidRequest = "InvalidRequest"
    case incompleteBody = "IncompleteBody"
    case requestTimeout = "RequestTimeout"
    case entityTooLarge = "EntityTooLarge"
    case entityTooSmall = "EntityTooSmall"
    case badRequest = "BadRequest"
    case headerNotImplemented = "NotImplemented"
    case malformedXML = "MalformedXML"
    case requestIsNotMultiPartContent = "RequestIsNotMultiPartContent"
    case malformedPOSTRequest = "MalformedPOSTRequest"
    case fieldItemTooLong = "FieldItemTooLong"
    case maxPOSTPreDataLengthExceededError = "MaxPOSTPreDataLengthExceededError"
    case incorrectNumberOfFilesInPOSTRequest = "IncorrectNumberOfFilesInPOSTRequest"
    case accessDenied = "AccessDenied"
    case invalidAccessKeyID = "InvalidAccessKeyId"
    case signatureDoesNotMatch = "SignatureDoesNotMatch"
    case requestTimeTooSkewed = "RequestTimeTooSkewed"
    case noSuchBucket = "NoSuchBucket"
    case noSuchKey = "NoSuchKey"
    case noSuchUpload = "NoSuchUpload"
    case methodNotAllowed = "MethodNotAllowed"
    case positionNotEqualToLength = "PositionNotEqualToLength"
    case objectNotAppendable = "ObjectNotAppendable"
    case fileAlreadyExists = "FileAlreadyExists"
    case missingContentLength = "MissingContentLength"
    case preconditionFailed = "PreconditionFailed"
    case invalidRange = "InvalidRange"
    case internalError = "InternalError"
    case uploadTrafficRateLimitExceeded = "UploadTrafficRateLimitExceeded"
    case serviceUnavailable = "ServiceUnavailable"

    /// HTTP status that the code comes with.
    package var status: Int { entry.status }

    /// The message where there is none that says more.
    package var message: String { entry.message }

    /// The sub-code; nil where none is known or several are.
    package var ec: String? { entry.ec }

    private var entry: (status: Int, message: String, ec: String?) {
        switch self {
        case .callbackFailed:
            (203, "Callback to application server failed, please check your callbackUrl.", nil)
        case .invalidArgument: (400, "Invalid Argument. Parameter is invalid.", nil)
        case .invalidBucketName: (400, "The specified bucket is not valid.", nil)
        case .invalidObjectName: (400, "The specified object is not valid.", nil)
        case .invalidDigest: (400, "The Content-MD5 you specified was invalid.", nil)
        case .invalidCRC64:
            (400, "The x-oss-hash-crc64ecma you specified does not match what we calculated.", nil)
        case .invalidPart:
            (
                400,
                "One or more of the specified parts could not be found or the specified entity tag might not have "
                    + "matched the part's entity tag.", nil
            )
        case .invalidPartOrder: (400, "The list of parts was not in ascending order.", nil)
        case .invalidRequest: (400, "The request is invalid.", nil)
        case .incompleteBody:
            (400, "You did not provide the number of bytes specified by the Content-Length HTTP header.", nil)
        case .requestTimeout:
            (
                400,
                "Your socket connection to the server was not read from or written to within the timeout period. "
                    + "Idle connections will be closed.", nil
            )
        case .entityTooLarge: (400, "Your proposed upload exceeds the maximum allowed size.", nil)
        case .entityTooSmall: (400, "Your proposed upload smaller than the minimum allowed size.", nil)
        case .badRequest: (400, "Insufficient information. Origin request header needed.", nil)
        case .headerNotImplemented:
            (400, "A header you provided implies functionality that is not implemented.", nil)
        case .malformedXML:
            (
                400,
                "The XML you provided was not well-formed or did not validate against our published schema.", nil
            )
        case .requestIsNotMultiPartContent:
            (400, "Bucket POST must be of the enclosure-type multipart/form-data.", nil)
        case .malformedPOSTRequest:
            (400, "The body of your POST request is not well-formed multipart/form-data.", nil)
        case .fieldItemTooLong: (400, "Your name of form field is too long.", nil)
        case .maxPOSTPreDataLengthExceededError:
            (400, "Your POST request fields preceding the upload file were too large.", nil)
        case .incorrectNumberOfFilesInPOSTRequest:
            (400, "POST requires exactly one file upload per request.", nil)
        case .accessDenied: (403, "AccessDenied.", "0003-00000001")
        case .invalidAccessKeyID:
            (403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000902")
        case .signatureDoesNotMatch:
            (
                403,
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your key and signing method.", "0002-00000040"
            )
        case .requestTimeTooSkewed:
            (403, "The difference between the request time and the current time is too large.", "0002-00000504")
        case .noSuchBucket: (404, "The specified bucket does not exist.", "0015-00000101")
        case .noSuchKey: (404, "The specified key does not exist.", "0026-00000001")
        case .noSuchUpload:
            (
                404,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                    + "aborted or completed.", "0042-00000002"
            )
        case .methodNotAllowed: (405, "The specified method is not allowed against this resource.", nil)
        case .positionNotEqualToLength: (409, "Position is not equal to file length.", "0026-00000016")
        case .objectNotAppendable: (409, "The object is not appendable.", nil)
        case .fileAlreadyExists:
            (409, "The object you specified already exists and can not be overwritten.", nil)
        case .missingContentLength: (411, "You must provide the Content-Length HTTP header.", nil)
        case .preconditionFailed:
            (412, "At least one of the pre-conditions you specified did not hold.", nil)
        case .invalidRange: (416, "The requested range cannot be satisfied.", nil)
        case .internalError:
            (500, "Please contact the server administrator, oss@service.aliyun.com.", nil)
        case .uploadTrafficRateLimitExceeded: (503, "Please reduce your upload request traffic.", nil)
        case .serviceUnavailable: (503, "Please reduce your request rate.", nil)
        }
    }
}
