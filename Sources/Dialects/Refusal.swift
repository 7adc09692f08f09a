// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Why Putback refuses a request or could not do it; each dialect has its own words for it.
package enum Refusal: Error, Sendable, Equatable {
    /// More than `maximum` bytes.
    case tooLarge(maximum: UInt64?)
    /// Fewer than `minimum` bytes.
    case tooSmall(minimum: UInt64)
    case badKey(String)
    /// The body's MD5 is not the one that was told.
    case badMD5
    /// The body's SHA-256 is not the one that was signed.
    case badSHA256
    /// The body's CRC-64 is not the one that was told.
    case badCRC64
    /// A parameter, a field or the framing is wrong.
    case badRequest(String)
    /// The body is chunked, and the store takes none but of a known length.
    case lengthRequired
    case objectExists
    /// The body ended before it was complete.
    case incompleteBody
    /// The body, or the head, came too slowly.
    case slowClient
    case forbidden(String)
    case methodNotAllowed
    case noSuchKey
    case noSuchUpload
    /// A part that is not there, or is another one.
    case invalidPart(String)
    case invalidPartOrder
    /// A part of that number is there and may not be replaced (US3).
    case partExists
    case notAppendable
    /// The object that is appended to has another length.
    case positionMismatch(length: UInt64)
    case notImplemented(String)
    /// Over capacity, or the store is.
    case busy(String)
    /// Certainly not stored, and a second attempt may succeed.
    case storeFailed(String)
    /// The callback failed, and the object was deleted again. Not the 203 of an object that is kept, and no 5xx.
    case callbackFailed(String)
    /// Stored or not, nobody can tell; or stored, but not what was sent. No client may repeat it on its own.
    case doubtful(String)
    case internalError
    /// The vendor's own words already, such as for a completion that cannot be read.
    case vendor(status: Int, code: String, message: String, ec: String?)
}

/// Why a form is refused before it is known what it asks for.
package enum FormRefusal: Error, Sendable, Equatable {
    /// The body is no form, or one of its parts is malformed.
    case malformed(String)
    /// The name or the value of one field.
    case fieldTooLong(String)
    /// All that stands before the file.
    case fieldsTooLong(String)
    /// The form ended without one.
    case noFile
}
