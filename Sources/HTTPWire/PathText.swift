// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Percent-encoded text of a request target, made readable.
package enum PathText {
    /// Decodes once. Nil if a percent sign is not followed by two hexadecimal digits or a NUL results: nobody who
    /// stores or compares names further down may see them end early.
    package static func decode(_ raw: Span<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        guard let decoded = Percent.decode(raw, plusIsSpace: plusIsSpace), !decoded.contains(0) else { return nil }
        return decoded
    }

    /// The same for the path of a head, whose memory the key shares where nothing is encoded.
    package static func key(of head: borrowing RequestHead) -> ArraySlice<UInt8>? {
        let hasSlash = head.pathEnd > 0 && head.target[0] == Byte.slash
        let path = head.target[(hasSlash ? 1 : 0)..<head.pathEnd]
        for byte in path where byte == Byte.percent || byte == 0 { return decodeKey(path.span).map { $0[...] } }
        return path
    }

    /// Decodes a path without its leading slash: the object key it names. Dots and empty segments stay as they are.
    package static func decodeKey(_ path: Span<UInt8>) -> [UInt8]? {
        let hasSlash = !path.isEmpty && path[0] == Byte.slash
        return decode(path.extracting((hasSlash ? 1 : 0)..<path.count))
    }
}
