// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A value that must not be seen: every description, interpolation, dump and mirror of it is `***`.
package struct Secret: Sendable {
    private let storage: [UInt8]

    package init(_ bytes: [UInt8]) { storage = bytes }

    package init(_ text: String) { storage = [UInt8](text.utf8) }

    /// The value itself, for where it is used: signing, authenticating to a store, and comparing in constant time,
    /// which is why secrets have no `==`.
    package func reveal() -> [UInt8] { storage }

    /// The value as text; ill-formed UTF-8 is repaired with U+FFFD.
    package func revealText() -> String { String(decoding: storage, as: UTF8.self) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
