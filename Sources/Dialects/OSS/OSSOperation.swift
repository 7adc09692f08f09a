// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Signing

/// What a client of OSS asks for.
package struct OSSOperation: Sendable {
    package enum Action: Sendable {
        case putObject(OSSPutOptions)
        case getObject(ReadOptions)
        case headObject(ReadOptions)
        case deleteObject
    }

    package let action: Action
    package let bucket: String
    /// Decoded; 1…1023 bytes of UTF-8.
    package let key: [UInt8]
    package let addressing: Addressing
    /// All decoded query parameters, with bucket and key: what `OSSVerifier` needs.
    package let resource: OSSResource
}

/// What a PutObject says beyond bucket and key.
package struct OSSPutOptions: Sendable {
    /// nil: the body is chunked.
    package var contentLength: UInt64?
    /// The 16 bytes that the client says the body has.
    package var contentMD5: [UInt8]?
    /// The CRC-64 that the client says the body has.
    package var crc64: UInt64?
    /// Whether an object of that key stops the upload.
    package var forbidsOverwrite = false
    /// nil: the client asks for no callback.
    package var callback: RawCallback?
    /// The wanted limit in bits per second, as sent, from header or query.
    package var trafficLimit: [UInt8]?
}
