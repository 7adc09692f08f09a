// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Answers as TOS gives them: JSON, `x-tos-request-id` (D/1188893; models2.py of the Python SDK, multipart.go of the Go SDK).
package enum TOSAnswer {
    /// What became of a request, in the words of TOS.
    package static func answer(
        _ result: DialectResult, to request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        switch (result, request.operation) {
        case (.stored(let object, .succeeded(_, let body, let contentType)), let operation):
            stored(object, operation, body: body, type: contentType, request, context)
        case (.stored(let object, .failed(let message, let ec, _)), _):
            callbackFailed(object, message: message, ec: ec, context)
        case (.stored(let object, .none), .completeUpload): completed(object, request, context)
        case (.stored(let object, .none), .postObject): posted(object, request, context)
        case (.stored(let object, .none), .appendObject): appended(object, context)
        case (.stored(let object, .none), let operation):
            stored(object, operation, body: [], type: nil, request, context)
        case (.part(let part), _):
            stored(
                ObjectFacts(size: part.size, etag: part.etag, contentMD5: nil, crc64: part.crc64), .putObject, body: [],
                type: nil, request, context)
        case (.created(let upload), _):
            document(
                [
                    ("Bucket", .string(request.bucket)), ("Key", key(request)),
                    ("UploadId", .string(String(octets: upload.uploadID.span))),
                ], context)
        case (.parts(let listing), .listParts(let id, let options)): parts(listing, id, options, request, context)
        case (.uploads(let listing), .listUploads(let options)): uploads(listing, options, request, context)
        case (.deleted, _), (.aborted, _): WireAnswer(tos: 204, body: nil, context)
        case (.bucket, _): bucket(context)
        case (.parts, _), (.uploads, _): preconditionFailure("only who asks for a list is told one")
        }
    }

    /// The 200 of a whole object: empty, or with the app's body. A completion whose callback was made tells ETag and Location
    /// in header fields, because its document is not there (TOSNetworkingResponseParser.m of the iOS SDK).
    private static func stored(
        _ object: ObjectFacts, _ operation: StoreOperation, body: [UInt8], type: String?, _ request: ClientRequest,
        _ context: AnswerContext
    ) -> WireAnswer {
        var answer = WireAnswer(tos: 200, body: body, type: type, context)
        answer.appendTOSChecksums(of: object)
        if case .completeUpload = operation { answer.fields.append("Location", context.location(of: request)) }
        return answer
    }

    /// The 203 of an object that is stored and whose callback failed; its sub-code is not published.
    private static func callbackFailed(
        _ object: ObjectFacts, message: String, ec: String?, _ context: AnswerContext
    ) -> WireAnswer {
        let error = VendorError(status: 203, code: "CallbackFailed", message: message, ec: ec)
        var answer = self.error(error, toHead: false, context)
        answer.appendTOSChecksums(of: object)
        return answer
    }

    /// The 200 of a HeadBucket. The SDKs ask for the type before they append: to a flat bucket (`fns`) they do, of a
    /// hierarchical one they modify an object (models2.py and clientv2.py of the Python SDK). Putback is in no region.
    private static func bucket(_ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(tos: 200, body: [], context)
        answer.fields.append("x-tos-bucket-type", "fns")
        answer.fields.append("x-tos-storage-class", "STANDARD")
        return answer
    }

    private static func appended(_ object: ObjectFacts, _ context: AnswerContext) -> WireAnswer {
        var answer = WireAnswer(tos: 200, body: [], context)
        answer.appendTOSChecksums(of: object)
        answer.fields.append("x-tos-next-append-offset", decimal: object.size)
        return answer
    }

    private static func completed(
        _ object: ObjectFacts, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        var answer = document(
            [
                ("Bucket", .string(request.bucket)), ("Key", key(request)), ("ETag", .string("\"\(object.etag)\"")),
                ("Location", .string(context.location(of: request))),
            ], context)
        if let crc64 = object.crc64 { answer.fields.append("x-tos-hash-crc64ecma", decimal: crc64) }
        return answer
    }

    /// What a form asks for, else an empty 204 (presigned_test.go of the Go SDK).
    private static func posted(
        _ object: ObjectFacts, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        if let redirect = request.formAnswer.redirect {
            var answer = WireAnswer(tos: 303, body: [], context)
            answer.fields.append("Location", FormFields.target(of: redirect, object, request))
            return answer
        }
        let status = request.formAnswer.status ?? 204
        var answer = WireAnswer(tos: status, body: status == 204 ? nil : [], context)
        answer.appendTOSChecksums(of: object)
        return answer
    }

    private static func parts(
        _ listing: PartListing, _ id: [UInt8], _ options: ListOptions, _ request: ClientRequest,
        _ context: AnswerContext
    ) -> WireAnswer {
        let marker = UInt64(decimal: options.marker.span) ?? 0
        let next = listing.parts.last.map { UInt64($0.number) } ?? marker
        let owner = JSON.object([("ID", .string("")), ("DisplayName", .string(""))])
        return document(
            [
                ("Bucket", .string(request.bucket)), ("Key", key(request)),
                ("UploadId", .string(String(octets: id.span))), ("PartNumberMarker", .integer(marker)),
                ("NextPartNumberMarker", .integer(next)), ("MaxParts", .integer(options.limit ?? 1000)),
                ("IsTruncated", .bool(listing.isTruncated)),
                ("StorageClass", .string(listing.storageClass ?? "STANDARD")), ("Owner", owner),
                (
                    "Parts",
                    .array(
                        listing.parts.map { part in
                            .object([
                                ("PartNumber", .integer(part.number)), ("ETag", .string("\"\(part.etag)\"")),
                                ("Size", .integer(part.size)),
                                ("LastModified", .string(ISO8601.extendedMilliseconds(part.lastModified * 1000))),
                            ])
                        })
                ),
            ], context)
    }

    private static func uploads(
        _ listing: UploadListing, _ options: ListOptions, _ request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        func text(_ bytes: [UInt8]) -> JSON { .string(String(octets: bytes.span)) }
        let next = listing.next
        return document(
            [
                ("Bucket", .string(request.bucket)), ("Prefix", text(options.prefix)),
                ("KeyMarker", text(options.marker)), ("UploadIdMarker", text(options.uploadIDMarker)),
                ("NextKeyMarker", text(next.key)), ("NextUploadIdMarker", text(next.uploadID)),
                ("Delimiter", text(options.delimiter)), ("MaxUploads", .integer(options.limit ?? 1000)),
                ("IsTruncated", .bool(listing.isTruncated)),
                (
                    "Uploads",
                    .array(
                        listing.uploads.map { upload in
                            .object([
                                ("Key", text(upload.key)), ("UploadId", text(upload.uploadID)),
                                ("StorageClass", .string(upload.storageClass ?? "STANDARD")),
                                ("Initiated", .string(ISO8601.extendedMilliseconds(upload.initiated * 1000))),
                            ])
                        })
                ),
                ("CommonPrefixes", .array(listing.commonPrefixes.map { .object([("Prefix", text($0))]) })),
            ], context)
    }

    /// Any error: one flat object, as all SDKs parse it. An answer to HEAD has no body.
    package static func error(_ error: VendorError, toHead: Bool, _ context: AnswerContext) -> WireAnswer {
        var members: [(key: String, value: JSON)] = [
            ("Code", .string(error.code)), ("RequestId", .string(context.requestID)),
            ("HostId", .string(context.host)), ("Message", .string(error.message)),
        ]
        if let ec = error.ec { members.append(("EC", .string(ec))) }
        for (element, text) in error.details { members.append((element, .string(text))) }
        var body: [UInt8] = []
        JSON.object(members).write(to: &body)
        var answer = WireAnswer(
            tos: error.status, body: toHead ? nil : body, type: toHead ? nil : "application/json", context)
        if let ec = error.ec { answer.fields.append("x-tos-ec", ec) }
        for (name, value) in error.fields { answer.fields.append(name: name, value) }
        return answer
    }

    private static func document(_ members: [(key: String, value: JSON)], _ context: AnswerContext) -> WireAnswer {
        var body: [UInt8] = []
        JSON.object(members).write(to: &body)
        return WireAnswer(tos: 200, body: body, type: "application/json", context)
    }

    private static func key(_ request: ClientRequest) -> JSON { .string(String(octets: request.key.span)) }
}

extension WireAnswer {
    /// The fields that every answer of TOS starts with; nil: no body and no length.
    init(tos status: Int, body: [UInt8]?, type: String? = nil, _ context: AnswerContext) {
        self.init(status: status, fields: HeaderFields(), body: body ?? [])
        fields.append("Server", "TosServer")
        fields.append("Date") { HTTPDate.append(context.now, to: &$0) }
        if let type { fields.append("Content-Type", type) }
        if let body { fields.append("Content-Length", decimal: UInt64(body.count)) }
        fields.append("x-tos-request-id", context.requestID)
        fields.append("x-tos-id-2", context.requestID)
    }

    /// The Python SDK fails an upload whose answer has no CRC-64.
    mutating func appendTOSChecksums(of object: ObjectFacts) {
        fields.append("ETag", "\"\(object.etag)\"")
        if let crc64 = object.crc64 { fields.append("x-tos-hash-crc64ecma", decimal: crc64) }
    }
}
