// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// A request to a store, ready for the encoder; filled in place, again and again.
package struct StoreRequest: Sendable, Equatable {
    package var method: HTTPMethod = .put
    /// Origin form, percent-encoded.
    package var target: [UInt8] = []
    package var fields = HeaderFields()

    package init() {}

    /// Empties it for another request and keeps the storage.
    package mutating func reset(_ method: HTTPMethod) {
        self.method = method
        target.removeAll(keepingCapacity: true)
        fields.removeAll()
    }
}
