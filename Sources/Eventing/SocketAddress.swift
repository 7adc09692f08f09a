// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An address that a socket listens on or talks to: IPv4, IPv6 or a Unix socket's path.
package struct SocketAddress: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case internet4(octets: [UInt8])
        case internet6(octets: [UInt8])
        case unix(path: String)
    }

    package let kind: Kind
    /// The port in host order, 0 for Unix sockets.
    package let port: UInt16

    package init(kind: Kind, port: UInt16) {
        self.kind = kind
        self.port = port
    }

    /// A numeric address, `127.0.0.1` or `::1`; names are not resolved.
    package init?(numeric host: String, port: UInt16) {
        var octets4 = in_addr()
        var octets6 = in6_addr()
        if unsafe inet_pton(AF_INET, host, &octets4) == 1 {
            self.init(kind: .internet4(octets: unsafe withUnsafeBytes(of: &octets4) { unsafe [UInt8]($0) }), port: port)
        } else if unsafe inet_pton(AF_INET6, host, &octets6) == 1 {
            self.init(kind: .internet6(octets: unsafe withUnsafeBytes(of: &octets6) { unsafe [UInt8]($0) }), port: port)
        } else {
            return nil
        }
    }

    /// The address as text without port; empty for Unix sockets.
    package var host: String {
        switch kind {
        case .internet4(let octets):
            return octets.map { String($0) }.joined(separator: ".")
        case .internet6(var octets):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            _ = unsafe inet_ntop(AF_INET6, &octets, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        case .unix:
            return ""
        }
    }

    package var description: String {
        switch kind {
        case .internet4: "\(host):\(port)"
        case .internet6: "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The 4 or 16 octets of the address, with an IPv4 address mapped into IPv6 given as IPv4; empty for Unix sockets.
    package var octets: [UInt8] {
        switch kind {
        case .internet4(let octets): octets
        case .internet6(let octets):
            octets[..<10].allSatisfy { $0 == 0 } && octets[10] == 0xff && octets[11] == 0xff
                ? Array(octets[12...]) : octets
        case .unix: []
        }
    }

    /// Whether only this machine can reach the address.
    package var isLoopback: Bool {
        switch kind {
        case .internet4(let octets): octets[0] == 127
        case .internet6(let octets): octets == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        case .unix: true
        }
    }

    /// Calls `body` with the address as the kernel wants it.
    func withRaw<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch kind {
        case .internet4(let octets):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: octets) }
            return unsafe Self.lend(&address, to: body)
        case .internet6(let octets):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: octets) }
            return unsafe Self.lend(&address, to: body)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // The last byte stays zero and ends the path.
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
                unsafe target.copyBytes(from: path.utf8.prefix(target.count - 1))
            }
            return unsafe Self.lend(&address, to: body)
        }
    }

    private static func lend<Address, Result>(
        _ address: inout Address, to body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// Reads what the kernel wrote; nil for another family.
    init?(raw storage: inout sockaddr_storage) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            self = unsafe withUnsafeBytes(of: &storage) { bytes in
                let address = unsafe bytes.load(as: sockaddr_in.self)
                let octets = unsafe Swift.withUnsafeBytes(of: address.sin_addr) { unsafe [UInt8]($0) }
                return SocketAddress(kind: .internet4(octets: octets), port: UInt16(bigEndian: address.sin_port))
            }
        case AF_INET6:
            self = unsafe withUnsafeBytes(of: &storage) { bytes in
                let address = unsafe bytes.load(as: sockaddr_in6.self)
                let octets = unsafe Swift.withUnsafeBytes(of: address.sin6_addr) { unsafe [UInt8]($0) }
                return SocketAddress(kind: .internet6(octets: octets), port: UInt16(bigEndian: address.sin6_port))
            }
        case AF_UNIX:
            // Zero bytes come after the path; a peer that is not bound has none.
            let path = unsafe withUnsafeBytes(of: &storage) { bytes in
                unsafe bytes.dropFirst(MemoryLayout<sa_family_t>.size).prefix { $0 != 0 }.map { $0 }
            }
            self.init(kind: .unix(path: String(decoding: path, as: UTF8.self)), port: 0)
        default:
            return nil
        }
    }
}
