// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Callbacks

/// A set of clients that a listener or route admits.
///
/// A client must come from one of ``networks``, if there are any, and present one of the credentials, if there are any.
package struct ClientGroup: Sendable {
    /// An access key of an SDK client.
    package struct Key: Sendable {
        package let id: String
        package let secret: Secret
    }

    /// A token of `Authorization: Bearer` (RFC 6750 section 2.1).
    package struct Bearer: Sendable {
        /// The client's name in logs and in `${client.id}`.
        package let id: String
        package let token: Secret
    }

    /// A user of `Authorization: Basic` (RFC 7617).
    package struct Basic: Sendable {
        package let user: String
        package let password: Secret
    }

    package let name: String
    package let keys: [Key]
    package let bearer: [Bearer]
    package let basic: [Basic]
    package let networks: [AddressBlock]
    /// Of each client of the group; nil leaves it to ``Limits/client``.
    package let quota: Quota?

    /// Whether an address alone is enough.
    package var needsCredentials: Bool { !(keys.isEmpty && bearer.isEmpty && basic.isEmpty) }

    /// The key named `id`.
    package func key(id: String) -> Key? { keys.first { $0.id == id } }
}
