// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// What a request says of the trace that it belongs to (W3C Trace Context, Recommendation of 23 November 2021): passed on
/// as it came by who takes no part in the trace, and dropped where it is not well-formed.
package struct TraceContext: Sendable, Equatable {
    /// Members of a list that are passed on, and how long one and all of them may be (§3.3.1.1, §3.3.1.5).
    private static let memberLimit = 32
    private static let longMemberBytes = 128
    private static let stateBytes = 512

    /// The value of `traceparent`.
    package let parent: [UInt8]
    /// The members of all `tracestate` fields in one; nil where there are none or one is malformed.
    package let state: [UInt8]?

    /// nil without a well-formed `traceparent`; without one `tracestate` is not looked at (§4.3).
    package init?(_ fields: HeaderFields) {
        guard let index = fields.firstIndex(of: "traceparent"),
            fields.nextIndex(of: "traceparent", from: index + 1) == nil,
            case let parent = fields.value(at: index), Self.isParent(parent.span)
        else { return nil }
        self.parent = Array(parent)
        state = Self.state(fields)
    }

    /// Whether `value` is `version-traceid-parentid-flags` (§3.2). Of a later version than 00 only the beginning is known,
    /// and it may go on behind another dash (§4.3).
    private static func isParent(_ value: Span<UInt8>) -> Bool {
        guard value.count >= 55, isHex(value, 0..<2), isHex(value, 3..<35), isHex(value, 36..<52), isHex(value, 53..<55)
        else { return false }
        for dash in [2, 35, 52] where value[dash] != UInt8(ascii: "-") { return false }
        if value[0] == UInt8(ascii: "f"), value[1] == UInt8(ascii: "f") { return false }
        if isZero(value, 3..<35) || isZero(value, 36..<52) { return false }
        guard value.count > 55 else { return true }
        return !isZero(value, 0..<2) && value.count <= stateBytes && value[55] == UInt8(ascii: "-")
    }

    private static func isHex(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.allSatisfy { index in
            switch value[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
            default: false
            }
        }
    }

    private static func isZero(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.allSatisfy { value[$0] == UInt8(ascii: "0") }
    }

    /// The list of all fields (§3.3.1, RFC 9110 §5.3), shortened where it is too long: long members first, then from the
    /// end (§3.3.1.5).
    private static func state(_ fields: HeaderFields) -> [UInt8]? {
        var members: [ArraySlice<UInt8>] = []
        var start = 0
        while let index = fields.nextIndex(of: "tracestate", from: start) {
            for part in fields.value(at: index).split(separator: UInt8(ascii: ",")) {
                let member = part.trimmingBlanks
                if member.isEmpty { continue }
                guard let key = key(of: member), members.count < memberLimit,
                    !members.contains(where: { $0.starts(with: key) && $0.dropFirst(key.count).first == Byte.equals })
                else { return nil }
                members.append(member)
            }
            start = index + 1
        }
        func bytes() -> Int { members.reduce(members.count - 1) { $0 + $1.count } }
        if bytes() > stateBytes { members.removeAll { $0.count > longMemberBytes } }
        while bytes() > stateBytes { members.removeLast() }
        return members.isEmpty ? nil : Array(members.joined(separator: [UInt8(ascii: ",")]))
    }

    /// The key of `key=value`; nil where one of them has bytes that it must not have (§3.3.1.3).
    private static func key(of member: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let equals = member.firstIndex(of: Byte.equals) else { return nil }
        let (key, value) = (member[..<equals], member[(equals + 1)...])
        guard (1...256).contains(value.count), value.allSatisfy({ 0x20...0x7E ~= $0 && $0 != Byte.equals }) else {
            return nil
        }
        let parts = key.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        let isKey =
            switch parts.count {
            case 1: isName(parts[0], limit: 256, digitMayLead: false)
            case 2:
                isName(parts[0], limit: 241, digitMayLead: true) && isName(parts[1], limit: 14, digitMayLead: false)
            default: false
            }
        return isKey ? key : nil
    }

    private static func isName(_ name: ArraySlice<UInt8>, limit: Int, digitMayLead: Bool) -> Bool {
        guard let first = name.first, name.count <= limit else { return false }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard letters.contains(first) || digitMayLead && digits.contains(first) else { return false }
        return name.allSatisfy { letters.contains($0) || digits.contains($0) || "_-*/".utf8.contains($0) }
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmingBlanks: ArraySlice<UInt8> {
        let rest = drop(while: \.isBlank)
        return rest[..<((rest.lastIndex { !$0.isBlank } ?? rest.startIndex - 1) + 1)]
    }
}
