// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

// The optimised build takes the members of stat for this module's, whose headers include it.
private import CLibEvent
internal import Glibc

/// The file of a Unix socket that this process listens on.
package struct SocketFile: Sendable {
    /// Which file a path leads to.
    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64
        let isSocket: Bool

        /// nil where there is no file.
        init?(_ path: String) {
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            isSocket = status.st_mode & S_IFMT == S_IFSOCK
        }
    }

    private let path: String
    private let identity: Identity

    /// Removes the file, unless another process has put its own there since.
    package func remove() {
        if Identity(path) == identity { unsafe unlink(path) }
    }

    /// Listens at `path`, in place of a socket that nobody listens on any more, as a crash leaves one behind; with
    /// `replacing` also in place of one that is alive: its process keeps what has connected so far.
    ///
    /// - Throws: ``EventError``; `isAddressInUse` where the path has a socket that is alive, or a file that is none.
    static func bind(
        _ path: String, mode: UInt32?, replacing: Bool
    ) throws(EventError) -> (descriptor: Int32, file: SocketFile) {
        let address = SocketAddress(kind: .unix(path: path), port: 0)
        // sun_path has 108 bytes with its final zero (unix(7)).
        guard path.utf8.count < 108 else {
            throw EventError(operation: "bind \(address)", reason: "the path is longer than 107 bytes")
        }
        // Under another name first, where there is room for one: the path then always has a socket that listens.
        let longer = "\(path).\(getpid())"
        let draft = longer.utf8.count < 108 ? longer : path
        if let there = Identity(path), !there.isSocket || !replacing && isAlive(address) {
            throw EventError(operation: "bind \(address)", code: EADDRINUSE)
        }
        unsafe unlink(draft)
        let descriptor: Int32
        do { descriptor = try ListeningSocket.bindOne(SocketAddress(kind: .unix(path: draft), port: 0)) } catch {
            throw EventError(operation: "bind \(address)", code: error.code)
        }
        do throws(EventError) {
            if let mode { unsafe chmod(draft, mode) }
            try ListeningSocket.listen(descriptor, on: address)
            guard unsafe draft == path || rename(draft, path) == 0, let identity = Identity(path) else {
                throw EventError(operation: "bind \(address)", code: errno)
            }
            return (descriptor, SocketFile(path: path, identity: identity))
        } catch {
            close(descriptor)
            unsafe unlink(draft)
            throw error
        }
    }

    private static func isAlive(_ address: SocketAddress) -> Bool {
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        defer { close(probe) }
        // A full queue (EAGAIN) has somebody who listens, too (unix(7)).
        return unsafe address.withRaw { unsafe connect(probe, $0, $1) } == 0 || errno != ECONNREFUSED
    }
}
