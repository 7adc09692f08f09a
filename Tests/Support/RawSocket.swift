// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Glibc

/// A blocking socket for scripts: what a peer does with it is what the kernel is asked to do, nothing else.
package final class RawSocket: Sendable {
    package let descriptor: Int32
    private let isClosed = Locked(false)

    /// Takes over a blocking socket; no operation on it lasts longer than 20 seconds.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    deinit { close() }

    /// A connection to 127.0.0.1; a receive buffer of `receiveBuffer` bytes makes a slow reader.
    package static func connect(port: UInt16, receiveBuffer: Int32? = nil) throws -> RawSocket {
        let result = RawSocket(descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        if let receiveBuffer { result.set(SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        guard Loopback.connect(result.descriptor, port) else { throw EventError(operation: "connect", code: errno) }
        return result
    }

    /// Both ends of a TCP connection: the non-blocking descriptor that connected, to be owned by the caller, and its peer.
    ///
    /// - Parameter buffers: bytes of the connecting side's send buffer and of the peer's receive buffer; nil: plenty.
    package static func pair(buffers: Int32? = nil) throws -> (descriptor: Int32, peer: RawSocket) {
        let (listening, port) = try Loopback.listen(backlog: 1)
        let listener = RawSocket(descriptor: listening)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if let buffers {
            // Accepted sockets take this from their listener.
            listener.set(SOL_SOCKET, SO_RCVBUF, buffers)
            setOption(descriptor, SOL_SOCKET, SO_SNDBUF, buffers)
        }
        guard Loopback.connect(descriptor, port) else { throw EventError(operation: "connect", code: errno) }
        let accepted = accept(listener.descriptor, nil, nil)
        guard accepted >= 0 else { throw EventError(operation: "accept", code: errno) }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return (descriptor, RawSocket(descriptor: accepted))
    }

    package func set(_ level: Int32, _ name: Int32, _ value: Int32) { setOption(descriptor, level, name, value) }

    /// What has come, at least one byte; empty at the end.
    package func read(upTo count: Int = 64 * 1024) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        while true {
            let got = unsafe recv(descriptor, &buffer, count, 0)
            if got >= 0 { return Array(buffer[..<got]) }
            guard errno == EINTR else { throw EventError(operation: "read", code: errno) }
        }
    }

    package func read(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(upTo: min(64 * 1024, count - bytes.count))
            guard !more.isEmpty else {
                throw EventError(operation: "read", reason: "the end after \(bytes.count) bytes")
            }
            bytes += more
        }
        return bytes
    }

    /// A head through its blank line, and not one byte more.
    package func readHead() throws -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { bytes += try read(exactly: 1) }
        return String(decoding: bytes, as: UTF8.self)
    }

    package func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while case let more = try read(), !more.isEmpty { bytes += more }
        return bytes
    }

    package func readTextToEnd() throws -> String { String(decoding: try readToEnd(), as: UTF8.self) }

    package func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count } else if errno != EINTR { throw EventError(operation: "write", code: errno) }
        }
    }

    package func write(_ text: String) throws { try write(Array(text.utf8)) }

    package func shutdownWrite() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes; idempotent.
    package func close() {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        if !wasClosed { Glibc.close(descriptor) }
    }

    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}

private func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}

/// Sockets on 127.0.0.1.
package enum Loopback {
    package static func listen(backlog: Int32) throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard unsafe withAddress(0, { unsafe bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, backlog) == 0
        else {
            throw EventError(operation: "listen", code: errno)
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw EventError(operation: "getsockname", code: errno) }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// A port of 127.0.0.1 that nobody listens on, held until `body` is over.
    package static func withUnusedPort<Result>(_ body: (UInt16) throws -> Result) throws -> Result {
        // Bound and connected to nobody: the kernel refuses who comes and gives the port to nobody else.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        guard unsafe withAddress(0, { unsafe bind(descriptor, $0, $1) }) == 0 else {
            throw EventError(operation: "bind", code: errno)
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return try body(UInt16(bigEndian: address.sin_port))
    }

    static func connect(_ descriptor: Int32, _ port: UInt16) -> Bool {
        unsafe withAddress(port) { unsafe Glibc.connect(descriptor, $0, $1) } == 0
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
