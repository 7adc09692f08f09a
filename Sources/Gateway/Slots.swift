// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Objects that are held for a while, each under a number of its own: a table without hashing, whose places are used again.
struct Slots<Object: AnyObject> {
    private var places: [Object?] = []
    private var free: [Int] = []

    var isEmpty: Bool { free.count == places.count }
    var all: [Object] { places.compactMap(\.self) }

    /// Holds `object` until its place, which is returned, is removed.
    mutating func insert(_ object: Object) -> Int {
        guard let place = free.popLast() else {
            places.append(object)
            return places.count - 1
        }
        places[place] = object
        return place
    }

    mutating func remove(at place: Int) {
        precondition(places[place] != nil, "a place is removed once")
        places[place] = nil
        free.append(place)
    }
}
