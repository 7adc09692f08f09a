// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc
private import Octets

/// The file that tells what a multipart upload will be, as JSON; the key is percent-encoded, because it may be any bytes.
enum UploadDocument {
    static let fileName = "upload"
    /// As for the trailer of an object, with room for the key.
    private static let maximumBytes: UInt64 = Trailer.maximumDocumentBytes

    static func encode(_ upload: StoredUpload) -> [UInt8] {
        var members: [(key: String, value: JSON)] = [
            ("bucket", .string(upload.bucket)),
            ("key", .string(Percent.encode(upload.key.span, keeping: .unreservedAndSlash))),
            ("created", .integer(upload.created)),
        ]
        members += upload.metadata.members
        members.append(("attributes", ObjectMetadata.array(upload.attributes)))
        var bytes: [UInt8] = []
        JSON.object(members).write(to: &bytes)
        return bytes
    }

    /// Reads the document of an upload. Throws `damaged` if it is none.
    static func read(_ id: UploadID, in directory: borrowing Descriptor) throws(StoreError) -> StoredUpload {
        let file = try directory.file(fileName)
        let size = UInt64(max(0, try file.status().st_size))
        guard size <= maximumBytes else { throw damaged }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var span = bytes.mutableSpan
        guard try file.read(at: 0, count: Int(size), into: &span) == Int(size),
            let document = try? JSON.parse(bytes.span), let upload = upload(id, document)
        else { throw damaged }
        return upload
    }

    private static func upload(_ id: UploadID, _ document: JSON) -> StoredUpload? {
        guard let bucket = document["bucket"]?.stringValue, let keyText = document["key"]?.stringValue,
            let key = Percent.decode(keyText.utf8.span), let created = document["created"]?.integerValue,
            let metadata = ObjectMetadata(document), let attributes = ObjectMetadata.fields(document["attributes"])
        else { return nil }
        return StoredUpload(
            id: id, bucket: bucket, key: key, metadata: metadata, attributes: attributes, created: Int64(created))
    }

    private static var damaged: StoreError { StoreError(.damaged, "opening a multipart upload") }
}
