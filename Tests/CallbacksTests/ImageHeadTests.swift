// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Octets
import Testing

/// What is found in the pieces, and whether the reader asked for no more.
private func read(_ pieces: [ArraySlice<UInt8>]) -> (image: CallbackFacts.Image?, isDecided: Bool) {
    var head = ImageHead()
    for piece in pieces { head.add(piece.span) }
    return (head.image, head.isDecided)
}

private func read(_ bytes: [UInt8]) -> (image: CallbackFacts.Image?, isDecided: Bool) { read([bytes[...]]) }

/// A segment of a JPEG with its marker.
private func segment(_ code: UInt8, _ body: [UInt8]) -> [UInt8] {
    let length = body.count + 2
    return [0xFF, code, UInt8(length >> 8), UInt8(length & 0xFF)] + body
}

private let start: [UInt8] = [0xFF, 0xD8]
/// 8 bits, height 3, width 7, one component.
private let frame = segment(0xC0, [8, 0, 3, 0, 7, 1, 1, 0x11, 0])
private let small = CallbackFacts.Image(height: 3, width: 7, format: "jpg")

@Suite struct ImageHeadTests {
    @Test(arguments: sampleImages.indices)
    func `reads what other programs write, however it is cut`(index: Int) throws {
        let sample = sampleImages[index]
        let bytes = try #require(base64Decoded(sample.base64))
        let expected = CallbackFacts.Image(height: sample.height, width: sample.width, format: sample.format)
        #expect(read(bytes) == (expected, true), "\(sample.name)")
        #expect(read(bytes.indices.map { bytes[$0...$0] }) == (expected, true), "\(sample.name)")
        for cut in bytes.indices {
            #expect(read([bytes[..<cut], bytes[cut...]]) == (expected, true), "\(sample.name), cut at \(cut)")
            // A beginning is either enough, or says nothing yet.
            let early = read([bytes[..<cut]])
            #expect(early == (expected, true) || early == (nil, false), "\(sample.name), \(cut) bytes")
        }
    }

    @Test func `passes over segments without an end`() {
        // Eight MiB of a profile, such as depth maps take.
        var head = ImageHead()
        head.add(start.span)
        let long = segment(0xE2, [UInt8](repeating: 0xFF, count: 65533))
        for _ in 0..<128 { head.add(long.span) }
        #expect(!head.isDecided)
        head.add(frame.span)
        #expect(head.image == small)
        #expect(MemoryLayout<ImageHead>.size <= 200)
    }

    @Test func `takes filled-up markers, empty segments, and every kind of frame`() {
        let fill = [UInt8](repeating: 0xFF, count: 100)
        #expect(read(start + fill + segment(0xFE, []) + fill + frame).image == small)
        let kinds: [UInt8] = [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF]
        for kind in kinds {
            #expect(read(start + [0xFF, kind] + frame.dropFirst(2)).image == small)
        }
        // Tables look like frames but are none: they are passed over.
        for kind: UInt8 in [0xC4, 0xC8, 0xCC] {
            #expect(read(start + [0xFF, kind] + frame.dropFirst(2) + frame).image == small)
        }
    }

    @Test(arguments: [
        start + [0xFF, 0xE1, 0, 0], start + [0xFF, 0xE1, 0, 1], start + [0xFF, 0xC0, 0, 7], start + [0x00],
        start + [0xFF, 0x00], start + [0xFF, 0xD9], start + [0xFF, 0xDA], start + [0xFF, 0xD0], start + start,
        start + segment(0xE0, [1, 2, 3]) + [0x12],
        // Without a height, which would come after the first scan, or without a width.
        start + segment(0xC0, [8, 0, 0, 0, 7, 1, 1, 0x11, 0]), start + segment(0xC0, [8, 0, 3, 0, 0, 1, 1, 0x11, 0]),
        start + [UInt8](repeating: 0xFF, count: 5000),
        (0..<5000).reduce(into: start) { bytes, _ in bytes += segment(0xFE, []) },
    ])
    func `gives up on what is no JPEG`(bytes: [UInt8]) {
        #expect(read(bytes) == (nil, true))
        #expect(read([bytes[...], frame[...]]).image == nil)
    }

    private static func png(_ width: [UInt8], _ height: [UInt8], length: UInt8 = 13, type: String = "IHDR") -> [UInt8] {
        [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, length] + type.bytes + width + height
    }

    private static func webP(_ kind: String, _ rest: [UInt8]) -> [UInt8] {
        "RIFF".bytes + [0, 0, 0, 0] + "WEBP".bytes + kind.bytes + [0, 0, 0, 0] + rest
    }

    @Test func `reads the largest sizes`() {
        let most: UInt64 = 0x7FFF_FFFF
        #expect(
            read(Self.png([0x7F, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF])).image
                == .init(height: most, width: most, format: "png"))
        #expect(
            read(start + segment(0xC2, [8, 0xFF, 0xFF, 0xFF, 0xFE, 1, 1, 0x11, 0])).image
                == .init(height: 0xFFFF, width: 0xFFFE, format: "jpg"))
        #expect(
            read(Self.webP("VP8X", [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF])).image
                == .init(height: 0xFFFFFF, width: 0x1000000, format: "webp"))
        // The two bits above a VP8 size are for scaling.
        #expect(
            read(Self.webP("VP8 ", [0, 0, 0, 0x9D, 1, 0x2A, 0xFF, 0x7F, 1, 0xC0])).image
                == .init(height: 1, width: 0x3FFF, format: "webp"))
        #expect(read("GIF89a".bytes + [0xFF, 0xFF, 1, 0]).image == .init(height: 1, width: 0xFFFF, format: "gif"))
    }

    @Test(arguments: [
        png([0, 0, 0, 0], [0, 0, 0, 1]), png([0, 0, 0, 1], [0, 0, 0, 0]), png([0x80, 0, 0, 0], [0, 0, 0, 1]),
        png([0, 0, 0, 1], [0, 0, 0, 1], length: 12), png([0, 0, 0, 1], [0, 0, 0, 1], type: "CgBI"),
        "GIF89a".bytes + [0, 0, 1, 0], "GIF88a".bytes, "PNG".bytes, "{}".bytes, [0], "BM".bytes, "II*\0".bytes,
        "RIFF".bytes + [0, 0, 0, 0] + "WAVEfmt ".bytes + [UInt8](repeating: 0, count: 30),
        webP("ALPH", [UInt8](repeating: 1, count: 10)), webP("VP8L", [0x2E, 0, 0, 0, 0]),
        webP("VP8L", [0x2F, 0, 0, 0, 0x20]), webP("VP8 ", [1, 0, 0, 0x9D, 1, 0x2A, 1, 0, 1, 0]),
        webP("VP8 ", [0, 0, 0, 0x9D, 1, 0x2B, 1, 0, 1, 0]), webP("VP8 ", [0, 0, 0, 0x9D, 1, 0x2A, 0, 0x40, 1, 0]),
    ])
    func `gives up on what is no image`(bytes: [UInt8]) {
        #expect(read(bytes) == (nil, true))
    }

    @Test func `an empty object is undecided and no image`() {
        #expect(read([UInt8]()) == (nil, false))
    }

    @Test func `means the same in any pieces, and never traps`() throws {
        var dice = Dice(seed: 9)
        for _ in 0..<3000 {
            var bytes = try #require(base64Decoded(sampleImages[dice.roll(sampleImages.count)].base64))
            for _ in 0..<(1 + dice.roll(6)) { bytes[dice.roll(min(bytes.count, 64))] = UInt8(dice.roll(256)) }
            var pieces: [ArraySlice<UInt8>] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(1 + dice.roll(40))
                pieces.append(piece)
                rest = rest.dropFirst(piece.count)
            }
            #expect(read(bytes) == read(pieces))
        }
    }
}
