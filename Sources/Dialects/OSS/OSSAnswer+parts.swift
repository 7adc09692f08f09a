// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

// Elements and their order as the samples of the pages on multipart upload of the OSS API reference show them.
extension OSSAnswer {
    /// The empty 200 of an UploadPart.
    static func part(_ part: PartFacts, _ context: AnswerContext) -> WireAnswer {
        put(
            ObjectFacts(size: part.size, etag: part.etag, contentMD5: part.contentMD5, crc64: part.crc64), context)
    }

    /// The result document of an InitiateMultipartUpload.
    static func created(
        _ upload: CreatedUpload, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        let names = Names(request)
        return document(context) { writer in
            writer.open("InitiateMultipartUploadResult")
            names.writeEncoding(to: &writer)
            writer.element("Bucket", request.bucket)
            names.write("Key", request.key, to: &writer)
            writer.element("UploadId", bytes: upload.uploadID.span)
            writer.close()
        }
    }

    /// The result document of a CompleteMultipartUpload without callback.
    static func completed(
        _ object: ObjectFacts, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        let names = Names(request)
        return document(context, about: object) { writer in
            writer.open("CompleteMultipartUploadResult")
            names.writeEncoding(to: &writer)
            writer.element("Location", context.location(of: request))
            writer.element("Bucket", request.bucket)
            names.write("Key", request.key, to: &writer)
            writer.element("ETag", "\"\(object.etag)\"")
            writer.close()
        }
    }

    /// The result document of a ListParts.
    ///
    /// Both markers are there in any case: oss2 reads the next one as text and the Python SDK v2 as a number, whether the
    /// list goes on or not.
    static func parts(
        _ listing: PartListing, uploadID: [UInt8], _ options: ListOptions, _ request: ClientRequest,
        _ context: AnswerContext
    ) -> WireAnswer {
        let names = Names(request)
        let marker = String(UInt64(decimal: options.marker.span) ?? 0)
        return document(context) { writer in
            writer.open("ListPartsResult")
            names.writeEncoding(to: &writer)
            writer.element("Bucket", request.bucket)
            names.write("Key", request.key, to: &writer)
            writer.element("UploadId", bytes: uploadID.span)
            writer.element("StorageClass", listing.storageClass ?? "Standard")
            writer.element("PartNumberMarker", marker)
            writer.element("NextPartNumberMarker", listing.parts.last.map { String($0.number) } ?? marker)
            writer.element("MaxParts", String(options.limit ?? 1000))
            writer.element("IsTruncated", listing.isTruncated ? "true" : "false")
            for part in listing.parts {
                writer.open("Part")
                writer.element("PartNumber", String(part.number))
                writer.element("LastModified", ISO8601.extendedMilliseconds(part.lastModified * 1000))
                writer.element("ETag", "\"\(part.etag)\"")
                if let crc64 = part.crc64 { writer.element("HashCrc64ecma", String(crc64)) }
                writer.element("Size", String(part.size))
                writer.close()
            }
            writer.close()
        }
    }

    /// The result document of a ListMultipartUploads.
    ///
    /// The next markers are there in any case, because oss2 fails without them.
    static func uploads(
        _ listing: UploadListing, _ options: ListOptions, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        let names = Names(request)
        let next = listing.next
        return document(context) { writer in
            writer.open("ListMultipartUploadsResult")
            names.writeEncoding(to: &writer)
            writer.element("Bucket", request.bucket)
            names.write("KeyMarker", options.marker, to: &writer)
            writer.element("UploadIdMarker", bytes: options.uploadIDMarker.span)
            names.write("NextKeyMarker", next.key, to: &writer)
            writer.element("NextUploadIdMarker", bytes: next.uploadID.span)
            names.write("Delimiter", options.delimiter, to: &writer)
            names.write("Prefix", options.prefix, to: &writer)
            writer.element("MaxUploads", String(options.limit ?? 1000))
            writer.element("IsTruncated", listing.isTruncated ? "true" : "false")
            for upload in listing.uploads {
                writer.open("Upload")
                names.write("Key", upload.key, to: &writer)
                writer.element("UploadId", bytes: upload.uploadID.span)
                writer.element("StorageClass", upload.storageClass ?? "Standard")
                writer.element("Initiated", ISO8601.extendedMilliseconds(upload.initiated * 1000))
                writer.close()
            }
            for prefix in listing.commonPrefixes {
                writer.open("CommonPrefixes")
                names.write("Prefix", prefix, to: &writer)
                writer.close()
            }
            writer.close()
        }
    }

    /// A 200 with a result document.
    static func document(
        _ context: AnswerContext, about object: ObjectFacts? = nil, status: Int = 200,
        _ write: (inout XMLWriter) -> Void
    ) -> WireAnswer {
        var writer = XMLWriter(declaration: true, indent: 2)
        write(&writer)
        var answer = WireAnswer(status, bodyBytes: writer.bytes.count, type: "application/xml", context)
        if let object { answer.appendChecksums(of: object) }
        answer.appendServerTime(context)
        answer.body = writer.bytes
        return answer
    }

    /// Keys in a result document: as they are, or percent-encoded where the client wants that.
    struct Names {
        let areEncoded: Bool

        init(_ request: ClientRequest) {
            areEncoded = request.first("encoding-type")?.elementsEqual("url".utf8) ?? false
        }

        func writeEncoding(to writer: inout XMLWriter) {
            if areEncoded { writer.element("EncodingType", "url") }
        }

        func write(_ element: String, _ key: [UInt8], to writer: inout XMLWriter) {
            if areEncoded {
                writer.element(element, Percent.encode(key.span, keeping: .unreserved))
            } else {
                writer.element(element, bytes: key.span)
            }
        }
    }
}
