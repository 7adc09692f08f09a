// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Walks over the segments of a JPEG, from behind its start, to the frame header that has the size (ITU-T T.81, Annex B).
///
/// Segments in between (EXIF with its thumbnail, colour profiles) are passed over by their length.
struct JPEGSegments: Sendable {
    /// What the bytes so far say.
    enum Outcome: Sendable, Equatable {
        case needsMore
        case size(width: UInt64, height: UInt64)
        case none
    }

    /// What the next byte is. Each leads to the one below it, `skip` and `fill` back to `marker`.
    private enum Step {
        /// The 0xFF in front of a marker.
        case marker
        /// More of these, or the marker itself.
        case code
        case lengthHigh
        case lengthLow
        /// So many bytes of a segment.
        case skip(Int)
        /// One of precision, height (2), width (2).
        case frame(Int)
    }

    /// Far more than real pictures have: a profile or a depth map takes a segment of up to 64 KiB each.
    private static let mostSegments = 4096
    /// Markers may be filled up with 0xFF; nobody does so for long.
    private static let mostFill = 4096

    private var step = Step.marker
    private var code: UInt8 = 0
    private var length = 0
    private var size: UInt64 = 0
    private var segments = 0
    private var fill = 0

    init() {}

    /// Reads on, from `index` to the end of `bytes` or to where the outcome is known.
    mutating func read(_ bytes: Span<UInt8>, from index: inout Int) -> Outcome {
        while index < bytes.count {
            if case .skip(let left) = step {
                let passed = min(left, bytes.count - index)
                index += passed
                step = passed == left ? .marker : .skip(left - passed)
                continue
            }
            let outcome = take(bytes[index])
            index += 1
            if outcome != .needsMore { return outcome }
        }
        return .needsMore
    }

    private mutating func take(_ byte: UInt8) -> Outcome {
        switch step {
        case .marker:
            guard byte == 0xFF else { return .none }
            step = .code
        case .code:
            return take(code: byte)
        case .lengthHigh:
            length = Int(byte) << 8
            step = .lengthLow
        case .lengthLow:
            length |= Int(byte)
            return measure()
        case .frame(let place):
            // The precision goes out at the left.
            size = (size << 8 | UInt64(byte)) & 0xFFFF_FFFF
            guard place == 4 else {
                step = .frame(place + 1)
                return .needsMore
            }
            return .size(width: size & 0xFFFF, height: size >> 16)
        case .skip: preconditionFailure("what is skipped is not looked at")
        }
        return .needsMore
    }

    private mutating func take(code byte: UInt8) -> Outcome {
        switch byte {
        case 0xFF:
            fill += 1
            return fill > Self.mostFill ? .none : .needsMore
        // Stuffing, one that stands alone, restarts, start, end, scan: none of them comes before the frame's size.
        case 0x00...0x01, 0xD0...0xDA: return .none
        default:
            segments += 1
            code = byte
            step = .lengthHigh
            return segments > Self.mostSegments ? .none : .needsMore
        }
    }

    /// The length counts its own two bytes.
    private mutating func measure() -> Outcome {
        guard length >= 2 else { return .none }
        guard Self.isFrame(code) else {
            step = length == 2 ? .marker : .skip(length - 2)
            return .needsMore
        }
        guard length >= 8 else { return .none }
        step = .frame(0)
        return .needsMore
    }

    /// SOF0 to SOF15 without DHT, JPG and DAC, which stand between them (table B.1).
    private static func isFrame(_ code: UInt8) -> Bool {
        (0xC0...0xCF).contains(code) && code != 0xC4 && code != 0xC8 && code != 0xCC
    }
}
