// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// UCloud US3 (UFile), by its native protocol; its S3 endpoints speak another one.
package struct US3Dialect: Dialect {
    /// The size of a part, in bytes, where nobody says otherwise (upload_part.md of the US3 API manual).
    package static let partBytes: UInt64 = 4 << 20

    package init() {}

    package var name: DialectName { .us3 }

    // MARK: What clients send

    package func read(_ head: RequestHead, at place: ListenerPlace) throws(VendorError) -> ClientRequest {
        try US3Inbound.read(head, at: place)
    }

    package func readForm(
        _ request: ClientRequest, fields: [FormField], file: FormFile
    ) throws(VendorError) -> ClientRequest {
        try US3Form(fields, file).request(request)
    }

    package func isFormFile(_ name: String) -> Bool { name.lowercased() == "file" }

    package func readCompletion(_ body: Span<UInt8>, _ head: RequestHead) throws(VendorError) -> Completion {
        try US3Completion.read(body)
    }

    /// Room for an object of 1 TiB in parts of 4 MiB, each in 31 bytes.
    package var largestCompletionBytes: Int { 8 << 20 }

    package func makeVerifier() -> any ClientVerifier { US3ClientVerifier() }

    package func keptFields(_ fields: HeaderFields) -> HeaderFields { US3FieldPolicy.kept(fields) }

    // MARK: What clients are told

    package func answer(
        _ result: DialectResult, to request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        US3Answer.answer(result, to: request, context)
    }

    package func object(
        _ object: ObjectFacts, to request: ClientRequest, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        US3Answer.object(object, options: request.read, isHead: request.operation == .headObject, context)
    }

    package func answer(_ error: VendorError, toHead: Bool, _ context: AnswerContext) -> WireAnswer {
        US3Answer.error(error, toHead: toHead, context)
    }

    package func error(_ refusal: Refusal) -> VendorError { VendorError(us3: refusal) }

    package func renamed(
        _ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?, _ context: AnswerContext
    ) -> WireAnswer? {
        US3Renaming.renamed(answer, for: request, lead: lead)
    }

    // MARK: What stores are sent

    package func makeWriter(_ store: StoreIdentity) -> any StoreWriter { US3Outbound(store) }

    /// Source: introduction/limit.md (PutFile) and upload_part.md (parts); the number of parts is what JuiceFS allows,
    /// an object of 5 TiB.
    package var traits: StoreTraits {
        StoreTraits(
            largestPutBytes: US3Inbound.largestPutBytes, takesChunks: false, firstPartNumber: 0, mostParts: 1_310_720,
            smallestPartBytes: Self.partBytes, largestPartBytes: Self.partBytes, hasFixedParts: true,
            reportsCRC64: false)
    }

    // MARK: What stores say

    package func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict {
        US3Verdict.judge(answer, to: operation, streamed: streamed, callbackAsked: callbackAsked)
    }

    package func created(_ answer: WireAnswer) -> CreatedUpload? { US3Verdict.created(answer) }

    package func cause(_ error: ErrorDocument) -> Refusal? {
        error.code == String(US3ErrorCode.checkMD5Failed.retCode) ? .badMD5 : nil
    }

    package func errorDocument(_ answer: WireAnswer) -> ErrorDocument { ErrorDocument(us3: answer) }

    package func etag(ofPart number: Int, in answer: WireAnswer) -> String? {
        US3Verdict.etag(ofPart: number, in: answer)
    }

    package func facts(ofHead fields: HeaderFields) -> ObjectFacts { US3Verdict.facts(ofHead: fields) }
}
