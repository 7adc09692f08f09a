// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests
private import Octets

/// What stands behind the data in the file of an object: a line feed, a JSON document with everything but the data,
/// and 32 bytes that tell where it starts.
///
/// One file holds both, so one rename publishes both and no reader ever sees the data of one upload with the metadata
/// of another. Extended attributes would be invisible to copies and missing on some file systems; a second file would
/// need a second rename. The data comes first because its size and digests are known last, and so that other programs
/// still recognise a picture.
enum ObjectTrailer {
    /// Magic, size of the data, size of the document, CRC-64 of the document; numbers are big-endian.
    static let footerBytes = 32
    /// Far beyond any metadata that fits the head of a request.
    static let maximumMetadataBytes = 128 << 10
    /// What metadata of that size can become as JSON, with room for the rest.
    static let maximumDocumentBytes: UInt64 = 1 << 20
    private static let magic = Array("PUTBACK1".utf8)

    /// What the footer says.
    struct Footer: Equatable {
        let dataBytes: UInt64
        let documentBytes: UInt64
        let documentCRC64: UInt64
    }

    static func encode(_ object: StoredObject) -> [UInt8] {
        let document = JSON.object([
            ("contentType", object.metadata.contentType.map { .string($0) } ?? .null),
            ("fields", .array(object.metadata.fields.map { .array([.string($0.name), .string($0.value)]) })),
            ("md5", .string(Hex.encode(object.md5.span))),
            ("crc64", .integer(object.crc64)),
            ("lastModified", .integer(object.lastModified)),
        ])
        var bytes: [UInt8] = [UInt8(ascii: "\n")]
        document.write(to: &bytes)
        let crc = CRC64.checksum(bytes.span)
        let count = UInt64(bytes.count)
        bytes += magic
        for number in [object.size, count, crc] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return bytes
    }

    /// Takes the footer apart; nil if these bytes are none, or do not fit a file of that size.
    static func footer(_ bytes: [UInt8], fileBytes: UInt64) -> Footer? {
        guard bytes.count == footerBytes, bytes.starts(with: magic) else { return nil }
        let numbers = stride(from: magic.count, to: footerBytes, by: 8).map { start in
            bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let footer = Footer(dataBytes: numbers[0], documentBytes: numbers[1], documentCRC64: numbers[2])
        guard footer.documentBytes <= maximumDocumentBytes, footer.dataBytes <= fileBytes,
            footer.dataBytes + footer.documentBytes + UInt64(footerBytes) == fileBytes
        else { return nil }
        return footer
    }

    /// Reads the document; nil if it is not the one that was written.
    static func object(_ document: [UInt8], _ footer: Footer) -> StoredObject? {
        guard CRC64.checksum(document.span) == footer.documentCRC64, let value = try? JSON.parse(document.span),
            let md5Text = value["md5"]?.stringValue, let md5 = Hex.decode(md5Text.utf8.span), md5.count == 16,
            case .number(let crcText)? = value["crc64"], let crc64 = UInt64(crcText),
            let lastModified = value["lastModified"]?.integerValue, let list = value["fields"]?.arrayValue
        else { return nil }
        var fields: [ObjectMetadata.Field] = []
        for item in list {
            guard let pair = item.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                let text = pair[1].stringValue
            else { return nil }
            fields.append(ObjectMetadata.Field(name: name, value: text))
        }
        return StoredObject(
            size: footer.dataBytes, md5: md5, crc64: crc64, lastModified: Int64(lastModified),
            metadata: ObjectMetadata(contentType: value["contentType"]?.stringValue, fields: fields))
    }
}
