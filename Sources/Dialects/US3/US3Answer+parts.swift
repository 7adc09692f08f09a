// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

// Members and their order as the samples of the pages on multipart upload of the US3 API manual show them.
extension US3Answer {
    /// The 200 of an UploadPart. CPP's SDK needs the number in the body, all of them the ETag.
    static func part(_ part: PartFacts, _ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(us3: 200, body: Array("{\"PartNumber\":\(part.number)}".utf8), context)
        answer.fields.append("ETag", "\"\(part.etag)\"")
        return answer
    }

    /// The result of an InitiateMultipartUpload. Without `BlkSize` the Go SDK sends parts without end.
    static func created(
        _ upload: CreatedUpload, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        document(context) { json in
            json.append("{\"UploadId\":")
            json.appendJSONString(upload.uploadID.span)
            json.append(",\"BlkSize\":")
            json.appendDecimal(upload.partBytes ?? US3Dialect.partBytes)
            appendNames(of: request.bucket, request.key, to: &json)
            json.append("}")
        }
    }

    /// The result of a FinishMultipartUpload without callback.
    static func completed(
        _ object: ObjectFacts, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        var answer = document(context) { json in
            json.append("{\"Bucket\":")
            json.appendJSONString(request.bucket.utf8.span)
            json.append(",\"Key\":")
            json.appendJSONString(request.key.span)
            if object.isSizeKnown {
                json.append(",\"FileSize\":")
                json.appendDecimal(object.size)
            }
            json.append("}")
        }
        answer.fields.append("ETag", "\"\(object.etag)\"")
        return answer
    }

    /// The result of a ListParts (live output in ufile-sdk-java, issue 61). A next marker is the first part that is not
    /// there yet, where `ListOptions.marker` is the last one that was.
    static func parts(
        _ listing: PartListing, uploadID: [UInt8], _ options: ListOptions, _ request: ClientRequest,
        _ context: AnswerContext
    ) -> WireAnswer {
        let start = UInt64(decimal: options.marker.span).map { $0 + 1 } ?? 0
        return document(context) { json in
            json.append("{\"RetCode\":0,\"ErrMsg\":\"\",\"Action\":\"GetMultiUploadPart\"")
            appendNames(of: request.bucket, listing.key ?? request.key, to: &json)
            json.append(",\"StorageClass\":")
            json.appendJSONString((listing.storageClass ?? "STANDARD").utf8.span)
            json.append(",\"UploadId\":")
            json.appendJSONString(uploadID.span)
            json.append(",\"Status\":0,\"NextPartNumberMarker\":")
            json.appendDecimal(listing.parts.last.map { UInt64($0.number) + 1 } ?? start)
            json.append(",\"MaxParts\":")
            json.appendDecimal(options.limit ?? US3Inbound.Query.defaultParts)
            json.append(listing.isTruncated ? ",\"IsTruncated\":true" : ",\"IsTruncated\":false")
            json.append(",\"Parts\":[")
            for (index, part) in listing.parts.enumerated() {
                if index > 0 { json.append(",") }
                json.append("{\"PartNum\":")
                json.appendDecimal(part.number)
                json.append(",\"LastModified\":")
                json.append(String(part.lastModified))
                json.append(",\"Etag\":")
                json.appendJSONString(part.etag.utf8.span)
                json.append(",\"Size\":")
                json.appendDecimal(part.size)
                json.append("}")
            }
            json.append("]}")
        }
    }

    /// The result of a list of uploads (get_multi_upload_id.md). The member is `FileName` on the wire, where the manual
    /// says `ObjectName` (ListMultipartUploads of the Go SDK).
    static func uploads(_ listing: UploadListing, _ context: AnswerContext) -> WireAnswer {
        document(context) { json in
            json.append("{\"NextMarker\":")
            let next = listing.next.key
            json.appendJSONString(next.span)
            json.append(",\"RetCode\":0,\"ErrMsg\":\"\",\"DataSet\":[")
            for (index, upload) in listing.uploads.enumerated() {
                if index > 0 { json.append(",") }
                json.append("{\"UploadId\":")
                json.appendJSONString(upload.uploadID.span)
                json.append(",\"StartTime\":")
                json.append(String(upload.initiated))
                json.append(",\"FileName\":")
                json.appendJSONString(upload.key.span)
                json.append(",\"StorageClass\":")
                json.appendJSONString((upload.storageClass ?? "STANDARD").utf8.span)
                json.append("}")
            }
            json.append("]}")
        }
    }

    private static func appendNames(of bucket: String, _ key: [UInt8], to json: inout [UInt8]) {
        json.append(",\"Bucket\":")
        json.appendJSONString(bucket.utf8.span)
        json.append(",\"Key\":")
        json.appendJSONString(key.span)
    }

    /// A 200 with a result document.
    private static func document(_ context: AnswerContext, _ write: (inout [UInt8]) -> Void) -> WireAnswer {
        var json: [UInt8] = []
        write(&json)
        return WireAnswer(us3: 200, body: json, context)
    }
}
