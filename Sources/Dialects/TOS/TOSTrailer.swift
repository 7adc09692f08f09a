// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// The checksum that the Go SDK (`WithDisableTrailerHeader(false)`) and the Java SDK can put behind a body, inside of a
/// framing of its own: `tos-chunked`. Only the Java SDK tells how long the inside is.
enum TOSTrailer {
    static let payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    private static let checksum = "x-tos-hash-crc64ecma"

    /// Whether the request has such a body; throws if only half of what announces it is there.
    static func isAnnounced(_ fields: HeaderFields) throws(VendorError) -> Bool {
        let payload = fields.string("x-tos-content-sha256") ?? ""
        guard payload == Self.payload else {
            if payload.hasPrefix("STREAMING-") { throw .notImplementedByTOS("A body that is signed as \(payload)") }
            return false
        }
        guard fields.string("x-tos-trailer")?.lowercased() == checksum, encodings(fields).first == "tos-chunked" else {
            throw VendorError(
                tos: .badRequest("A trailer needs Content-Encoding tos-chunked and x-tos-trailer \(checksum)."))
        }
        return true
    }

    /// The length of what is framed; nil: the client does not tell it.
    static func decodedLength(_ fields: HeaderFields) throws(VendorError) -> UInt64? {
        guard let text = fields.first("x-tos-decoded-content-length") else { return nil }
        guard let length = UInt64(decimal: text.span) else {
            throw VendorError(tos: .badRequest("x-tos-decoded-content-length is no length."))
        }
        return length
    }

    /// The fields of the object without the encoding that ends here.
    static func objectFields(_ fields: HeaderFields) -> HeaderFields {
        var fields = fields
        let others = encodings(fields).dropFirst()
        if others.isEmpty {
            fields.remove("Content-Encoding")
        } else {
            fields.set("Content-Encoding", others.joined(separator: ", "))
        }
        return fields
    }

    /// The CRC-64 in the lines behind the last chunk: Base64 of its eight bytes, the highest first.
    static func crc64(_ lines: Span<UInt8>) -> UInt64? {
        for line in String(octets: lines).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == checksum else { continue }
            let text = line[line.index(after: colon)...].drop { $0 == " " }
            guard let bytes = Base64.decode(text.utf8.span), bytes.count == 8 else { return nil }
            return bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        return nil
    }

    private static func encodings(_ fields: HeaderFields) -> [String] {
        (fields.string("Content-Encoding") ?? "").split(separator: ",").map { element in
            String(element.filter { $0 != " " && $0 != "\t" }).lowercased()
        }
    }
}
