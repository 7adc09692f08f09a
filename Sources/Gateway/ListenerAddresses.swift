// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Settings

/// Where listeners get their sockets: from those that the process was started with, or from the kernel.
struct ListenerAddresses {
    private var inherited: [InheritedSocket]
    private let besideOthers: Bool

    init(inherited: [InheritedSocket] = [], besideOthers: Bool = false) {
        self.inherited = inherited
        self.besideOthers = besideOthers
    }

    /// Sockets for `count` loops. An inherited socket with the listener's name is its, whatever address it has; else one
    /// with its address.
    mutating func bind(
        _ listener: String, _ address: ListenAddress, count: Int
    ) throws(EventError) -> [ListeningSocket] {
        let wanted = try Self.socketAddress(address)
        let index =
            inherited.firstIndex { $0.name == listener } ?? inherited.firstIndex { $0.address == wanted }
        if let index { return try inherited.remove(at: index).listeningSockets(count: count) }
        var mode: UInt32?
        if case .unix(_, let bits) = address { mode = bits.map { UInt32($0) } }
        return try ListeningSocket.bind(wanted, count: count, mode: mode, besideOthers: besideOthers)
    }

    /// A socket that nobody wants is a mistake in the unit or the config, and its clients would wait for ever.
    func refuseUnused() throws(EventError) {
        guard let socket = inherited.first else { return }
        let name = socket.name.isEmpty ? "" : " (\(socket.name))"
        throw EventError(
            operation: "take over the socket of \(socket.address)\(name)",
            reason: "no listener has this address or name")
    }

    private static func socketAddress(_ address: ListenAddress) throws(EventError) -> SocketAddress {
        switch address {
        case .unix(let path, _): return SocketAddress(kind: .unix(path: path), port: 0)
        case .tcp(let host, let port):
            guard let numeric = SocketAddress(numeric: host, port: port) else {
                throw EventError(operation: "bind \(address)", reason: "the address is not numeric")
            }
            return numeric
        }
    }
}
