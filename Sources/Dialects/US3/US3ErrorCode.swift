// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The errors of US3 that an upload gateway gives, with their status, `RetCode` and usual `ErrMsg`.
///
/// Source: the error tables of the SDKs' pages (ucloud-us3.github.io), and live output in issues of the SDKs and of
/// JuiceFS.
/// -148660 stands for anything: status and text tell what it is.
package enum US3ErrorCode: Sendable, CaseIterable {
    case bucketNotExists
    case checkMD5Failed
    case noAuthorization
    /// As seen live; the tables have -148643.
    case invalidSignature
    /// Allowed by nobody, or by the token not: the code of the tables for what is not authorized.
    case forbidden
    case fileNotExist
    case invalidPutPolicy
    case invalidArgument
    /// Of a rename; the code of an object that may not be replaced is not published.
    case nameExists
    /// A part that is stored already (live, juicefs issue 3763).
    case duplicatePart
    /// The callback could not be sent; the object is stored.
    case callbackNotSent
    /// The app's answer is not JSON; the object is stored.
    case callbackNotJSON

    /// HTTP status.
    package var status: Int { entry.status }

    /// `RetCode`.
    package var retCode: Int { entry.retCode }

    /// `ErrMsg`, where there is none that says more.
    package var message: String { entry.message }

    private var entry: (status: Int, retCode: Int, message: String) {
        switch self {
        case .bucketNotExists: (400, -148653, "bucket not exists")
        case .checkMD5Failed: (400, -15036, "check md5 failed")
        case .noAuthorization: (401, -148643, "no authorization found")
        case .invalidSignature: (403, -148658, "invalid signature")
        case .forbidden: (403, -148643, "not authorized")
        case .fileNotExist: (404, -148654, "file not exist")
        case .invalidPutPolicy: (400, -148660, "invalid put policy")
        case .invalidArgument: (400, -148660, "invalid argument")
        case .nameExists: (406, -148660, "new file name already exists")
        case .duplicatePart: (500, -1014, "put duplicate key error")
        case .callbackNotSent: (599, 20003, "send request error")
        case .callbackNotJSON: (599, 20008, "expect json")
        }
    }
}
