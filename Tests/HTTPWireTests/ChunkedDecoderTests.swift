// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct ChunkedDecoderTests {
    private func describe(_ step: ChunkedDecoder.Step) -> String {
        "\(step.consumed) \(step.data) \(step.isComplete)"
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n6\r\n world\r\n00\r\n\r\n", "hello world"),
        ("A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n", "0123456789abcdefghij"),
        ("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("5;name\r\nhello\r\n0\r\n\r\n", "hello"), ("5;a=b;c=\"d e\";f\r\nhello\r\n0;last=\u{E9}\r\n\r\n", "hello"),
        ("5;\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n0\r\nX-Checksum: 1\r\nContent-Length: 9\r\nAuthorization: x\r\nHost: y\r\n\r\n", "hello"),
    ])
    func `decodes bodies and drops extensions and trailers`(_ coded: String, _ body: String) {
        let bytes = Array((coded + "next").utf8)
        let expected = BodyOutcome.complete(body: Array(body.utf8), consumed: coded.utf8.count)
        #expect(decodeChunks(bytes) == expected)
        for cut in 0...bytes.count { #expect(decodeChunks(bytes, cuts: [cut]) == expected) }
        #expect(decodeChunks(bytes, cuts: Array(0...bytes.count)) == expected)
        for missing in 0..<coded.utf8.count {
            guard case .needsMore = decodeChunks(Array(bytes[..<missing])) else {
                Issue.record("complete after \(missing) bytes")
                return
            }
        }
    }

    @Test func `a copy looks ahead from the same place and leaves the first as it was`() throws {
        let bytes = Array("5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n".utf8)
        for cut in 0...bytes.count {
            var decoder = ChunkedDecoder()
            var offset = 0
            func goOn(_ decoder: inout ChunkedDecoder, to end: Int) throws(WireError) {
                let part = Array(bytes[..<end])
                while offset < end { offset += try decoder.decode(part.span, from: offset).consumed }
            }
            try goOn(&decoder, to: cut)
            var copy = decoder.copy()
            try goOn(&copy, to: bytes.count)
            let (copyIsComplete, isComplete) = (copy.isComplete, decoder.isComplete)
            #expect(copyIsComplete)
            #expect(isComplete == (cut == bytes.count))
            offset = cut
            try goOn(&decoder, to: bytes.count)
            let ends = decoder.isComplete
            #expect(ends)
        }
    }

    static let refusals: [(String, WireError.Code)] = [
        ("0x5\r\nhello\r\n", .badChunkSize), ("+5\r\nhello\r\n", .badChunkSize), ("-5\r\nhello\r\n", .badChunkSize),
        (" 5\r\nhello\r\n", .badChunkSize), ("\t5\r\nhello\r\n", .badChunkSize), ("5 \r\nhello\r\n", .badChunkSize),
        ("5 ;x\r\nhello\r\n", .badChunkSize), ("1 0\r\n", .badChunkSize), ("5\t\r\nhello\r\n", .badChunkSize),
        ("\r\nhello\r\n", .badChunkSize), (";x\r\nhello\r\n", .badChunkSize), ("g\r\n", .badChunkSize),
        ("5,5\r\n", .badChunkSize), ("5.\r\n", .badChunkSize), ("5_0\r\n", .badChunkSize), ("\0", .badChunkSize),
        ("٥\r\n", .badChunkSize), ("8000000000000000\r\n", .badChunkSize), ("FFFFFFFFFFFFFFFF\r\n", .badChunkSize),
        ("10000000000000000\r\n", .badChunkSize), ("00000000000000005\r\n", .badChunkSize),
        ("5\nhello\r\n", .bareLineFeed),
        ("5\rhello\r\n", .bareCarriageReturn), ("5\r\r\nhello\r\n", .bareCarriageReturn), ("5\r\nhelloX", .badChunkEnd),
        ("5\r\nhello\n", .badChunkEnd), ("5\r\nhello\rX", .badChunkEnd), ("5\r\nhello0\r\n\r\n", .badChunkEnd),
        ("5;a\nhello", .bareLineFeed), ("5;a\rhello", .bareCarriageReturn), ("5;a\0\r\n", .controlCharacter),
        ("5;" + String(repeating: "x", count: 4096) + "\r\n", .chunkExtensionsTooLong),
        (
            String(repeating: "1;" + String(repeating: "x", count: 1023) + "\r\na\r\n", count: 4) + "0;",
            .chunkExtensionsTooLong
        ),
        ("0\r\n\n", .bareLineFeed), ("0\r\n\rX", .bareCarriageReturn), ("0\r\n X: y\r\n", .foldedLine),
        ("0\r\nX: y\r\n z\r\n", .foldedLine), ("0\r\nX : y\r\n", .spaceBeforeColon),
        ("0\r\nX: y\nZ: z\r\n", .bareLineFeed),
        ("0\r\nX: \0\r\n", .controlCharacter), ("0\r\n: y\r\n", .emptyFieldName), ("0\r\nnonsense\r\n", .badFieldName),
        ("0\r\nX: " + String(repeating: "y", count: 16 * 1024), .headTooLarge),
        ("0\r\n" + String(repeating: "X: y\r\n", count: 101), .tooManyFields),
    ]

    @Test(arguments: refusals)
    func `refuses the same however the bytes are cut`(_ coded: String, _ code: WireError.Code) {
        let bytes = Array(coded.utf8)
        let refused = BodyOutcome.refused(WireError(code))
        #expect(decodeChunks(bytes) == refused)
        for cut in stride(from: 0, through: bytes.count, by: bytes.count > 2000 ? 97 : 1) {
            #expect(decodeChunks(bytes, cuts: [cut]) == refused)
        }
        #expect(decodeChunks(bytes, cuts: Array(0...bytes.count)) == refused)
    }

    @Test func `accepts extensions and trailers of exactly the limit`() {
        let limits = WireLimits(headBytes: 8, chunkExtensionBytes: 4)
        #expect(
            decodeChunks(Array("1;xxx\r\na\r\n0\r\nX: y\r\n\r\n".utf8), limits: limits)
                == .complete(body: [97], consumed: 21))
        #expect(
            decodeChunks(Array("1;x\r\na\r\n0;x\r\nX: yz\r\n\r\n".utf8), limits: limits)
                == .refused(WireError(.headTooLarge)))
    }

    @Test func `tells where the data stand without copying them`() throws {
        let bytes = Array("..3\r\nabc\r\n0\r\n\r\n".utf8)
        var decoder = ChunkedDecoder()
        #expect(try describe(decoder.decode(bytes.span, from: 2)) == "6 5..<8 false")
        #expect(try describe(decoder.decode(bytes.span, from: 8)) == "7 15..<15 true")
        #expect(try describe(decoder.decode(bytes.span, from: 2)) == "0 2..<2 true")
    }

    @Test func `takes a chunk of the largest size piece by piece`() throws {
        var decoder = ChunkedDecoder()
        _ = try decoder.decode("7FFFFFFFFFFFFFFF\r\n".utf8.span, from: 0)
        let piece = [UInt8](repeating: 1, count: 1000)
        #expect(try describe(decoder.decode(piece.span, from: 0)) == "1000 0..<1000 false")
    }

    @Test func `begins a new body when reset and names the sender at fault`() throws {
        var decoder = ChunkedDecoder(from: .store)
        let bad = Array("x".utf8)
        for _ in 0..<2 {
            #expect(throws: WireError(.badChunkSize, from: .store)) { try decoder.decode(bad.span, from: 0) }
        }
        decoder.reset()
        #expect(try decoder.decode("0\r\n\r\n".utf8.span, from: 0).isComplete)
    }
}
