// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The bytes read as UTF-8, with U+FFFD in place of what is none.
    package init(octets: Span<UInt8>) {
        self = unsafe octets.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes read as UTF-8; nil if they are none.
    package init?(validating octets: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: octets) else { return nil }
        self.init(copying: text)
    }
}

/// One step of reading UTF-8 that may be wrong.
package enum UTF8Step {
    /// A scalar that takes so many bytes.
    case scalar(length: Int)
    /// So many bytes that stand for one U+FFFD: a maximal subpart of a sequence (Unicode 3.9, table 3-8).
    case broken(length: Int)

    /// Looks at the sequence that starts at `index`, within the table of well-formed sequences (Unicode 3.9,
    /// table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
    package init(_ bytes: Span<UInt8>, at index: Int) {
        let lead = bytes[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0x00...0x7F:
            self = .scalar(length: 1)
            return
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if lead == 0xE0 { second = 0xA0...0xBF }
            if lead == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if lead == 0xF0 { second = 0x90...0xBF }
            if lead == 0xF4 { second = 0x80...0x8F }
        default:
            self = .broken(length: 1)
            return
        }
        for offset in 1..<length {
            let allowed = offset == 1 ? second : 0x80...0xBF
            guard index + offset < bytes.count, allowed.contains(bytes[index + offset]) else {
                self = .broken(length: offset)
                return
            }
        }
        self = .scalar(length: length)
    }
}

/// U+FFFD in UTF-8.
let replacementCharacter = "\u{FFFD}"
