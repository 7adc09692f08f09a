// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why the directory store could not do what it was asked.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of problem; the raw value is a bounded label for logs and metrics.
    package enum Code: String, Sendable {
        /// The bucket is no lower-case name of 1…63 letters, digits, `.`, `_` and `-`.
        case invalidBucket = "invalid-bucket"
        /// The key is empty, longer than 1023 bytes, holds NUL, or has a segment `.` or `..`.
        case invalidKey = "invalid-key"
        /// The metadata, with the attributes of an upload, is larger than 128 KiB, which no head of a request can bring.
        case metadataTooLarge = "metadata-too-large"
        /// The MD5 of what was written is not the one that was expected.
        case digestMismatch = "digest-mismatch"
        /// There is an object of that name, which was not to be replaced.
        case objectExists = "object-exists"
        /// There is no multipart upload of that id (any more).
        case noSuchUpload = "no-such-upload"
        /// A part that cannot be: its number is out of range; or that is not there, was named twice, or is another one
        /// than expected. `partNumber` tells which.
        case invalidPart = "invalid-part"
        /// The object was not begun by an append.
        case notAppendable = "not-appendable"
        /// The object has another length, or is another one since the append began. `currentLength` has its bytes.
        case positionMismatch = "position-mismatch"
        /// The file system is full, or the file larger than it allows (ENOSPC, EFBIG).
        case noSpace = "no-space"
        /// The quota is used up (EDQUOT).
        case quotaExceeded = "quota-exceeded"
        /// The device failed (EIO).
        case inputOutput = "input-output"
        /// No file descriptor is left (EMFILE, ENFILE).
        case tooManyFiles = "too-many-files"
        /// The process may not do it, or the file system is read-only (EACCES, EPERM, EROFS).
        case permission = "permission"
        /// Something that this store did not make stands in the way: a symbolic link, a device, a stray file.
        case foreignEntry = "foreign-entry"
        /// The file of an object is not whole.
        case damaged = "damaged"
        /// Any other refusal of the system.
        case system = "system"
    }

    package let code: Code
    /// What was being done, without bucket and key.
    package let operation: String
    /// The errno behind it; 0 if the store itself refused.
    package let errno: Int32

    /// Of `invalidPart`; nil with other codes.
    package let partNumber: Int?
    /// Of `positionMismatch`, 0 if there is no object; nil with other codes.
    package let currentLength: UInt64?

    /// A refusal by the store itself.
    init(_ code: Code, _ operation: String, partNumber: Int? = nil, currentLength: UInt64? = nil) {
        self.code = code
        self.operation = operation
        self.partNumber = partNumber
        self.currentLength = currentLength
        errno = 0
    }

    /// A refusal by the system.
    init(_ operation: String, errno: Int32) {
        self.code = Self.code(of: errno)
        self.operation = operation
        self.errno = errno
        partNumber = nil
        currentLength = nil
    }

    package var description: String {
        errno == 0 ? "\(operation): \(code.rawValue)" : "\(operation): \(code.rawValue) (errno \(errno))"
    }

    private static func code(of errno: Int32) -> Code {
        switch errno {
        case ENOSPC, EFBIG: .noSpace
        case EDQUOT: .quotaExceeded
        case EIO: .inputOutput
        case EMFILE, ENFILE: .tooManyFiles
        case EACCES, EPERM, EROFS: .permission
        // What openat(2) answers with O_NOFOLLOW and O_DIRECTORY for links and for other entries than directories,
        // rename(2) when a directory has the name of a file, and open(2) for sockets.
        case ELOOP, ENOTDIR, EISDIR, ENXIO: .foreignEntry
        default: .system
        }
    }
}
