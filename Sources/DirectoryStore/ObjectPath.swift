// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// Where an object lies below the root: one name for each step, every one of them valid UTF-8 and at most 253 bytes.
///
/// The key is cut at its slashes. All segments but the last become directories, the last one a file whose name starts
/// with `=`; so `a` (the file `=a`) and `a/b` (the file `a/=b`) live side by side, and an operator finds
/// `photos/2026/cat.jpg` at `photos/2026/=cat.jpg`. Within a segment,
/// - control characters, `%` and bytes that are not UTF-8 are written `%XX`, and so is a leading `=`;
/// - an empty segment (as in `a//b`) is the directory `%`, an empty last one (`a/`) the file `=`;
/// - a segment longer than a file name may be goes on in a directory: each piece but the last ends in `%+`, and a
///   leading `.` of the later ones is escaped, lest a piece be `..`.
///
/// A `%` is always followed by two hexadecimal digits, by `+` at the end of a name, or stands alone: no two keys share
/// a path. Letter case matters as long as the file system keeps it.
struct ObjectPath: Equatable {
    /// The bucket and below.
    let directories: [String]
    let file: String

    static let maximumKeyBytes = 1023
    private static let maximumPieceBytes = 250

    /// Throws `invalidBucket` and `invalidKey`.
    init(bucket: String, key: [UInt8]) throws(StoreError) {
        guard Self.isValid(bucket: bucket) else { throw StoreError(.invalidBucket, "naming a bucket") }
        guard 1...Self.maximumKeyBytes ~= key.count, !key.contains(0) else {
            throw StoreError(.invalidKey, "naming an object")
        }
        var names = [bucket]
        let segments = key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            guard !segment.elementsEqual(".".utf8), !segment.elementsEqual("..".utf8) else {
                throw StoreError(.invalidKey, "naming an object")
            }
            var pieces = Self.pieces(segment)
            let last = pieces.removeLast()
            names += pieces.map { $0 + "%+" }
            let isFile = index == segments.count - 1
            names.append(isFile ? "=" + last : last.isEmpty ? "%" : last)
        }
        file = names.removeLast()
        directories = names
    }

    /// 1…63 of a…z, 0…9, `.`, `_`, `-`, with a letter or digit at both ends; so no bucket meets `.tmp`, `.` or `..`.
    private static func isValid(bucket: String) -> Bool {
        let bytes = Array(bucket.utf8)
        guard 1...63 ~= bytes.count, let first = bytes.first, let last = bytes.last else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && bytes.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || byte.decimalDigitValue != nil
    }

    /// The segment escaped and cut into pieces that fit a file name with its marks; at least one, maybe empty.
    private static func pieces(_ segment: ArraySlice<UInt8>) -> [String] {
        let bytes = segment.span
        var pieces: [String] = []
        var piece: [UInt8] = []
        var index = 0
        while index < bytes.count {
            var unit: [UInt8] = []
            let escaped = piece.isEmpty ? (pieces.isEmpty ? "%=" : "%=.") : "%"
            let length = appendUnit(bytes, at: index, escaping: escaped, to: &unit)
            if piece.count + unit.count > maximumPieceBytes {
                pieces.append(String(octets: piece.span))
                piece.removeAll()
                continue
            }
            piece += unit
            index += length
        }
        return pieces + [String(octets: piece.span)]
    }

    /// Appends one character, escaped if need be, and returns how many bytes of the segment it took.
    private static func appendUnit(
        _ bytes: Span<UInt8>, at index: Int, escaping escaped: String, to unit: inout [UInt8]
    ) -> Int {
        let byte = bytes[index]
        if 0x20..<0x7F ~= byte, !escaped.utf8.contains(byte) {
            unit.append(byte)
            return 1
        }
        if byte >= 0x80, case .scalar(let length) = UTF8Step(bytes, at: index) {
            unit.append(bytes.extracting(index..<index + length))
            return length
        }
        unit.append("%")
        unit.appendHex(UInt64(byte), minimumDigits: 2, uppercase: true)
        return 1
    }
}
