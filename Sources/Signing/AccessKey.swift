// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// An access key of a store, permanent or temporary (STS).
///
/// Printing or dumping one shows the key id only.
package struct AccessKey: Sendable, Equatable {
    /// The access key id; travels in the clear and may stand in logs.
    package let id: String
    /// The access key secret, as bytes of its text.
    package let secret: [UInt8]
    /// The security token that STS gave with a temporary key; nil for a permanent one.
    package let token: String?

    package init(id: String, secret: [UInt8], token: String? = nil) {
        self.id = id
        self.secret = secret
        self.token = token
    }
}

extension AccessKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "AccessKey(\(id), ***)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["id": id, "secret": "***"]) }
}
