// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Dialects

/// An address that accepts clients, and the dialect they speak on it.
package final class Listener: Sendable {
    package let name: String
    package let address: ListenAddress
    /// Whose SDKs clients are; nil for any HTTP client (`dialect: plain`).
    package let dialect: DialectName?
    package let tls: ListenerTLS?
    /// Lower-case host, without port, in front of which SDK clients put their bucket.
    package let baseHost: String?
    /// The client's bucket where its request does not tell it.
    package let bucket: String?
    /// Who may upload here, in ``Settings/clients``; nil admits everybody.
    package let clientsIndex: Int?
    /// Origins of pages whose scripts may upload (Fetch standard, CORS); `*` is any; empty answers no preflight.
    package let corsOrigins: [String]

    init(
        name: String, address: ListenAddress, dialect: DialectName?, tls: ListenerTLS?, baseHost: String?,
        bucket: String?,
        clientsIndex: Int?, corsOrigins: [String]
    ) {
        self.name = name
        self.address = address
        self.dialect = dialect
        self.tls = tls
        self.baseHost = baseHost
        self.bucket = bucket
        self.clientsIndex = clientsIndex
        self.corsOrigins = corsOrigins
    }

    /// Whether clients are SDKs of a vendor, which need that vendor's answers.
    package var isSDK: Bool { dialect != nil }

    /// The dialect as the configuration calls it.
    package var dialectWord: String { dialect?.rawValue ?? "plain" }
}

/// The TLS identity of a listener; files exist and are readable, their content is not yet looked at.
package struct ListenerTLS: Sendable, Equatable {
    /// Path of the PEM certificate chain, leaf first.
    package let certificateFile: String
    /// Path of the PEM private key.
    package let keyFile: String
    /// Path of PEM certificates of which one must have signed the client's certificate; nil asks for none.
    package let clientCAFile: String?
}

/// Where a listener is bound.
package enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address without brackets; port 0 takes a free one.
    case tcp(host: String, port: UInt16)
    /// A socket in the file system; `mode` are its permission bits, nil leaves the process's umask to decide.
    case unix(path: String, mode: UInt16?)

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path, _): "unix:\(path)"
        }
    }
}
