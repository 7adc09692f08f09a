// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Fields that end at the next hop and never cross a gateway (RFC 9110 §7.6.1).
package enum HopByHop {
    /// Whether the field at `index` belongs to this hop: Connection and all it lists, Keep-Alive, TE, Trailer,
    /// Transfer-Encoding, Upgrade, and whatever starts with `Proxy-`.
    package static func isHop(at index: Int, of fields: HeaderFields) -> Bool {
        let all = fields.bytes.span
        let name = fields.nameRange(at: index)
        return isAlwaysHop(all, name: name) || fields.list("Connection", contains: all.extracting(name))
    }

    /// Whether a field called `name` belongs to the hop that `connection` came on.
    package static func isHop(_ name: ArraySlice<UInt8>, connection: HeaderFields) -> Bool {
        let span = name.span
        return isAlwaysHop(span, name: 0..<span.count) || connection.list("Connection", contains: span)
    }

    private static func isAlwaysHop(_ bytes: Span<UInt8>, name: Range<Int>) -> Bool {
        let prefix = name.lowerBound..<name.lowerBound &+ 6
        if name.count >= 6, bytes.holdsIgnoringCase("proxy-", at: prefix) { return true }
        return switch name.count {
        case 2: bytes.holdsIgnoringCase("te", at: name)
        case 7: bytes.holdsIgnoringCase("trailer", at: name) || bytes.holdsIgnoringCase("upgrade", at: name)
        case 10: bytes.holdsIgnoringCase("connection", at: name) || bytes.holdsIgnoringCase("keep-alive", at: name)
        case 17: bytes.holdsIgnoringCase("transfer-encoding", at: name)
        default: false
        }
    }
}
