// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// Alibaba Cloud OSS.
package struct OSSDialect: Dialect {
    package init() {}

    package var name: DialectName { .oss }

    // MARK: What clients send

    package func read(_ head: RequestHead, at place: ListenerPlace) throws(VendorError) -> ClientRequest {
        try OSSInbound.read(head, at: place)
    }

    package func readForm(
        _ request: ClientRequest, fields: [FormField], file: FormFile
    ) throws(VendorError) -> ClientRequest {
        try OSSForm(fields, file).request(request)
    }

    package func isFormFile(_ name: String) -> Bool { name.lowercased() == "file" }

    package func readCompletion(_ body: Span<UInt8>, _ head: RequestHead) throws(VendorError) -> Completion {
        try OSSCompletion.read(body, head)
    }

    /// Room for 10 000 parts, each in 200 bytes: the SDKs need 75 to 110.
    package var largestCompletionBytes: Int { 2 << 20 }

    package func makeVerifier() -> any ClientVerifier { OSSClientVerifier() }

    package func keptFields(_ fields: HeaderFields) -> HeaderFields { OSSFieldPolicy.kept(fields) }

    // MARK: What clients are told

    package func answer(
        _ result: DialectResult, to request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        OSSAnswer.answer(result, to: request, context)
    }

    package func object(
        _ object: ObjectFacts, to request: ClientRequest, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        OSSAnswer.object(object, options: request.read, isHead: request.operation == .headObject, context)
    }

    package func answer(_ error: VendorError, toHead: Bool, _ context: AnswerContext) -> WireAnswer {
        OSSAnswer.error(error, toHead: toHead, context)
    }

    package func error(_ refusal: Refusal) -> VendorError { VendorError(oss: refusal) }

    package func error(_ refusal: FormRefusal) -> VendorError { VendorError(oss: refusal) }

    package func renamed(
        _ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?, _ context: AnswerContext
    ) -> WireAnswer? {
        OSSRenaming.renamed(answer, for: request, lead: lead, context)
    }

    // MARK: What stores are sent

    package func makeWriter(_ store: StoreIdentity) -> any StoreWriter { OSSOutbound(store) }

    /// Source: "PutObject", "UploadPart" and "Multipart upload" of the OSS API reference.
    package var traits: StoreTraits {
        StoreTraits(
            largestPutBytes: OSSInbound.largestPutBytes, takesChunks: true, firstPartNumber: 1, mostParts: 10_000,
            smallestPartBytes: 100 << 10, largestPartBytes: OSSInbound.largestPutBytes, hasFixedParts: false,
            reportsCRC64: true)
    }

    // MARK: What stores say

    package func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict {
        OSSVerdict.judge(answer, to: operation, streamed: streamed, callbackAsked: callbackAsked)
    }

    package func created(_ answer: WireAnswer) -> CreatedUpload? { OSSVerdict.created(answer) }

    package func cause(_ error: ErrorDocument) -> Refusal? {
        switch error.code {
        case "InvalidDigest": .badMD5
        case "InvalidCRC64": .badCRC64
        case "FileAlreadyExists": .objectExists
        case "EntityTooLarge": .tooLarge(maximum: nil)
        case "InvalidObjectName": .badKey(error.message)
        default: nil
        }
    }

    package func errorDocument(_ answer: WireAnswer) -> ErrorDocument {
        ErrorDocument(ossFields: answer.fields, body: answer.body.span)
    }

    package func facts(ofHead fields: HeaderFields) -> ObjectFacts { OSSVerdict.facts(ofHead: fields) }
}
