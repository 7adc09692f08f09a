// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

/// What an `Authorization` of US3 says: `UCloud <public key>:<signature>`, and `:<policy>` where there is a put policy.
///
/// Source: api/authorization.md and putpolicy.md of the US3 manual; auth.go of the Go SDK.
struct US3Authorization {
    let id: String
    let signature: ArraySlice<UInt8>
    /// Base64, as it stands; nil: none.
    let policy: ArraySlice<UInt8>?

    init(_ value: ArraySlice<UInt8>) throws(US3AuthFailure) {
        guard value.starts(with: "UCloud ".utf8) else { throw .noAuthorization }
        let colon = UInt8(ascii: ":")
        let parts = value.dropFirst(7).split(separator: colon, omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { throw .noAuthorization }
        let name = parts[0]
        id = String(octets: name.span)
        signature = parts[1]
        policy = parts.count == 3 ? parts[2] : nil
    }
}

extension US3Verifier {
    /// The put policy in the fields of a request, in base64 as it stands; nil: none, or nothing that could be one.
    ///
    /// Whether it is signed is another question, which ``verify(_:now:key:)`` answers.
    package static func putPolicy(in fields: HeaderFields) -> [UInt8]? {
        fields.first("Authorization").flatMap { try? US3Authorization($0) }?.policy.map(Array.init)
    }
}
