// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Names and values of a query, decoded, in the order they came.
package struct QueryItems: Sendable, Equatable {
    package struct Item: Sendable, Equatable {
        package var name: [UInt8]
        package var value: [UInt8]
        /// Whether an equals sign was there: stores tell `?acl` from `?acl=`.
        package var hadEquals: Bool

        package init(name: [UInt8], value: [UInt8], hadEquals: Bool) {
            self.name = name
            self.value = value
            self.hadEquals = hadEquals
        }
    }

    package private(set) var items: [Item] = []

    package init() {}

    /// Takes a raw query apart at `&`; empty parts are dropped. `plusIsSpace` reads `+` as HTML forms write it.
    ///
    /// Nil if a percent sign is not followed by two hexadecimal digits or a NUL is encoded.
    package init?(_ raw: Span<UInt8>, plusIsSpace: Bool = false) {
        var start = 0
        while start < raw.count {
            var end = start
            var equals = raw.count
            while end < raw.count, raw[end] != UInt8(ascii: "&") {
                if raw[end] == Byte.equals, equals == raw.count { equals = end }
                end += 1
            }
            let nameEnd = min(equals, end)
            let valueStart = min(nameEnd + 1, end)
            guard let name = PathText.decode(raw.extracting(start..<nameEnd), plusIsSpace: plusIsSpace),
                let value = PathText.decode(raw.extracting(valueStart..<end), plusIsSpace: plusIsSpace)
            else { return nil }
            if end > start { items.append(Item(name: name, value: value, hadEquals: nameEnd < end)) }
            start = end + 1
        }
    }

    /// Value of the first item of that name, upper and lower case being different.
    package func first(_ name: String) -> [UInt8]? {
        items.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    package func contains(_ name: String) -> Bool { first(name) != nil }

    package var count: Int { items.count }
    package var isEmpty: Bool { items.isEmpty }
}
