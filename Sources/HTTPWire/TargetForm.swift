// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// The forms of a request target that we serve (RFC 9112 §3.2) and where their parts stand.
enum TargetForm {
    /// `/path?query`
    case origin(Range<Int>)
    /// `http://authority/path?query`; `rest` starts with a slash or question mark, or is empty.
    case absolute(authority: Range<Int>, rest: Range<Int>)
    /// `*`, of OPTIONS only.
    case asterisk

    /// Tells the form of the target at `range`, which holds only characters a target may hold.
    init(_ bytes: Span<UInt8>, at range: Range<Int>, isOptions: Bool) throws(WireError.Code) {
        if bytes[range.lowerBound] == Byte.slash {
            self = .origin(range)
        } else if isOptions, range.count == 1, bytes[range.lowerBound] == Byte.asterisk {
            self = .asterisk
        } else {
            let start = try Self.authorityStart(bytes, at: range)
            var end = start
            while end < range.upperBound, bytes[end] != Byte.slash, bytes[end] != Byte.question { end &+= 1 }
            guard Authority.isValid(bytes, at: start..<end) else { throw .badTarget }
            self = .absolute(authority: start..<end, rest: end..<range.upperBound)
        }
    }

    private static func authorityStart(_ bytes: Span<UInt8>, at range: Range<Int>) throws(WireError.Code) -> Int {
        let (http, https) = (range.lowerBound &+ 7, range.lowerBound &+ 8)
        if http < range.upperBound, bytes.holdsIgnoringCase("http://", at: range.lowerBound..<http) { return http }
        if https < range.upperBound, bytes.holdsIgnoringCase("https://", at: range.lowerBound..<https) { return https }
        throw .badTarget
    }

    /// Writes target, path end and authority of `head`; an authority in the target wins over `host` (RFC 9112 §3.2.2).
    func write(_ bytes: Span<UInt8>, host: Range<Int>, isOptions: Bool, into head: inout RequestHead) {
        head.target.removeAll(keepingCapacity: true)
        head.authorityBytes.removeAll(keepingCapacity: true)
        switch self {
        case .origin(let range):
            head.target.append(bytes.extracting(range))
            head.authorityBytes.append(bytes.extracting(host))
        case .asterisk:
            head.target.append(Byte.asterisk)
            head.authorityBytes.append(bytes.extracting(host))
        case .absolute(let authority, let rest):
            if rest.isEmpty {
                // OPTIONS of a bare URL asks about the server as a whole (RFC 9112 §3.2.4).
                head.target.append(isOptions ? Byte.asterisk : Byte.slash)
            } else {
                if bytes[rest.lowerBound] == Byte.question { head.target.append(Byte.slash) }
                head.target.append(bytes.extracting(rest))
            }
            head.authorityBytes.append(bytes.extracting(authority))
        }
        head.pathEnd = head.target.firstIndex(of: Byte.question) ?? head.target.count
    }
}
