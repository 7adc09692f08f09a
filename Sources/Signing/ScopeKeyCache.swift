// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The signing keys that were derived for the last few secrets, days and regions; confined to its owner's loop.
struct ScopeKeyCache<Key> {
    private struct Entry {
        let credentials: AccessKey
        let day: [UInt8]
        let region: [UInt8]
        let key: Key
    }

    private static var mostEntries: Int { 32 }

    private var entries: [Entry] = []
    private var oldest = 0

    /// The key, made or remembered; a changed secret is another key.
    mutating func key(
        _ credentials: AccessKey, day: some Collection<UInt8>, region: some Collection<UInt8>, make: () -> Key
    ) -> Key {
        for entry in entries
        where entry.credentials == credentials && entry.day.elementsEqual(day) && entry.region.elementsEqual(region) {
            return entry.key
        }
        let entry = Entry(credentials: credentials, day: Array(day), region: Array(region), key: make())
        if entries.count < Self.mostEntries {
            entries.append(entry)
        } else {
            entries[oldest] = entry
            oldest = (oldest + 1) % Self.mostEntries
        }
        return entry.key
    }
}
