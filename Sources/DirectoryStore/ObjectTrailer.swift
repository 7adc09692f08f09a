// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// The document behind the data of an object.
///
/// An object that has an MD5 and no ETag of its own is written as Putback did before there were others
/// (`Trailer.Kind.object`), so that such a version can still read it; all others say more (`anyObject`) and are damaged to
/// its eyes, because it would give them out with a wrong ETag.
enum ObjectTrailer {
    /// Far beyond any metadata that fits the head of a request.
    static let maximumMetadataBytes = 128 << 10

    static func encode(_ object: StoredObject) -> [UInt8] {
        let isPlain = !object.isAppendable && object.md5.map { object.etag == StoredObject.etag(md5: $0) } == true
        var members = object.metadata.members
        members.append(("md5", object.md5.map { .string(Hex.encode($0.span)) } ?? .null))
        members.append(("crc64", .integer(object.crc64)))
        members.append(("lastModified", .integer(object.lastModified)))
        if !isPlain {
            members.append(("etag", .string(object.etag)))
            members.append(("appendable", .bool(object.isAppendable)))
        }
        return Trailer.encode(isPlain ? .object : .anyObject, dataBytes: object.size, .object(members))
    }

    /// Throws `damaged` if the document says something else than `encode` writes.
    static func object(_ contents: Trailer.Contents) throws(StoreError) -> StoredObject {
        guard let object = read(contents) else { throw Trailer.damaged }
        return object
    }

    private static func read(_ contents: Trailer.Contents) -> StoredObject? {
        let document = contents.document
        let md5 = document["md5"]?.digest(bytes: 16)
        guard contents.kind != .part, let crc64 = document["crc64"]?.unsignedValue,
            let lastModified = document["lastModified"]?.integerValue, let metadata = ObjectMetadata(document)
        else { return nil }
        var etag = md5.map(StoredObject.etag(md5:))
        var isAppendable = false
        if contents.kind == .anyObject {
            guard let text = document["etag"]?.stringValue, let flag = document["appendable"]?.boolValue else {
                return nil
            }
            (etag, isAppendable) = (text, flag)
        }
        guard let etag else { return nil }
        return StoredObject(
            size: contents.dataBytes, md5: md5, crc64: crc64, etag: etag, isAppendable: isAppendable,
            lastModified: Int64(lastModified), metadata: metadata)
    }
}

extension ObjectMetadata {
    /// As members of a JSON document.
    var members: [(key: String, value: JSON)] {
        [
            ("contentType", contentType.map { .string($0) } ?? .null),
            ("fields", Self.array(fields)),
        ]
    }

    /// From the members of a document; nil if it has others.
    init?(_ document: JSON) {
        guard let fields = Self.fields(document["fields"]) else { return nil }
        self.init(contentType: document["contentType"]?.stringValue, fields: fields)
    }

    static func array(_ fields: [Field]) -> JSON {
        .array(fields.map { .array([.string($0.name), .string($0.value)]) })
    }

    static func fields(_ array: JSON?) -> [Field]? {
        guard let list = array?.arrayValue else { return nil }
        var fields: [Field] = []
        for item in list {
            guard let pair = item.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                let value = pair[1].stringValue
            else { return nil }
            fields.append(Field(name: name, value: value))
        }
        return fields
    }
}
