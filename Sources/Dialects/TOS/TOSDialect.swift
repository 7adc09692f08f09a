// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire

/// Volcengine TOS.
package struct TOSDialect: Dialect {
    package init() {}

    package var name: DialectName { .tos }

    // MARK: What clients send

    package func read(_ head: RequestHead, at place: ListenerPlace) throws(VendorError) -> ClientRequest {
        try TOSInbound.read(head, at: place)
    }

    package func readForm(
        _ request: ClientRequest, fields: [FormField], file: FormFile
    ) throws(VendorError) -> ClientRequest {
        try TOSForm(fields, file).request(request)
    }

    package func isFormFile(_ name: String) -> Bool { name.lowercased() == "file" }

    package func readCompletion(_ body: Span<UInt8>, _ head: RequestHead) throws(VendorError) -> Completion {
        try TOSCompletion.read(body, head)
    }

    /// Room for 10 000 parts, each in 200 bytes: the SDKs need 60 to 90.
    package var largestCompletionBytes: Int { 2 << 20 }

    package func checksum(inTrailer lines: Span<UInt8>) -> UInt64? { TOSTrailer.crc64(lines) }

    package func makeVerifier() -> any ClientVerifier { TOSClientVerifier() }

    package func keptFields(_ fields: HeaderFields) -> HeaderFields { TOSFieldPolicy.kept(fields) }

    // MARK: What clients are told

    package func answer(
        _ result: DialectResult, to request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        TOSAnswer.answer(result, to: request, context)
    }

    package func object(
        _ object: ObjectFacts, to request: ClientRequest, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>) {
        TOSAnswer.object(object, options: request.read, isHead: request.operation == .headObject, context)
    }

    package func answer(_ error: VendorError, toHead: Bool, _ context: AnswerContext) -> WireAnswer {
        TOSAnswer.error(error, toHead: toHead, context)
    }

    package func error(_ refusal: Refusal) -> VendorError { VendorError(tos: refusal) }

    package func renamed(
        _ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?, _ context: AnswerContext
    ) -> WireAnswer? {
        TOSRenaming.renamed(answer, for: request, lead: lead, context)
    }

    // MARK: What stores are sent

    package func makeWriter(_ store: StoreIdentity) -> any StoreWriter { TOSOutbound(store) }

    /// Source: page 129228 (5 GiB), consts.py of the Python SDK (parts).
    package var traits: StoreTraits {
        StoreTraits(
            largestPutBytes: TOSInbound.largestPutBytes, takesChunks: true, firstPartNumber: 1, mostParts: 10_000,
            smallestPartBytes: 5 << 20, largestPartBytes: TOSInbound.largestPutBytes, hasFixedParts: false,
            reportsCRC64: true)
    }

    // MARK: What stores say

    package func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict {
        TOSVerdict.judge(answer, to: operation, streamed: streamed, callbackAsked: callbackAsked)
    }

    package func created(_ answer: WireAnswer) -> CreatedUpload? { TOSVerdict.created(answer) }

    package func cause(_ error: ErrorDocument) -> Refusal? {
        switch error.code {
        case "InvalidDigest", "BadDigest": .badMD5
        case "EntityTooLarge": .tooLarge(maximum: nil)
        case "KeyTooLong": .badKey(error.message)
        // The name of the code is not published, the sub-code is (Consts.java).
        case _ where error.ec == "0017-00000004": .objectExists
        default: nil
        }
    }

    package func errorDocument(_ answer: WireAnswer) -> ErrorDocument { ErrorDocument(tos: answer) }

    package func facts(ofHead fields: HeaderFields) -> ObjectFacts { TOSVerdict.facts(ofHead: fields) }
}
