// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A multipart upload that was begun and neither completed nor aborted.
package struct StoredUpload: Sendable, Equatable {
    package let id: UploadID
    package let bucket: String
    package let key: [UInt8]
    /// Of the object that it will be.
    package let metadata: ObjectMetadata
    /// What the creator wants to find again.
    package let attributes: [ObjectMetadata.Field]
    /// Unix seconds, by the clock of the file system.
    package let created: Int64
}
