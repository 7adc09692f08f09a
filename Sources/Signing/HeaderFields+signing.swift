// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension HeaderFields {
    /// Whether the name of one field stands before that of another, letter case aside.
    func name(at left: Int, precedesNameAt right: Int) -> Bool {
        let bytes = bytes.span
        let one = nameRange(at: left)
        let other = nameRange(at: right)
        for offset in 0..<min(one.count, other.count) {
            let mine = bytes[one.lowerBound + offset].asciiLowercased
            let theirs = bytes[other.lowerBound + offset].asciiLowercased
            if mine != theirs { return mine < theirs }
        }
        return one.count < other.count
    }

    /// Puts the indices of the chosen fields in order by their names; fields of one name keep theirs.
    func sort(into order: inout [Int], where isWanted: (Int) -> Bool) {
        order.removeAll(keepingCapacity: true)
        for index in indices where isWanted(index) {
            // Sorted as they come: there are a handful.
            var place = order.count
            order.append(index)
            while place > 0, name(at: index, precedesNameAt: order[place - 1]) {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = index
        }
    }
}
