// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Digests

extension DirectoryStore {
    /// Makes one object out of parts, in the order in which they are named, and ends the upload; parts that are not
    /// named are dropped.
    ///
    /// The data is copied once (where the file system can share blocks, only in name), and the object appears by one
    /// rename: whenever the machine stops there is the upload, which can be completed again, or the object, or both.
    /// A second completion, or an abort, at the same time waits for this one and then finds no upload.
    ///
    /// Throws `noSuchUpload`; `invalidPart`, with its number, for one that is not there, is named twice or fails its
    /// check; `objectExists`; what `beginPut` and `PendingObject.commit` do. The upload stays then.
    /// - Parameters:
    ///   - key: of the object; nil for the upload's.
    ///   - metadata: of the object; nil for the upload's.
    ///   - replaces: false lets an object that is there stay, with `objectExists`.
    ///   - etag: makes the ETag of the object, without quotes and at most 1024 bytes, out of its parts.
    package func complete(
        _ id: UploadID, parts choices: [PartChoice], key: [UInt8]? = nil, metadata: ObjectMetadata? = nil,
        replaces: Bool = true, etag: ([StoredPart]) -> String
    ) throws(StoreError) -> StoredObject {
        if let metadata, metadata.bytes > ObjectTrailer.maximumMetadataBytes {
            throw StoreError(.metadataTooLarge, "completing a multipart upload")
        }
        return try uploads.withLock(id, shared: false) {
            (directory: borrowing Descriptor) throws(StoreError) -> StoredObject in
            let upload = try upload(id, in: directory)
            let path = try ObjectPath(bucket: upload.bucket, key: key ?? upload.key)
            let parts = try choose(choices, in: directory)
            let file = try assemble(parts, in: directory)
            let object = StoredObject(
                size: file.size, md5: nil,
                crc64: parts.reduce(0) { CRC64.combine($0, $1.crc64, secondBytes: $1.size) }, etag: etag(parts),
                isAppendable: false, lastModified: try file.seal().lastModified,
                metadata: metadata ?? upload.metadata)
            try publish(file, object, at: path, replacing: replaces ? .anything : .nothing)
            // The object is there, which is what the caller wants to hear: what cannot be removed now is swept later.
            try? uploads.remove(id, to: workspace)
            return object
        }
    }

    /// Looks at all parts before anything is copied.
    private func choose(
        _ choices: [PartChoice], in directory: borrowing Descriptor
    ) throws(StoreError) -> [StoredPart] {
        var parts: [StoredPart] = []
        var numbers: Set<Int> = []
        for choice in choices {
            guard numbers.insert(choice.number).inserted, let part = try part(choice.number, in: directory),
                choice.accepts(part)
            else {
                throw StoreError(.invalidPart, "completing a multipart upload", partNumber: choice.number)
            }
            parts.append(part)
        }
        return parts
    }

    private func assemble(
        _ parts: [StoredPart], in directory: borrowing Descriptor
    ) throws(StoreError) -> PendingFile {
        let file = try PendingFile(workspace)
        for part in parts { try file.append(try directory.file(String(part.number)), bytes: part.size) }
        return file
    }
}
