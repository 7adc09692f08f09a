// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// Where a callback goes: an absolute `http` or `https` URL, kept as written.
package struct CallbackURL: Sendable, Equatable, CustomStringConvertible {
    /// Why a text is not a callback URL, as a clause without a final stop.
    package struct Problem: Error, Sendable, Equatable {
        /// For people, in the sentence "… is no callback URL: …".
        package let message: String
    }

    /// Whether the scheme is `https`.
    package let isTLS: Bool
    /// The host without brackets; a name, an IPv4 address or an IPv6 address.
    package let host: String
    /// The port, given or implied by the scheme.
    package let port: Int
    /// `Host` as it is sent: host, and the port if the URL names one.
    package let authority: String
    /// The path as written, at least `/`.
    package let rawPath: String
    /// The query as written, without its question mark; nil when the URL has no question mark.
    package let rawQuery: String?

    /// What follows the method in the request line.
    package var target: String { rawQuery.map { "\(rawPath)?\($0)" } ?? rawPath }
    /// The absolute URL, with its scheme.
    package var description: String { "\(isTLS ? "https" : "http")://\(authority)\(target)" }
    /// Whether the host is an address in brackets.
    package var isIPv6Literal: Bool { host.utf8.contains(UInt8(ascii: ":")) }

    /// Parses `text`.
    ///
    /// - Parameter defaultScheme: what a missing scheme means (OSS: `http`, TOS: `https`); nil makes it an error.
    /// - Throws: ``Problem`` for another scheme, user information, a fragment, a bad host or port, characters that must
    ///   be percent-encoded, and a `%` without two hexadecimal digits.
    package init(parsing text: String, defaultScheme: String? = nil) throws(Problem) {
        if text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F || Self.neverInURL.contains($0) }) {
            throw Problem(message: "spaces, quotes, braces and non-ASCII characters must be percent-encoded")
        }
        let (scheme, rest) = try Self.splitScheme(text, defaultScheme: defaultScheme)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let target = rest[end...]
        if target.contains("#") { throw Problem(message: "a callback URL has no fragment (#…)") }
        if !Self.hasValidEscapes(rest) { throw Problem(message: "a % is not followed by two hexadecimal digits") }

        let authority = try Authority(parsing: rest[..<end])
        isTLS = scheme == "https"
        host = authority.host
        port = authority.port ?? (isTLS ? 443 : 80)
        self.authority = String(rest[..<end])
        let pathEnd = target.firstIndex(of: "?") ?? target.endIndex
        rawPath = pathEnd == target.startIndex ? "/" : String(target[..<pathEnd])
        rawQuery = pathEnd == target.endIndex ? nil : String(target[target.index(after: pathEnd)...])
    }

    /// `"<>\^`{|}`: excluded from URLs by RFC 3986 section 2, and in braces' case easily a mistaken variable.
    private static let neverInURL: [UInt8] = [0x22, 0x3C, 0x3E, 0x5C, 0x5E, 0x60, 0x7B, 0x7C, 0x7D]

    private static func splitScheme(
        _ text: String, defaultScheme: String?
    ) throws(Problem) -> (scheme: String, rest: Substring) {
        let lowered = text.lowercased()
        for scheme in ["http", "https"] where lowered.hasPrefix(scheme + "://") {
            return (scheme, text.dropFirst(scheme.utf8.count + 3))
        }
        // A colon before any slash may be a port; "://" never is.
        let head = text.prefix { $0 != "/" && $0 != "?" }
        let isOtherScheme = head.hasSuffix(":") && text.dropFirst(head.count).hasPrefix("//")
        guard let defaultScheme, !isOtherScheme else {
            throw Problem(message: "it must begin with http:// or https://")
        }
        return (defaultScheme, text[...])
    }

    private static func hasValidEscapes(_ text: Substring) -> Bool {
        let bytes = [UInt8](text.utf8)
        return bytes.indices.allSatisfy { index in
            bytes[index] != UInt8(ascii: "%")
                || (index + 2 < bytes.count && bytes[index + 1].isHexDigit && bytes[index + 2].isHexDigit)
        }
    }
}

/// `host`, `host:port` or `[IPv6]:port`.
struct Authority {
    /// Without brackets.
    let host: String
    let port: Int?

    init(parsing text: Substring) throws(CallbackURL.Problem) {
        if text.contains("@") { throw CallbackURL.Problem(message: "user names and passwords do not belong in it") }
        let portStart: Substring.Index?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw CallbackURL.Problem(message: "the [ of its IPv6 address is not closed")
            }
            let inner = String(text[text.index(after: text.startIndex)..<close])
            guard IPAddress(parsing: inner)?.bytes.count == 16 else {
                throw CallbackURL.Problem(message: "\"\(inner)\" is not an IPv6 address")
            }
            host = inner
            let after = text[text.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else {
                throw CallbackURL.Problem(message: "only a port may follow an IPv6 address")
            }
            portStart = after.isEmpty ? nil : after.index(after: after.startIndex)
        } else {
            let colon = text.firstIndex(of: ":")
            host = String(text[..<(colon ?? text.endIndex)])
            guard Self.isHostName(host) else {
                throw CallbackURL.Problem(message: host.isEmpty ? "it has no host" : "\"\(host)\" is not a host name")
            }
            portStart = colon.map { text.index(after: $0) }
        }
        port = try portStart.map { start throws(CallbackURL.Problem) in try Self.port(text[start...]) }
    }

    private static func port(_ text: Substring) throws(CallbackURL.Problem) -> Int {
        guard !text.isEmpty, text.utf8.count <= 5, text.utf8.allSatisfy(\.isDecimalDigit), let number = Int(text),
            (1...65535).contains(number)
        else { throw CallbackURL.Problem(message: "\"\(text)\" is not a port from 1 to 65535") }
        return number
    }

    /// Letters, digits, `-`, `_` and `.`, no empty label but a final one, at most 253 bytes.
    private static func isHostName(_ text: String) -> Bool {
        var labels = text.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy {
                        $0.isASCIILetter || $0.isDecimalDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    }
            }
    }
}

extension UInt8 {
    var isDecimalDigit: Bool { decimalDigitValue != nil }
    var isHexDigit: Bool { hexDigitValue != nil }
    var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
