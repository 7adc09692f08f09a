// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// The first byte range of a `Range` field; OSS serves one only.
///
/// Source: "Use HTTP Range requests to get OSS resources in segments" of the OSS help.
package struct ByteRange: Sendable, Equatable {
    package enum Bounds: Sendable, Equatable {
        /// From the first byte to the last one, both included; without a last one up to the end.
        case from(UInt64, through: UInt64?)
        /// So many bytes before the end.
        case suffix(UInt64)
    }

    /// What to send of an object.
    package enum Resolution: Sendable, Equatable {
        /// Everything, with status 200.
        case whole
        /// These bytes, with status 206.
        case part(Range<UInt64>)
        /// Nothing: status 416, `InvalidRange`.
        case unsatisfiable
    }

    package let bounds: Bounds
    /// Whether the client sent `x-oss-range-behavior: standard` and so wants RFC 9110 rather than OSS's old way, which
    /// ignores each range that leaves the object.
    package let isStandard: Bool

    package init(bounds: Bounds, isStandard: Bool) {
        self.bounds = bounds
        self.isStandard = isStandard
    }

    /// Reads a `Range` field; nil if it is none in bytes.
    package init?(_ value: Span<UInt8>, isStandard: Bool) {
        let unit = "bytes=".utf8.span
        guard value.count > unit.count else { return nil }
        for index in unit.indices where value[index] != unit[index] { return nil }
        var end = unit.count
        while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
        var dash = unit.count
        while dash < end, value[dash] != UInt8(ascii: "-") { dash += 1 }
        guard dash < end else { return nil }
        let first = UInt64(decimal: value.extracting(unit.count..<dash))
        let last = UInt64(decimal: value.extracting(dash + 1..<end))
        switch (first, last) {
        case (let first?, let last?) where first <= last: bounds = .from(first, through: last)
        case (let first?, nil) where dash + 1 == end: bounds = .from(first, through: nil)
        case (nil, let last?) where dash == unit.count: bounds = .suffix(last)
        default: return nil
        }
        self.isStandard = isStandard
    }

    /// What to send of an object of `size` bytes.
    package func resolve(size: UInt64) -> Resolution {
        let outside: Resolution = isStandard ? .unsatisfiable : .whole
        switch bounds {
        case .from(let first, let last):
            guard first < size else { return outside }
            guard let last else { return .part(first..<size) }
            if last >= size, !isStandard { return .whole }
            return .part(first..<min(last, size - 1) + 1)
        case .suffix(let count):
            guard count > 0, size > 0 else { return outside }
            if count > size, !isStandard { return .whole }
            return .part(size - min(count, size)..<size)
        }
    }
}
