// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension HeaderFields {
    /// Says how the end of a request's body is told.
    mutating func append(_ framing: BodyFraming) {
        switch framing {
        case .length(let count): append("Content-Length", decimal: count)
        case .chunked: append("Transfer-Encoding", "chunked")
        case .none: append("Content-Length", "0")
        case .untilClose: preconditionFailure("a request is sent with a length or in chunks")
        }
    }

    /// Takes fields over, in place of those of the same name.
    mutating func replace(with source: HeaderFields, where isWanted: (Int) -> Bool = { _ in true }) {
        let bytes = source.bytes.span
        for index in source.indices where isWanted(index) {
            set(
                name: bytes.extracting(source.nameRange(at: index)),
                value: bytes.extracting(source.valueRange(at: index)))
        }
    }

    /// Whether the field at `index` says something about content that stores keep; by length, because each upload asks for
    /// each field.
    func isContentField(at index: Int) -> Bool {
        switch nameRange(at: index).count {
        case 7: hasPrefix("Expires", at: index)
        case 12: hasPrefix("Content-Type", at: index)
        case 13: hasPrefix("Cache-Control", at: index)
        case 16: hasPrefix("Content-Encoding", at: index) || hasPrefix("Content-Language", at: index)
        case 19: hasPrefix("Content-Disposition", at: index)
        default: false
        }
    }

    /// Whether no field before it has its name. A second one of some names has no meaning, and stores differ in which they
    /// take.
    func isFirst(at index: Int) -> Bool {
        for earlier in 0..<index where haveSameName(earlier, index) { return false }
        return true
    }

    /// The value of `ETag` without its quotes, in the memory of the fields.
    var etag: ArraySlice<UInt8>? {
        let name: StaticString = "ETag"
        guard let index = firstIndex(of: name) else { return nil }
        var range = valueRange(at: index)
        let quote = UInt8(ascii: "\"")
        if range.count >= 2, bytes[range.lowerBound] == quote, bytes[range.upperBound - 1] == quote {
            range = range.lowerBound + 1..<range.upperBound - 1
        }
        return bytes[range]
    }
}
