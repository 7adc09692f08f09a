// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension VendorError {
    /// The error of a code, with the code's own message and status unless others are given.
    ///
    /// A function with a name, because vendors have codes of the same names.
    package static func us3(_ code: US3ErrorCode, _ message: String? = nil, status: Int? = nil) -> VendorError {
        VendorError(
            status: status ?? code.status, code: String(code.retCode), message: message ?? code.message)
    }

    /// What Putback itself refuses or could not do, in US3's words; where US3 publishes none, with its code for
    /// anything.
    ///
    /// Only what is certainly not stored gets a 5xx.
    package init(us3 refusal: Refusal) {
        switch refusal {
        case .tooLarge(let maximum):
            self = .us3(.invalidArgument, "content length larger than " + (maximum.map { String($0) } ?? "allowed"))
        case .tooSmall(let minimum): self = .us3(.invalidArgument, "content length smaller than \(minimum)")
        case .badKey(let message): self = .us3(.invalidArgument, message)
        case .badMD5: self = .us3(.checkMD5Failed)
        case .badSHA256: self = .us3(.invalidArgument, "check sha256 failed")
        case .badCRC64: self = .us3(.invalidArgument, "check crc64 failed")
        case .badRequest(let message): self = .us3(.invalidArgument, message)
        case .lengthRequired: self = .us3(.invalidArgument, "no content length", status: 411)
        case .objectExists: self = .us3(.nameExists)
        case .incompleteBody: self = .us3(.invalidArgument, "unexpected end of body")
        case .slowClient: self = .us3(.invalidArgument, "request timeout", status: 408)
        case .forbidden(let message): self = .us3(.forbidden, message)
        case .methodNotAllowed: self = .us3(.invalidArgument, "method not allowed", status: 405)
        case .noSuchKey: self = .us3(.fileNotExist)
        case .noSuchUpload: self = .us3(.fileNotExist, "upload id not exist")
        case .invalidPart(let message): self = .us3(.invalidArgument, message)
        case .partExists: self = .us3(.duplicatePart)
        case .invalidPartOrder: self = .us3(.invalidArgument, "invalid part order")
        case .notAppendable: self = .us3(.invalidArgument, "file not appendable")
        case .positionMismatch(let length): self = .us3(.invalidArgument, "position is not the file size \(length)")
        case .notImplemented(let message): self = .us3(.invalidArgument, message, status: 501)
        case .busy(let message): self = .us3(.invalidArgument, message, status: 503)
        case .storeFailed(let message): self = .us3(.invalidArgument, message, status: 500)
        // A 400, since a 5xx asks to be repeated.
        case .callbackFailed(let message): self = .us3(.callbackNotSent, message, status: 400)
        case .vendor(let status, let code, let message, _): self.init(status: status, code: code, message: message)
        case .doubtful(let message): self = .us3(.invalidArgument, message)
        case .internalError: self = .us3(.invalidArgument, "internal error", status: 500)
        }
    }

    /// An operation of US3 that this server does not offer.
    static func notImplementedByUS3(_ what: String) -> VendorError {
        VendorError.us3(.invalidArgument, "\(what) is not implemented", status: 501)
    }
}
