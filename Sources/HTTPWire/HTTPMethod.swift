// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Request method; case matters (RFC 9110 §9.1).
package enum HTTPMethod: Sendable, Equatable, Hashable {
    case get
    case head
    case put
    case post
    case delete
    case options
    case patch
    case connect
    case trace
    /// Any other token.
    case other(String)

    /// The method as it stands in the request line.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .put: "PUT"
        case .post: "POST"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other(let name): name
        }
    }

    /// The method of that name; `name` must be a token.
    package init(_ name: Span<UInt8>) {
        self = Self.known(name) ?? .other(String(octets: name))
    }

    private static func known(_ name: Span<UInt8>) -> HTTPMethod? {
        guard name.count >= 3, name.count <= 7 else { return nil }
        // Big-endian, so that the constants read like the text.
        var packed: UInt64 = 0
        for index in name.indices { packed = packed &<< 8 | UInt64(name[index]) }
        return switch packed {
        case 0x47_4554: .get
        case 0x4845_4144: .head
        case 0x50_5554: .put
        case 0x504F_5354: .post
        case 0x4445_4C45_5445: .delete
        case 0x4F_5054_494F_4E53: .options
        case 0x50_4154_4348: .patch
        case 0x43_4F4E_4E45_4354: .connect
        case 0x54_5241_4345: .trace
        default: nil
        }
    }
}

extension HTTPMethod: CustomStringConvertible {
    package var description: String { name }
}
