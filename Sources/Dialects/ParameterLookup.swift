// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Decoded query parameters in the order of the URL; an absent value is empty.
package protocol ParameterLookup {
    var parameters: [(name: [UInt8], value: [UInt8])] { get }
}

extension ParameterLookup {
    /// The value of the first parameter of that name; letter case matters, and later ones do not count.
    package func first(_ name: String) -> [UInt8]? {
        parameters.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    package func contains(_ name: String) -> Bool { first(name) != nil }
}
