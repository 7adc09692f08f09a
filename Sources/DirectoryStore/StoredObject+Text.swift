// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

extension StoredObject {
    /// The MD5 in upper-case hex, without quotes: the ETag of OSS PutObject.
    package var etag: String { Hex.encode(md5.span, uppercase: true) }

    /// The MD5 in base 64: the field `Content-MD5`.
    package var contentMD5: String { Base64.encode(md5.span) }
}
