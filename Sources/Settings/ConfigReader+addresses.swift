// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Callbacks

extension ConfigReader {
    /// `ADDRESS:PORT`, `[V6]:PORT` or `unix:/PATH`.
    func listenAddress(_ node: ConfigNode, mode: ConfigNode?) -> ListenAddress? {
        guard let text = text(node) else { return nil }
        let bits = mode.flatMap(self.mode)
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path of Linux has 108 bytes with its final NUL (unix(7)).
            guard path.hasPrefix("/"), path.utf8.count < 108 else {
                error(node, "expected \"unix:\" and an absolute path of at most 107 bytes, found \(Self.shown(text))")
                return nil
            }
            return .unix(path: path, mode: bits)
        }
        if let mode { error(mode, "only \"unix:\" addresses have a mode") }
        guard let (host, port) = Self.hostAndPort(text[...]), let port else {
            error(node, "expected \"ADDRESS:PORT\", \"[V6]:PORT\" or \"unix:/PATH\", found \(Self.shown(text))")
            return nil
        }
        guard let number = UInt16(port), String(number) == port else {
            error(node, "expected a port from 0 to 65535, found \(Self.shown(String(port)))")
            return nil
        }
        let address = host == "localhost" ? "127.0.0.1" : String(host)
        guard IPAddress(parsing: address) != nil else {
            let hint = host.isEmpty || host == "*" ? "; 0.0.0.0 stands for every address" : ""
            error(node, "expected a numeric address before the port, found \(Self.shown(String(host)))\(hint)")
            return nil
        }
        return .tcp(host: address, port: number)
    }

    /// `https://HOST[:PORT]`.
    func endpoint(_ node: ConfigNode) -> Endpoint? {
        guard let text = text(node) else { return nil }
        let isTLS = text.hasPrefix("https://")
        guard isTLS || text.hasPrefix("http://") else {
            error(node, "expected \"https://HOST\" or \"http://HOST\", found \(Self.shown(text))")
            return nil
        }
        var rest = text.dropFirst(isTLS ? 8 : 7)
        if rest.hasSuffix("/") { rest.removeLast() }
        if rest.contains("@") {
            error(node, "an endpoint holds no user name or password")
            return nil
        }
        guard !rest.contains(where: { "/?#".contains($0) }) else {
            error(node, "an endpoint ends after its host and port, found \(Self.shown(text))")
            return nil
        }
        guard let (host, port) = Self.hostAndPort(rest), Self.isHost(host) else {
            error(node, "expected a host after \"://\", found \(Self.shown(text))")
            return nil
        }
        guard let port else { return Endpoint(isTLS: isTLS, host: host.lowercased(), port: isTLS ? 443 : 80) }
        guard let number = UInt16(port), number > 0, String(number) == port else {
            error(node, "expected a port from 1 to 65535, found \(Self.shown(String(port)))")
            return nil
        }
        return Endpoint(isTLS: isTLS, host: host.lowercased(), port: number)
    }

    /// `HOST` or `HOST:PORT`, where connections to an endpoint go instead.
    func address(_ node: ConfigNode, of endpoint: Endpoint) -> Endpoint? {
        guard let text = text(node) else { return nil }
        guard let (host, port) = Self.hostAndPort(text[...]), Self.isHost(host) else {
            error(node, "expected \"HOST:PORT\" or \"[V6]:PORT\", found \(Self.shown(text))")
            return nil
        }
        guard let port else { return Endpoint(isTLS: endpoint.isTLS, host: host.lowercased(), port: endpoint.port) }
        guard let number = UInt16(port), number > 0, String(number) == port else {
            error(node, "expected a port from 1 to 65535, found \(Self.shown(String(port)))")
            return nil
        }
        return Endpoint(isTLS: endpoint.isTLS, host: host.lowercased(), port: number)
    }

    /// A proxy's URL. It may hold a password, and is then given as a secret.
    func proxy(_ node: ConfigNode) -> Secret? {
        guard case .text(let text) = node.value else {
            error(node, "expected the URL of a proxy, found \(node.kind)")
            return nil
        }
        let isReference = ["env:", "file:", "plain:"].contains(where: text.hasPrefix)
        if !isReference, text.contains("@") {
            error(node, "a proxy with a password is a secret: \"env:NAME\" or \"file:PATH\"")
            return nil
        }
        guard let url = isReference ? secret(node) : Secret(text) else { return nil }
        if isReference, secretPolicy == .assumed { return url }
        let schemes = ["http://", "https://", "socks5://", "socks5h://"]
        guard let scheme = schemes.first(where: url.revealText().hasPrefix) else {
            error(node, "a proxy's URL begins with \(Self.alternatives(schemes))")
            return nil
        }
        let authority = url.revealText().dropFirst(scheme.utf8.count)
        let server = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let place = server.hasSuffix("/") ? server.dropLast() : server
        guard let (host, port) = Self.hostAndPort(place), Self.isHost(host),
            let number = port.flatMap({ UInt16($0) }), number > 0
        else {
            error(node, "a proxy's URL names a host and a port, such as http://proxy:3128")
            return nil
        }
        return url
    }

    /// A lower-case host name or address without port.
    func hostName(_ node: ConfigNode) -> String? {
        guard let text = text(node) else { return nil }
        guard Self.isHost(text[...]) else {
            error(node, "expected a host name without port, found \(Self.shown(text))")
            return nil
        }
        return text.lowercased()
    }

    /// The part before a port, without brackets, and the port as text.
    static func hostAndPort(_ text: Substring) -> (host: Substring, port: Substring?)? {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            let host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard host.contains(":"), rest.isEmpty || rest.hasPrefix(":") else { return nil }
            return (host, rest.isEmpty ? nil : rest.dropFirst())
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return switch parts.count {
        case 1: (parts[0], nil)
        case 2: (parts[0], parts[1])
        default: nil
        }
    }

    static func isHost(_ text: Substring) -> Bool {
        if text.contains(":") { return IPAddress(parsing: String(text)) != nil }
        return (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D || $0 == 0x5F
                    }
            }
    }
}

extension ListenAddress {
    /// Whether only this machine can reach it.
    package var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host.hasPrefix("127.") || host == "::1"
        }
    }
}
