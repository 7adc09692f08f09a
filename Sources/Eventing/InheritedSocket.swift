// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A listening socket that the process was started with, by systemd or what works like it (sd_listen_fds(3)).
package struct InheritedSocket: Sendable {
    package let descriptor: Int32
    /// The unit's `FileDescriptorName`; empty where there is none.
    package let name: String
    package let address: SocketAddress

    /// The first descriptor that is passed (`SD_LISTEN_FDS_START`).
    private static let first: Int32 = 3

    /// The sockets that `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` tell of; none where they are for another process.
    ///
    /// - Throws: ``EventError`` where one of them is no listening stream socket.
    package static func all(_ variables: [String: String]) throws(EventError) -> [InheritedSocket] {
        guard variables["LISTEN_PID"] == String(getpid()), let text = variables["LISTEN_FDS"] else { return [] }
        guard let count = Int32(text), (0...1024).contains(count) else {
            throw EventError(operation: "take over sockets", reason: "LISTEN_FDS is no number: \(text)")
        }
        let names = (variables["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var sockets: [InheritedSocket] = []
        for index in 0..<count {
            let descriptor = first + index
            guard option(descriptor, SO_ACCEPTCONN) == 1, option(descriptor, SO_TYPE) == Int32(SOCK_STREAM.rawValue),
                let address = ListeningSocket.localAddress(descriptor)
            else {
                throw EventError(
                    operation: "take over descriptor \(descriptor)", reason: "it is no listening stream socket")
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            let name = Int(index) < names.count ? String(names[Int(index)]) : ""
            sockets.append(InheritedSocket(descriptor: descriptor, name: name, address: address))
        }
        return sockets
    }

    /// The socket for `count` loops, which share its queue.
    package func listeningSockets(count: Int) throws(EventError) -> [ListeningSocket] {
        try ListeningSocket.duplicates(of: descriptor, count: count, address: address, origin: .inherited)
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
