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
        /// The metadata is larger than 128 KiB, which no head of a request can bring.
        case metadataTooLarge = "metadata-too-large"
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

    /// A refusal by the store itself.
    init(_ code: Code, _ operation: String) {
        self.code = code
        self.operation = operation
        errno = 0
    }

    /// A refusal by the system.
    init(_ operation: String, errno: Int32) {
        self.code = Self.code(of: errno)
        self.operation = operation
        self.errno = errno
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
