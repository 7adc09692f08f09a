// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A piece of a list.
package struct Page<Element: Sendable>: Sendable {
    package let items: [Element]
    /// Whether there are more behind the last one.
    package let isTruncated: Bool

    init(items: [Element], isTruncated: Bool) {
        self.items = items
        self.isTruncated = isTruncated
    }

    /// The first of those that are given, in order.
    init(_ all: some Sequence<Element>, limit: Int) {
        let more = Array(all.prefix(max(limit, 0) + 1))
        items = Array(more.prefix(max(limit, 0)))
        isTruncated = more.count > items.count
    }
}
