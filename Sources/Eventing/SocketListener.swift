// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// Who is given accepted connections.
package protocol SocketListenerHandler: AnyObject {
    /// A client connected; the handler owns the non-blocking descriptor from here on.
    func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener)
    /// Accepting failed for a reason that lasts (`EMFILE`, `ENFILE`, `ENOMEM`); it is tried again after a pause.
    func acceptFailed(_ error: EventError, on listener: SocketListener)
}

/// A bound, listening socket that can be shared by loops: internet sockets are bound once for each loop
/// (`SO_REUSEPORT`), a Unix socket is duplicated.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// The address with the port that the kernel chose where 0 was asked for.
    package let address: SocketAddress

    /// Sockets for `count` loops, all on one address.
    ///
    /// - Parameter mode: permission bits of a Unix socket; nil leaves them to the umask.
    /// - Throws: ``EventError``; `isAddressInUse` when another process listens there.
    package static func bind(_ address: SocketAddress, count: Int, mode: UInt32? = nil) throws(EventError)
        -> [ListeningSocket]
    {
        if case .unix(let path) = address.kind { return try bindUnix(address, path: path, count: count, mode: mode) }
        // SO_REUSEPORT lets every process of the same user share the port in silence; a socket without it tells whether
        // somebody else has the port.
        Glibc.close(try bindOne(address, reusePort: false))
        var sockets: [ListeningSocket] = []
        var exact = address
        do {
            for _ in 0..<count {
                let descriptor = try bindOne(exact, reusePort: true)
                exact = SocketAddress(kind: address.kind, port: localPort(descriptor))
                sockets.append(ListeningSocket(descriptor: descriptor, address: exact))
                try listen(descriptor, on: exact)
            }
        } catch {
            for socket in sockets { socket.close() }
            throw error
        }
        return sockets
    }

    /// Closes a socket that no listener took over.
    package func close() { Glibc.close(descriptor) }

    private static func bindOne(_ address: SocketAddress, reusePort: Bool) throws(EventError) -> Int32 {
        let family: Int32 =
            switch address.kind {
            case .internet4: AF_INET
            case .internet6: AF_INET6
            case .unix: AF_UNIX
            }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw EventError(operation: "socket for \(address)", code: errno) }
        if family != AF_UNIX { setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) }
        if family == AF_INET6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        if reusePort { setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        guard unsafe address.withRaw({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw EventError(operation: "bind \(address)", code: code)
        }
        return descriptor
    }

    /// Replaces a socket file that nobody listens on any more, as a crash leaves one behind.
    private static func bindUnix(_ address: SocketAddress, path: String, count: Int, mode: UInt32?)
        throws(EventError) -> [ListeningSocket]
    {
        guard path.utf8.count < 108 else {
            throw EventError(operation: "bind \(address)", reason: "the path is longer than 107 bytes")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let connected = unsafe address.withRaw { unsafe connect(probe, $0, $1) } == 0
        // Files that are no sockets refuse connections just so (unix(7)).
        let isStale = !connected && errno == ECONNREFUSED && isSocket(path)
        Glibc.close(probe)
        if connected { throw EventError(operation: "bind \(address)", code: EADDRINUSE) }
        if isStale { unsafe unlink(path) }
        let first = try bindOne(address, reusePort: false)
        if let mode { unsafe chmod(path, mode) }
        do { try listen(first, on: address) } catch {
            Glibc.close(first)
            throw error
        }
        return (0..<count).map { index in
            ListeningSocket(
                descriptor: index == 0 ? first : fcntl(first, F_DUPFD_CLOEXEC, 0), address: address)
        }
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func listen(_ descriptor: Int32, on address: SocketAddress) throws(EventError) {
        guard Glibc.listen(descriptor, 4096) == 0 else {
            throw EventError(operation: "listen \(address)", code: errno)
        }
    }

    private static func localPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        precondition(result == 0, "a bound socket has a name")
        return SocketAddress(raw: &storage)?.port ?? 0
    }
}

/// Accepts connections on one loop. Loop thread only.
package final class SocketListener: FileEventHandler, DeadlineHandler {
    /// Connections taken in one go, so that established ones get their turn too.
    private static let acceptsPerTurn = 64
    private static let pauseAfterFailure = Duration.milliseconds(100)

    package let socket: ListeningSocket
    package let loop: EventLoop
    /// Unowned: the handler owns its listeners.
    private unowned let handler: any SocketListenerHandler
    private var event: FileEvent?
    private var pause: DeadlineTimer?

    /// Takes over `socket` and starts accepting.
    package init(loop: EventLoop, socket: ListeningSocket, handler: any SocketListenerHandler) {
        self.loop = loop
        self.socket = socket
        self.handler = handler
        event = FileEvent(loop: loop, descriptor: socket.descriptor, handler: self)
        event?.wantsRead = true
    }

    /// Stops accepting and closes the socket; idempotent.
    package func close() {
        guard let event else { return }
        event.cancel()
        self.event = nil
        pause?.cancel()
        Glibc.close(socket.descriptor)
    }

    package func fileReadable() {
        for _ in 0..<Self.acceptsPerTurn {
            guard event != nil else { return }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe pb_accept(socket.descriptor, $0, &length)
                }
            }
            guard descriptor >= 0 else { return acceptEnded(errno) }
            let peer = SocketAddress(raw: &storage) ?? socket.address
            if peer.port != 0 { setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
            handler.accepted(descriptor: descriptor, peer: peer, on: self)
        }
    }

    package func fileWritable() {}

    private func acceptEnded(_ code: Int32) {
        switch code {
        case EAGAIN, EINTR, ECONNABORTED, EPROTO:
            return
        default:
            // Level-triggered: without a pause the loop would spin on the waiting connection.
            event?.wantsRead = false
            if pause == nil { pause = DeadlineTimer(loop: loop, handler: self) }
            pause?.start(Self.pauseAfterFailure)
            handler.acceptFailed(EventError(operation: "accept on \(socket.address)", code: code), on: self)
        }
    }

    package func deadlinePassed(_ timer: DeadlineTimer) {
        event?.wantsRead = true
    }
}

/// Sets an integer socket option; options used here cannot fail on a fresh socket of the right family.
func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}
