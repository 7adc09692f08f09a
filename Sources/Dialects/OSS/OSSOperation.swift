// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Signing

/// Where the bucket stands in a request to OSS.
package enum OSSAddressing: String, Sendable {
    /// In front of the endpoint's host: `bucket.oss-cn-hangzhou.aliyuncs.com/key`.
    case virtualHost
    /// First segment of the path. OSS itself refuses it on its public endpoints.
    case path
    /// Nowhere: the host is a name bound to one bucket.
    case customDomain
}

/// What a client of OSS asks for.
package struct OSSOperation: Sendable {
    package enum Action: Sendable {
        case putObject(OSSPutOptions)
        case getObject(OSSGetOptions)
        case headObject(OSSGetOptions)
        case deleteObject
    }

    package let action: Action
    package let bucket: String
    /// Decoded; 1…1023 bytes of UTF-8.
    package let key: [UInt8]
    package let addressing: OSSAddressing
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
    package var callback: OSSRawCallback?
    /// The wanted limit in bits per second, as sent, from header or query.
    package var trafficLimit: [UInt8]?
}

/// Callback parameters as a client sent them: base64, not looked into.
package struct OSSRawCallback: Sendable, Equatable {
    /// `x-oss-callback` or the parameter `callback`.
    package var callback: [UInt8]
    /// `x-oss-callback-var` or the parameter `callback-var`.
    package var variables: [UInt8]?
}

/// What a GetObject or HeadObject says beyond bucket and key.
package struct OSSGetOptions: Sendable {
    /// nil: no range, or one that OSS does not understand and ignores.
    package var range: OSSByteRange?
    /// Fields of the answer that the client wants to have other values.
    package var overrides: [(name: String, value: [UInt8])] = []
}
