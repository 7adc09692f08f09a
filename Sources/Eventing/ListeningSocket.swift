// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A bound, listening socket that can be shared by loops: internet sockets are bound once for each loop
/// (`SO_REUSEPORT`), a Unix socket and an inherited one are duplicated.
package struct ListeningSocket: Sendable {
    /// Where a socket has its address from, and so what is to be done when it is given up.
    package enum Origin: Sendable {
        case port(PortSharing)
        case file(SocketFile)
        /// Whoever started the process keeps the address open.
        case inherited
    }

    package let descriptor: Int32
    /// The address with the port that the kernel chose where 0 was asked for.
    package let address: SocketAddress
    package let origin: Origin

    /// Sockets for `count` loops, all on one address.
    ///
    /// - Parameters:
    ///   - mode: permission bits of a Unix socket; nil leaves them to the umask.
    ///   - besideOthers: shares a port with other processes of the same user, and takes a Unix socket's path over from
    ///     one; without it both are errors.
    /// - Throws: ``EventError``; `isAddressInUse` when another process listens there.
    package static func bind(
        _ address: SocketAddress, count: Int, mode: UInt32? = nil, besideOthers: Bool = false
    ) throws(EventError) -> [ListeningSocket] {
        if case .unix(let path) = address.kind {
            let (first, file) = try SocketFile.bind(path, mode: mode, replacing: besideOthers)
            return try duplicates(of: first, count: count, address: address, origin: .file(file))
        }
        // SO_REUSEPORT lets every process of the same user share the port in silence; a socket without it tells whether
        // somebody else has the port.
        if !besideOthers { Glibc.close(try bindOne(address, reusePort: false)) }
        var descriptors: [Int32] = []
        var exact = address
        do {
            for _ in 0..<count {
                let descriptor = try bindOne(exact, reusePort: true)
                descriptors.append(descriptor)
                exact = SocketAddress(kind: address.kind, port: localAddress(descriptor)?.port ?? 0)
            }
            let sharing = PortSharing(
                address: exact, descriptors: descriptors,
                predecessors: besideOthers ? PortSharing.listeningInodes(on: exact) : [])
            for descriptor in descriptors { try listen(descriptor, on: exact) }
            if besideOthers { sharing.share() }
            return descriptors.map { ListeningSocket(descriptor: $0, address: exact, origin: .port(sharing)) }
        } catch {
            for descriptor in descriptors { Glibc.close(descriptor) }
            throw error
        }
    }

    /// The socket and as many duplicates as make `count`; takes `first` over.
    static func duplicates(
        of first: Int32, count: Int, address: SocketAddress, origin: Origin
    ) throws(EventError) -> [ListeningSocket] {
        var sockets = [ListeningSocket(descriptor: first, address: address, origin: origin)]
        while sockets.count < count {
            let copy = fcntl(first, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                let code = errno
                for socket in sockets { socket.close() }
                throw EventError(operation: "duplicate the socket of \(address)", code: code)
            }
            sockets.append(ListeningSocket(descriptor: copy, address: address, origin: origin))
        }
        return sockets
    }

    /// Closes a socket that no listener took over.
    package func close() { Glibc.close(descriptor) }

    /// A socket that is bound and does not listen yet.
    static func bindOne(_ address: SocketAddress, reusePort: Bool = false) throws(EventError) -> Int32 {
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

    static func listen(_ descriptor: Int32, on address: SocketAddress) throws(EventError) {
        guard Glibc.listen(descriptor, 4096) == 0 else {
            throw EventError(operation: "listen \(address)", code: errno)
        }
    }

    /// What getsockname(2) says; nil for what is no socket, or one of another family.
    static func localAddress(_ descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return result == 0 ? SocketAddress(raw: &storage) : nil
    }
}
