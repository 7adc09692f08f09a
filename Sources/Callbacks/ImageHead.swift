// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Reads size and format of an image out of the bytes of an object as they pass: PNG, JPEG, GIF and WebP.
///
/// Holds no more than 30 bytes of it, whatever comes; what it cannot read is no image. The rest of the file is not looked
/// at, so a broken picture with a whole head has a size.
package struct ImageHead: Sendable {
    private enum Phase {
        case head
        case jpeg(JPEGSegments)
        case decided(CallbackFacts.Image?)
    }

    /// Enough for every format but JPEG, whose size may come late.
    private static let longest = 30

    private var phase = Phase.head
    private var head: [30 of UInt8] = .init(repeating: 0)
    private var count = 0

    package init() {}

    /// The image; nil for what is none, and as long as too little has come.
    package var image: CallbackFacts.Image? {
        if case .decided(let image) = phase { image } else { nil }
    }

    /// Whether more bytes change nothing: feeding can stop.
    package var isDecided: Bool {
        if case .decided = phase { true } else { false }
    }

    /// Takes the next bytes of the object, in pieces of any size.
    package mutating func add(_ bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count {
            switch phase {
            case .decided: return
            case .head:
                head[count] = bytes[index]
                count += 1
                index += 1
                readHead()
            case .jpeg(var segments):
                let outcome = segments.read(bytes, from: &index)
                switch outcome {
                case .needsMore: phase = .jpeg(segments)
                case .none: phase = .decided(nil)
                case .size(let width, let height): decide(width, height, "jpg")
                }
            }
        }
    }

    private mutating func readHead() {
        if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            readPNG()
        } else if begins("GIF87a".utf8) || begins("GIF89a".utf8) {
            // GIF89a specification section 18: the logical screen.
            if count == 10 { decide(little(6, 2), little(8, 2), "gif") }
        } else if begins([0xFF, 0xD8]) {
            if count == 2 { phase = .jpeg(JPEGSegments()) }
        } else if begins("RIFF".utf8) {
            readWebP()
        } else {
            phase = .decided(nil)
        }
        if count == Self.longest, case .head = phase { phase = .decided(nil) }
    }

    /// The first chunk is IHDR: length 13, width, height, both at most 2³¹−1 (PNG, sections 5.6, 7.1 and 11.2.1).
    private mutating func readPNG() {
        guard count == 24 else { return }
        let isHeader = holds([0, 0, 0, 13], at: 8) && holds("IHDR".utf8, at: 12)
        if isHeader, big(16, 4) <= Int32.max, big(20, 4) <= Int32.max {
            decide(big(16, 4), big(20, 4), "png")
        } else {
            phase = .decided(nil)
        }
    }

    /// The first chunk is of one of three kinds (WebP Container Specification; VP8: RFC 6386 section 9.1; VP8L: WebP Lossless
    /// Bitstream Specification section 3).
    private mutating func readWebP() {
        guard count >= 25 else { return }
        guard holds("WEBP".utf8, at: 8) else {
            phase = .decided(nil)
            return
        }
        if holds("VP8L".utf8, at: 12) {
            let bits = little(21, 4)
            // A signature byte, and three bits of a version that is zero.
            guard head[20] == 0x2F, bits >> 29 == 0 else { return phase = .decided(nil) }
            decide(bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1, "webp")
        } else if holds("VP8X".utf8, at: 12) {
            if count == 30 { decide(little(24, 3) + 1, little(27, 3) + 1, "webp") }
        } else if holds("VP8 ".utf8, at: 12) {
            guard count == 30 else { return }
            // Only a key frame has a size, behind its start code; above it two bits are for scaling.
            guard head[20] & 1 == 0, holds([0x9D, 0x01, 0x2A], at: 23) else { return phase = .decided(nil) }
            decide(little(26, 2) & 0x3FFF, little(28, 2) & 0x3FFF, "webp")
        } else {
            phase = .decided(nil)
        }
    }

    /// An image without any width or height is none.
    private mutating func decide(_ width: UInt64, _ height: UInt64, _ format: String) {
        let isImage = width > 0 && height > 0
        phase = .decided(isImage ? CallbackFacts.Image(height: height, width: width, format: format) : nil)
    }

    /// Whether what has come is a beginning of `text`, or begins with it.
    private func begins(_ text: some Sequence<UInt8>) -> Bool {
        var index = 0
        for byte in text {
            if index == count { return true }
            if head[index] != byte { return false }
            index += 1
        }
        return true
    }

    /// Of bytes that have come.
    private func holds(_ text: some Sequence<UInt8>, at start: Int) -> Bool {
        var index = start
        for byte in text {
            if head[index] != byte { return false }
            index += 1
        }
        return true
    }

    private func big(_ start: Int, _ bytes: Int) -> UInt64 {
        (start..<(start + bytes)).reduce(0) { $0 << 8 | UInt64(head[$1]) }
    }

    private func little(_ start: Int, _ bytes: Int) -> UInt64 {
        (start..<(start + bytes)).reversed().reduce(0) { $0 << 8 | UInt64(head[$1]) }
    }
}
