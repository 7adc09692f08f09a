// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// An object as it lies in the store.
package struct StoredObject: Sendable, Equatable {
    /// Bytes of data.
    package let size: UInt64
    /// 16 bytes; nil where nobody saw the data as a whole: assembled out of parts, or appended to.
    package let md5: [UInt8]?
    /// CRC-64/XZ of the data.
    package let crc64: UInt64
    /// What the committer gave, without quotes; otherwise the MD5 in upper-case hex, as OSS PutObject has it, or, for an
    /// object that was appended to, 32 digits of length and CRC-64.
    package let etag: String
    /// Whether it was begun by an append, so that more may be appended.
    package let isAppendable: Bool
    /// Unix seconds of the end of its upload, by the clock of the file system.
    package let lastModified: Int64
    package let metadata: ObjectMetadata

    /// The MD5 in base 64, the field `Content-MD5`; nil where there is none.
    package var contentMD5: String? { md5.map { Base64.encode($0.span) } }

    static func etag(md5: [UInt8]) -> String { Hex.encode(md5.span, uppercase: true) }

    /// For lack of an MD5; OSS calls the ETag of an appended object no MD5 either (Object operations, AppendObject).
    static func etag(size: UInt64, crc64: UInt64) -> String {
        var digits: [UInt8] = []
        digits.appendHex(size, minimumDigits: 16, uppercase: true)
        digits.appendHex(crc64, minimumDigits: 16, uppercase: true)
        return String(octets: digits.span)
    }
}
