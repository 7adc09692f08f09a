// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Testing

/// ETags by known answers: those of the Go SDK (`ufilesdk-dev/ufile-gosdk` 1d4446c) and, but for the empty object, of
/// the Python SDK (ufile 3.2.11); parts by the rule of finish_multipart_upload.md and `Etag.partEtags` of the Java SDK.
/// Byte i of the content is (7 i + 3) mod 256.
@Suite struct US3ETagTests {
    struct KnownAnswer: Sendable {
        let size: Int
        let etag: String
        let parts: [String]
    }

    static let knownAnswers = [
        KnownAnswer(size: 0, etag: "AAAAANo5o-5ea0sNMlW_75VgGJCv2AcJ", parts: []),
        KnownAnswer(size: 1, etag: "AQAAAJhCkmr3ygqMyhJgT5RUFPB7AeE9", parts: ["mEKSavfKCozKEmBPlFQU8HsB4T0="]),
        KnownAnswer(size: 4_194_303, etag: "AQAAAEtnY_wiA8VmDsLPurWQWlx7zW0K", parts: ["S2dj_CIDxWYOws-6tZBaXHvNbQo="]),
        KnownAnswer(size: 4_194_304, etag: "AQAAAF26MBYcxWQo0XTEugPFIH5BJwZw", parts: [full]),
        KnownAnswer(
            size: 4_194_305, etag: "AgAAAJwEqge0guv_lf318sdBhuCJRjo8", parts: [full, "mEKSavfKCozKEmBPlFQU8HsB4T0="]),
        KnownAnswer(size: 8_388_608, etag: "AgAAAIiZLNHMMXHLtHdqpycmV5gQrYGz", parts: [full, full]),
        KnownAnswer(
            size: 9_000_000, etag: "AwAAAMMywQ43SSfUMbUaSolKzmm8Vj2l",
            parts: [full, full, "B5zjh-5022UlXB6l_EV4krbyE3s="]),
        KnownAnswer(
            size: 9_437_184, etag: "AwAAAOZ_8XKi4CFhrgDgtdSNaK29Cl-n",
            parts: [full, full, "nUoHsUFgbPHFQ3MjDoleaExlRGA="]),
    ]

    static let full = "XbowFhzFZCjRdMS6A8UgfkEnBnA="
    static let content = (0..<9_437_184).map { UInt8(truncatingIfNeeded: 7 * $0 + 3) }

    static func etag(_ bytes: ArraySlice<UInt8>, in pieces: Int) -> String {
        var etag = US3ETag()
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(pieces)
            etag.update(piece.span)
            rest = rest.dropFirst(pieces)
        }
        return etag.finish()
    }

    @Test(arguments: knownAnswers)
    func `knows the answers of US3's SDKs, whatever the pieces`(vector: KnownAnswer) {
        for pieces in [9_437_184, 4 << 20, 128 << 10, 1_000_003] {
            #expect(Self.etag(Self.content[..<vector.size], in: pieces) == vector.etag)
        }
    }

    @Test func `knows the answer of a text`() {
        #expect(Self.etag(Array("hello world\n".utf8)[...], in: 5) == "AQAAACJZY2Oz3kCwb5gfuF2CMS6MDtUR")
        let digest = SHA1.hash("hello world\n".utf8.span)
        #expect(US3ETag.part(sha1: digest.span) == "IlljY7PeQLBvmB-4XYIxLowO1RE=")
    }

    @Test(arguments: knownAnswers)
    func `makes an object's ETag of its parts`(vector: KnownAnswer) throws {
        var digests: [[UInt8]] = []
        var rest = Self.content[..<vector.size]
        for part in vector.parts {
            let bytes = rest.prefix(US3ETag.blockBytes)
            let digest = SHA1.hash(bytes.span)
            rest = rest.dropFirst(US3ETag.blockBytes)
            #expect(US3ETag.part(sha1: digest.span) == part)
            #expect(US3ETag.sha1(ofPart: part.utf8.span) == digest)
            digests.append(digest)
        }
        #expect(rest.isEmpty)
        #expect(US3ETag.object(ofParts: digests) == vector.etag)
    }

    @Test(arguments: [
        "", "mEKSavfKCozKEmBPlFQU8HsB4T0", "AQAAAJhCkmr3ygqMyhJgT5RUFPB7AeE9", "mEKSavfKCozKEmBPlFQU8HsB4T1=",
    ])
    func `takes nothing else for a part's ETag`(text: String) {
        #expect(US3ETag.sha1(ofPart: text.utf8.span) == nil)
    }
}
