// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// Small files, read whole.
package enum TextFile {
    package struct Failure: Error {
        /// The operating system's words, or ours, as a clause.
        let reason: String
    }

    /// The bytes of a file of at most `maximumBytes`.
    package static func read(_ path: String, maximumBytes: Int) throws(Failure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemFailure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw systemFailure()
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > maximumBytes { throw Failure(reason: "it is longer than \(maximumBytes) bytes") }
        }
    }

    /// Nil when the file can be opened for reading, else why not.
    static func whyUnreadable(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return systemFailure().reason }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return systemFailure().reason }
        return status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : nil
    }

    private static func systemFailure() -> Failure {
        // strerror's text is valid until the next call on this thread, and copied at once.
        Failure(reason: unsafe String(cString: strerror(errno)))
    }
}
