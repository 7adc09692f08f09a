// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Reads what a CompleteMultipartUpload wants its object to be made of ("CompleteMultipartUpload" of the OSS API
/// reference).
enum OSSCompletion {
    /// - Parameter head: of the request; its `x-oss-complete-all` takes the place of a body.
    static func read(_ body: Span<UInt8>, _ head: RequestHead) throws(VendorError) -> Completion {
        if let all = head.fields.string("x-oss-complete-all") {
            guard all.lowercased() == "yes" else { throw .invalidArgument(name: "x-oss-complete-all", value: all) }
            guard body.isEmpty else {
                // Spelled as OSS spells it.
                throw VendorError(
                    .invalidArgument, "Should not speficy both complete all header and http body.",
                    ec: "0042-00000216")
            }
            return Completion(parts: [], takesAll: true)
        }
        var parts: [Completion.Part] = []
        do throws(XMLReader.Malformed) {
            parts = try self.parts(body)
        } catch {
            throw malformed
        }
        guard !parts.isEmpty, parts.count <= 10_000 else { throw malformed }
        for (previous, part) in zip(parts, parts.dropFirst()) where previous.number >= part.number {
            throw VendorError(.invalidPartOrder)
        }
        guard parts.allSatisfy({ (1...10_000).contains($0.number) }) else {
            throw VendorError(
                .invalidPartOrder, "Part number must be an integer between 1 and 10000, inclusive.")
        }
        return Completion(parts: parts)
    }

    private static var malformed: VendorError { VendorError(.malformedXML, ec: "0042-00000205") }

    /// The parts in the order of the document, whatever their numbers are; elements that nobody knows are skipped.
    private static func parts(_ body: Span<UInt8>) throws(XMLReader.Malformed) -> [Completion.Part] {
        var reader = XMLReader(body)
        var parts: [Completion.Part] = []
        var path: [String] = []
        var (number, etag, text): ([UInt8]?, [UInt8]?, [UInt8]) = (nil, nil, [])
        while let step = try reader.next() {
            switch step {
            case .open(let name):
                path.append(name)
                text = []
                if path == Self.part { (number, etag) = (nil, nil) }
            case .text(let bytes): text += bytes
            case .close:
                switch path {
                case part + ["PartNumber"]: number = trimmed(text)
                case part + ["ETag"]: etag = trimmed(text)
                case part:
                    guard let number = number.flatMap({ UInt64(decimal: $0.span) }), let etag else {
                        throw XMLReader.Malformed(offset: 0)
                    }
                    parts.append(
                        Completion.Part(number: Int(min(number, 10_001)), etag: String(octets: unquoted(etag).span)))
                default: break
                }
                path.removeLast()
                if path.isEmpty, parts.isEmpty { throw XMLReader.Malformed(offset: 0) }
            }
        }
        return parts
    }

    private static let part = ["CompleteMultipartUpload", "Part"]

    private static func trimmed(_ text: [UInt8]) -> [UInt8] {
        let start = text.firstIndex { $0 > 0x20 } ?? text.endIndex
        let end = text.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
        return Array(text[start..<end])
    }

    private static func unquoted(_ text: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else { return text }
        return Array(text.dropFirst().dropLast())
    }
}
