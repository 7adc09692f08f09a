// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// The document behind the data of a part.
enum PartTrailer {
    static func encode(_ part: StoredPart) -> [UInt8] {
        let document = JSON.object([
            ("md5", .string(Hex.encode(part.md5.span))),
            ("crc64", .integer(part.crc64)),
            ("sha1", part.sha1.map { .string(Hex.encode($0.span)) } ?? .null),
            ("lastModified", .integer(part.lastModified)),
        ])
        return Trailer.encode(.part, dataBytes: part.size, document)
    }

    /// Throws `damaged` if the document says something else than `encode` writes.
    static func part(_ number: Int, _ contents: Trailer.Contents) throws(StoreError) -> StoredPart {
        let document = contents.document
        guard contents.kind == .part, let md5 = document["md5"]?.digest(bytes: 16),
            let crc64 = document["crc64"]?.unsignedValue, let lastModified = document["lastModified"]?.integerValue
        else { throw Trailer.damaged }
        return StoredPart(
            number: number, size: contents.dataBytes, md5: md5, crc64: crc64,
            sha1: document["sha1"]?.digest(bytes: 20), lastModified: Int64(lastModified))
    }
}
