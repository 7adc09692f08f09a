// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What is known of a stored object when its callback is made.
package struct CallbackFacts: Sendable, Equatable {
    /// What a store that parses images says of one.
    package struct Image: Sendable, Equatable {
        /// Pixels.
        package var height: UInt64
        /// Pixels.
        package var width: UInt64
        /// `jpg`, `png`, ….
        package var format: String

        package init(height: UInt64, width: UInt64, format: String) {
            self.height = height
            self.width = width
            self.format = format
        }
    }

    /// The bucket that holds the object.
    package var bucket: String
    /// The whole key.
    package var object: [UInt8]
    /// Without quotes.
    package var etag: String
    /// Bytes.
    package var size: UInt64
    /// The Content-Type stored with the object.
    package var mimeType: String
    /// Decimal CRC-64, as `x-oss-hash-crc64ecma` shows it.
    package var crc64: UInt64?
    /// Base64, only for PutObject and PostObject.
    package var contentMD5: String?
    /// The address of the client that uploaded, as the maker of the callback sees it.
    package var clientIP: String
    /// The network of the client in the vendor's cloud; empty elsewhere.
    package var vpcID: String
    /// The request id of the upload.
    package var requestID: String
    /// `PutObject`, `PostObject` or `CompleteMultipartUpload`.
    package var operation: String
    /// Nil for what is no image, or was not looked at.
    package var image: Image?
    /// The values of `x:` variables.
    package var custom: [CustomVariable]

    package init(
        bucket: String, object: [UInt8], etag: String, size: UInt64, mimeType: String, crc64: UInt64? = nil,
        contentMD5: String? = nil, clientIP: String, vpcID: String = "", requestID: String, operation: String,
        image: Image? = nil, custom: [CustomVariable] = []
    ) {
        self.bucket = bucket
        self.object = object
        self.etag = etag
        self.size = size
        self.mimeType = mimeType
        self.crc64 = crc64
        self.contentMD5 = contentMD5
        self.clientIP = clientIP
        self.vpcID = vpcID
        self.requestID = requestID
        self.operation = operation
        self.image = image
        self.custom = custom
    }

    /// The raw value of a variable of a callback body; nil when there is none.
    package func value(of variable: TemplateVariable) -> [UInt8]? {
        switch variable {
        case .system(.object): object
        case .system(let name): text(of: name).map { [UInt8]($0.utf8) }
        case .custom(let name): custom.first { $0.name == name }?.value
        default: nil
        }
    }

    private func text(of variable: SystemVariable) -> String? {
        switch variable {
        case .bucket: bucket
        case .object: String(decoding: object, as: UTF8.self)
        case .etag: etag
        case .size: String(size)
        case .mimeType: mimeType
        case .imageHeight: image.map { String($0.height) }
        case .imageWidth: image.map { String($0.width) }
        case .imageFormat: image?.format
        case .crc64: crc64.map { String($0) }
        case .contentMD5: contentMD5
        case .vpcID: vpcID
        case .clientIP: clientIP
        case .requestID: requestID
        case .operation: operation
        }
    }
}
