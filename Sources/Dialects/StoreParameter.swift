// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A query parameter, decoded; an absent value is empty.
package typealias StoreParameter = (name: [UInt8], value: [UInt8])

/// A parameter that a writer sends.
func storeParameter(_ name: String, _ value: [UInt8] = []) -> StoreParameter { (name: Array(name.utf8), value: value) }

extension ListOptions {
    /// The parameters of a list, in the names that OSS and TOS share; those that say nothing are left out.
    func parameters(limit name: String, marker: String) -> [StoreParameter] {
        [
            storeParameter(name, limit.map { Array(String($0).utf8) } ?? []), storeParameter(marker, self.marker),
            storeParameter("upload-id-marker", uploadIDMarker), storeParameter("prefix", prefix),
            storeParameter("delimiter", delimiter),
        ].filter { !$0.value.isEmpty }
    }
}

extension ParameterLookup {
    /// Where a list of uploads begins, in the same names.
    func uploadListing(limit: Int?) -> ListOptions {
        var options = ListOptions()
        options.limit = limit
        options.marker = first("key-marker") ?? []
        options.uploadIDMarker = first("upload-id-marker") ?? []
        options.prefix = first("prefix") ?? []
        options.delimiter = first("delimiter") ?? []
        return options
    }
}
