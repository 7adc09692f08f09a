// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What a request to OSS is about; signed in place of host and path, whatever the addressing style.
///
/// Source: "Add a signature to the header" of the OSS API reference; oss/signer of the Go SDK v2.
package struct OSSResource: Sendable {
    /// nil only for the service itself (list of buckets).
    package var bucket: String?
    /// The object key, decoded; nil for operations on the bucket.
    package var key: [UInt8]?
    /// All query parameters in the order of the URL, decoded; an absent value is empty.
    package var parameters: [(name: [UInt8], value: [UInt8])]

    package init(bucket: String?, key: [UInt8]?, parameters: [(name: [UInt8], value: [UInt8])] = []) {
        self.bucket = bucket
        self.key = key
        self.parameters = parameters
    }

    /// The value of the first parameter of that name; letter case matters, and later ones do not count.
    package func first(_ name: String) -> [UInt8]? {
        parameters.first { $0.name.elementsEqual(name.utf8) }?.value
    }
}

/// The signature versions of OSS that are still in use; V2 is deprecated and refused.
package enum OSSSignatureVersion: String, Sendable {
    /// HMAC-SHA1 over a short list of fields and parameters.
    case v1
    /// HMAC-SHA256 with a key for the day, region and product, over all parameters.
    case v4
}
