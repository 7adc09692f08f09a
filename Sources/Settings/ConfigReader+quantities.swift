// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension ConfigReader {
    /// A number of bytes, such as `16KiB`.
    func bytes(_ node: ConfigNode, in range: ClosedRange<UInt64> = 0...(1 << 60)) -> UInt64? {
        guard let text = text(node) else { return nil }
        return bytes(text, node, in: range)
    }

    /// The same for an integer of this machine.
    func byteCount(_ node: ConfigNode, in range: ClosedRange<UInt64>) -> Int? {
        bytes(node, in: range).map { Int($0) }
    }

    private func bytes(_ text: String, _ node: ConfigNode, in range: ClosedRange<UInt64>) -> UInt64? {
        let units: [(String, UInt64)] = [
            ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ]
        return quantity(text, node, what: "a size such as 16KiB", units: units, in: range)
    }

    /// A time in milliseconds, such as `5s`.
    func milliseconds(_ node: ConfigNode, atLeast minimum: UInt64 = 1) -> Int? {
        guard let text = text(node) else { return nil }
        return milliseconds(text, node, atLeast: minimum)
    }

    /// The same where the time is a part of a text.
    func milliseconds(_ text: String, _ node: ConfigNode, atLeast minimum: UInt64 = 1) -> Int? {
        let units: [(String, UInt64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        return quantity(text, node, what: "a time such as 5s", units: units, in: minimum...86_400_000).map { Int($0) }
    }

    /// A time in seconds that may have many days, such as `7d`.
    func longSeconds(_ node: ConfigNode) -> Int? {
        guard let text = text(node) else { return nil }
        let units: [(String, UInt64)] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
        return quantity(text, node, what: "\"off\" or a time such as 7d", units: units, in: 1...3650 * 86_400)
            .map { Int($0) }
    }

    /// A plain number of things.
    func count(_ node: ConfigNode, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(node) else { return nil }
        guard let value = Self.decimal(text[...]), value <= UInt64(Int.max) else {
            error(node, "expected a whole number, found \(Self.shown(text))")
            return nil
        }
        guard range.contains(Int(value)) else {
            error(node, "expected \(range.lowerBound) to \(range.upperBound), found \(text)")
            return nil
        }
        return Int(value)
    }

    /// `1KiB..20MiB`, either end may be left out.
    func sizeRange(_ node: ConfigNode) -> SizeRange? {
        guard let text = text(node) else { return nil }
        guard let dots = text.firstRange(of: "..") else {
            error(node, "expected a range such as ..20MiB, 1KiB.. or 1KiB..20MiB, found \(Self.shown(text))")
            return nil
        }
        let first = String(text[..<dots.lowerBound])
        let last = String(text[dots.upperBound...])
        let everything: ClosedRange<UInt64> = 0...(1 << 60)
        let lower = first.isEmpty ? 0 : bytes(first, node, in: everything)
        let upper = last.isEmpty ? nil : bytes(last, node, in: everything)
        guard let lower, last.isEmpty || upper != nil else { return nil }
        if first.isEmpty, last.isEmpty {
            error(node, "the range has neither a beginning nor an end")
            return nil
        }
        if let upper, upper < lower {
            error(node, "the range ends before it begins")
            return nil
        }
        return SizeRange(lower: lower, upper: upper)
    }

    /// Permission bits in octal digits, such as `0660`.
    func mode(_ node: ConfigNode) -> UInt16? {
        guard let text = text(node) else { return nil }
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let mode = UInt16(text, radix: 8), mode <= 0o777
        else {
            error(node, "expected permission bits such as 0660, found \(Self.shown(text))")
            return nil
        }
        return mode
    }

    /// A number with one of `units`, which go from the smallest to the largest.
    private func quantity(
        _ text: String, _ node: ConfigNode, what: String, units: [(name: String, factor: UInt64)],
        in range: ClosedRange<UInt64>
    ) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unitName = text[digits.endIndex...]
        guard let number = Self.decimal(digits) else {
            error(node, "expected \(what), found \(Self.shown(text))")
            return nil
        }
        guard let unit = units.first(where: { $0.name == unitName }) else {
            let names = Self.alternatives(units.map(\.name))
            let found = unitName.isEmpty ? "no unit" : "the unit \(Self.shown(String(unitName)))"
            error(node, "expected \(what) with the unit \(names), found \(found)")
            return nil
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        guard !overflow, range.contains(value) else {
            // In the largest unit that leaves a whole number.
            let bounds = [range.lowerBound, range.upperBound].map { bound in
                let unit = units.last { bound >= $0.factor && bound.isMultiple(of: $0.factor) } ?? units[0]
                return "\(bound / unit.factor)\(unit.name)"
            }
            error(node, "expected \(bounds[0]) to \(bounds[1]), found \(Self.shown(text))")
            return nil
        }
        return value
    }

    /// Digits only, no sign, no leading zero.
    static func decimal(_ digits: Substring) -> UInt64? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.utf8.count == 1 || digits.utf8.first != 0x30
        else { return nil }
        return UInt64(digits)
    }
}
