// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Where requests about one bucket go, and how their target is written, whatever the vendor.
///
/// US3 has no path style; it is for servers that stand in for it.
package struct StoreAddress: Sendable, Equatable {
    package let bucket: String
    package let addressing: Addressing
    /// Value of the `Host` field.
    package let host: String

    /// - Parameter authority: host and, unless it is the scheme's own, port of the endpoint, or of the custom domain.
    package init(bucket: String, addressing: Addressing, authority: String) {
        self.bucket = bucket
        self.addressing = addressing
        host = addressing == .virtualHost ? "\(bucket).\(authority)" : authority
    }

    /// Appends path and query in the one encoding that every server reads alike: all but `A-Z a-z 0-9 - . _ ~` as
    /// `%XX`, the slashes of the key as they are (as the Python and Go SDKs v2 of OSS send it).
    package func appendTarget(
        key: Span<UInt8>, parameters: [StoreParameter] = [], to target: inout [UInt8]
    ) {
        target.append(UInt8(ascii: "/"))
        if addressing == .path {
            target.append(bucket)
            target.append(UInt8(ascii: "/"))
        }
        target.appendPercentEncoded(key, keeping: .unreservedAndSlash)
        for index in parameters.indices {
            let (name, value) = parameters[index]
            target.append(index == 0 ? UInt8(ascii: "?") : UInt8(ascii: "&"))
            target.appendPercentEncoded(name.span, keeping: .unreserved)
            guard !value.isEmpty else { continue }
            target.append(UInt8(ascii: "="))
            target.appendPercentEncoded(value.span, keeping: .unreserved)
        }
    }
}
