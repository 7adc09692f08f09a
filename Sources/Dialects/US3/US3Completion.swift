// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Reads what a FinishMultipartUpload wants its object to be made of (finish_multipart_upload.md of the US3 API
/// manual).
enum US3Completion {
    /// ETags in the order of the parts, with commas between them. The Python SDK leaves the quotes of the ETag field
    /// in, the C and C++ SDKs end with a comma; the Go SDK sends nothing for an empty object.
    static func read(_ body: Span<UInt8>) throws(VendorError) -> Completion {
        var text: [UInt8] = []
        text.append(body)
        var elements = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(trimmed)
        if elements.last?.isEmpty == true { elements.removeLast() }
        var parts: [Completion.Part] = []
        for (number, element) in elements.enumerated() {
            let etag = unquoted(element)
            // The Go SDK joins a part without ETag as nothing: its object would have a hole.
            guard !etag.isEmpty, etag.allSatisfy(isETagByte) else {
                throw VendorError.us3(.invalidArgument, "invalid part etag")
            }
            parts.append(Completion.Part(number: number, etag: String(octets: etag.span)))
        }
        return Completion(parts: parts)
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = text.firstIndex { $0 > 0x20 } ?? text.endIndex
        let end = text.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
        return text[start..<end]
    }

    private static func unquoted(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else { return text }
        return text.dropFirst().dropLast()
    }

    private static func isETagByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="): true
        default: false
        }
    }
}
