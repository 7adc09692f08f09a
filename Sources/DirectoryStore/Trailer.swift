// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests
import Glibc
import Octets

/// What stands behind the data in every file of this store: a line feed, a JSON document with everything but the data,
/// and 32 bytes that tell where it starts.
///
/// One file holds both, so one rename publishes both and no reader ever sees the data of one upload with the metadata
/// of another. Extended attributes would be invisible to copies and missing on some file systems; a second file would
/// need a second rename. The data comes first because its size and digests are known last, and so that other programs
/// still recognise a picture.
enum Trailer {
    /// The first eight bytes of the footer: what the document says.
    enum Kind: String {
        /// An object that was put: `ObjectTrailer`.
        case object = "PUTBACK1"
        /// Any object; older versions of Putback do not read it.
        case anyObject = "PUTBACK2"
        /// A part of a multipart upload: `PartTrailer`.
        case part = "PUTBACKP"
    }

    /// Kind, size of the data, size of the document, CRC-64 of the document; numbers are big-endian.
    static let footerBytes = 32
    /// What the largest metadata can become as JSON, with room for the rest.
    static let maximumDocumentBytes: UInt64 = 1 << 20

    /// A trailer that was read.
    struct Contents {
        let kind: Kind
        let dataBytes: UInt64
        let document: JSON
    }

    static func encode(_ kind: Kind, dataBytes: UInt64, _ document: JSON) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "\n")]
        document.write(to: &bytes)
        let crc = CRC64.checksum(bytes.span)
        let count = UInt64(bytes.count)
        bytes += kind.rawValue.utf8
        for number in [dataBytes, count, crc] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return bytes
    }

    /// Reads the end of a file. Throws `foreignEntry` if this is no plain file and `damaged` if it is none of this
    /// store's, or not as it was written.
    static func read(_ file: borrowing Descriptor) throws(StoreError) -> Contents {
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.foreignEntry, "opening an object") }
        let fileBytes = UInt64(status.st_size)
        guard fileBytes >= UInt64(footerBytes) else { throw damaged }
        let footer = try piece(of: file, at: fileBytes - UInt64(footerBytes), count: footerBytes)
        guard let kind = Kind(rawValue: String(octets: footer.span.extracting(..<8))) else { throw damaged }
        let numbers = stride(from: 8, to: footerBytes, by: 8).map { start in
            footer[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let (dataBytes, documentBytes) = (numbers[0], numbers[1])
        guard documentBytes <= maximumDocumentBytes, dataBytes <= fileBytes,
            dataBytes + documentBytes + UInt64(footerBytes) == fileBytes
        else { throw damaged }
        let text = try piece(of: file, at: dataBytes, count: Int(documentBytes))
        guard CRC64.checksum(text.span) == numbers[2], let document = try? JSON.parse(text.span) else { throw damaged }
        return Contents(kind: kind, dataBytes: dataBytes, document: document)
    }

    static var damaged: StoreError { StoreError(.damaged, "opening an object") }

    private static func piece(
        of file: borrowing Descriptor, at offset: UInt64, count: Int
    ) throws(StoreError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        guard try file.read(at: offset, count: count, into: &span) == count else { throw damaged }
        return bytes
    }
}

extension JSON {
    /// The bytes of a digest, from their hexadecimal digits; nil for anything else.
    func digest(bytes count: Int) -> [UInt8]? {
        guard let text = stringValue, let bytes = Hex.decode(text.utf8.span), bytes.count == count else { return nil }
        return bytes
    }

    /// A number of 64 bits; nil for anything else.
    var unsignedValue: UInt64? {
        guard case .number(let text) = self else { return nil }
        return UInt64(text)
    }
}
