// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
package import Signing

/// A vendor's protocol, in both directions: what its clients send and are told, what its stores are sent and say.
///
/// Each vendor has a folder with the same files in the same order; a further one is a folder and a line in
/// ``DialectName``. A value without state; what needs memory is made by ``makeVerifier()`` and ``makeWriter(_:)``.
package protocol Dialect: Sendable {
    var name: DialectName { get }

    // MARK: What clients send

    /// What a request asks for, or how the vendor refuses it. Nothing is verified here.
    ///
    /// A form (`postObject`) has no key yet.
    func read(_ head: RequestHead, at place: ListenerPlace) throws(VendorError) -> ClientRequest

    /// What a form asks for, once its fields are known and its file begins.
    ///
    /// - Parameter request: what ``read(_:at:)`` made of its head.
    func readForm(
        _ request: ClientRequest, fields: [FormField], file: FormFile
    ) throws(VendorError) -> ClientRequest

    /// Whether a part of a form with that field name is its file, though it has no file name.
    func isFormFile(_ name: String) -> Bool

    /// The parts that the body of a completion names.
    func readCompletion(_ body: Span<UInt8>, _ head: RequestHead) throws(VendorError) -> Completion

    /// The most bytes of a completion's body.
    var largestCompletionBytes: Int { get }

    /// The CRC-64 in the lines behind a body that has them (``ClientRequest/hasTrailer``); nil: there is none.
    func checksum(inTrailer lines: Span<UInt8>) -> UInt64?

    /// What checks the signatures of one loop's clients.
    func makeVerifier() -> any ClientVerifier

    /// The fields that an object keeps and gives back, of those that came with it, except for Content-Type.
    func keptFields(_ fields: HeaderFields) -> HeaderFields

    // MARK: What clients are told

    func answer(_ result: DialectResult, to request: ClientRequest, _ context: AnswerContext) -> WireAnswer

    /// The head of an answer to GetObject or HeadObject, and the bytes of the object that follow it.
    ///
    /// - Returns: the answer, its body still empty unless it is an error; and what to send, empty for HEAD and errors.
    func object(
        _ object: ObjectFacts, to request: ClientRequest, _ context: AnswerContext
    ) -> (answer: WireAnswer, bytes: Range<UInt64>)

    /// Any error; an answer to HEAD has no body.
    func answer(_ error: VendorError, toHead: Bool, _ context: AnswerContext) -> WireAnswer

    /// The vendor's words for what Putback itself refuses or could not do.
    func error(_ refusal: Refusal) -> VendorError

    /// The vendor's words for a form that cannot be read; a vendor without any of its own has those of a bad request.
    func error(_ refusal: FormRefusal) -> VendorError

    /// A store's answer for a client that names bucket and key otherwise than Putback does of the store: the names in its
    /// document replaced by the client's.
    ///
    /// - Parameter lead: of an answer with keys that the request does not name: what the store's have in front of the
    ///   client's; nil where nobody can tell.
    /// - Returns: nil if a key does not begin with the lead.
    func renamed(
        _ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?, _ context: AnswerContext
    ) -> WireAnswer?

    // MARK: What stores are sent

    func makeWriter(_ store: StoreIdentity) -> any StoreWriter

    var traits: StoreTraits { get }

    // MARK: What stores say

    /// Judges an answer to an operation that stores something: put, append, part, completion.
    ///
    /// Checksums are compared wherever both sides have them: an upload that was changed on its way is never a success,
    /// whatever the status says.
    ///
    /// - Parameters:
    ///   - streamed: of the bytes that were sent; of a completion those of the whole object, where known.
    ///   - callbackAsked: whether the request carried a callback.
    func judge(
        _ answer: WireAnswer, to operation: StoreOperation, streamed: Checksums, callbackAsked: Bool
    ) -> Verdict

    /// What an answer to `createUpload` says; nil if it is no success.
    func created(_ answer: WireAnswer) -> CreatedUpload?

    /// What a store's refusal says of the upload itself, in words that all dialects share; nil where it says nothing that
    /// its client could mend.
    func cause(_ error: ErrorDocument) -> Refusal?

    /// The error in an answer; empty where there is none.
    func errorDocument(_ answer: WireAnswer) -> ErrorDocument

    /// The ETag of a part in an answer to ListParts; nil if it is not there.
    func etag(ofPart number: Int, in answer: WireAnswer) -> String?

    /// What a store's successful answer to HeadObject says.
    func facts(ofHead fields: HeaderFields) -> ObjectFacts
}

extension Dialect {
    /// The same of an answer whose keys are the request's.
    package func renamed(_ answer: WireAnswer, for request: ClientRequest, _ context: AnswerContext) -> WireAnswer {
        renamed(answer, for: request, lead: [], context) ?? answer
    }

    /// Only of US3 anybody has to ask: others take a part again.
    package func etag(ofPart number: Int, in answer: WireAnswer) -> String? { nil }

    package func checksum(inTrailer lines: Span<UInt8>) -> UInt64? { nil }

    package func error(_ refusal: FormRefusal) -> VendorError {
        switch refusal {
        case .malformed(let message), .fieldTooLong(let message), .fieldsTooLong(let message):
            error(Refusal.badRequest(message))
        case .noFile: error(Refusal.badRequest("The form has no file."))
        }
    }
}

/// The dialects that a store can have, and SDK clients can speak: the table of vendors.
package enum DialectName: String, Sendable, CaseIterable {
    case oss, tos, us3

    /// How it is spoken.
    package var dialect: any Dialect {
        switch self {
        case .oss: OSSDialect()
        case .us3: US3Dialect()
        case .tos: TOSDialect()
        }
    }
}

/// Checks who sent a vendor's requests; confined to its loop.
package protocol ClientVerifier: AnyObject {
    /// The id of the key that signed the request.
    ///
    /// - Parameters:
    ///   - request: what ``Dialect/read(_:at:)`` made of it.
    ///   - head: as received.
    ///   - now: Unix seconds.
    ///   - key: the key of an id; nil for one that does not exist or may not be used.
    /// - Throws: the vendor's refusal, also of a request that does not say who sent it.
    func verify(
        _ request: ClientRequest, _ head: RequestHead, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String

    /// The id of the key that signed a form's policy, once everything that the policy says of the fields holds.
    ///
    /// - Parameter request: what ``Dialect/readForm(_:fields:file:)`` made of it; its length range is set to the policy's.
    func verifyForm(
        _ request: inout ClientRequest, fields: [FormField], file: FormFile, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String
}
