// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Quantities in the words of people, and text as HTML.
enum StatusText {
    /// Text that HTML shows as it is, in content and in quoted attributes. Control characters become U+FFFD.
    static func escaped(_ text: String) -> String {
        var html = ""
        html.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}": html += "\u{FFFD}"
            default: html.unicodeScalars.append(scalar)
            }
        }
        return html
    }

    /// `1.5 MiB`.
    static func bytes(_ count: some BinaryInteger) -> String {
        var (unit, scale) = (0, 1)
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        let count = Int(clamping: count)
        while unit < units.count - 1, count / scale >= 1024 {
            unit += 1
            scale *= 1024
        }
        guard unit > 0 else { return "\(count) B" }
        return decimal(Double(count) / Double(scale)) + " " + units[unit]
    }

    /// `1.5 MiB/s`.
    static func rate(_ bytesPerSecond: Double) -> String {
        bytes(Int(max(0, min(bytesPerSecond, 1e18)))) + "/s"
    }

    /// With one decimal below a hundred, without above.
    static func decimal(_ number: Double) -> String {
        let tenths = Int((max(0, min(number, 1e15)) * 10).rounded())
        if tenths >= 1000 || tenths % 10 == 0 { return String((tenths + 5) / 10) }
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `850 ms`, `12.5 s`, `3 min 20 s`, `5 h 2 min`, `4 d 1 h`.
    static func duration(milliseconds: Double) -> String {
        let milliseconds = max(0, min(milliseconds, 1e15))
        if milliseconds < 1000 { return decimal(milliseconds) + " ms" }
        if milliseconds < 60_000 { return decimal(milliseconds / 1000) + " s" }
        let seconds = Int(milliseconds / 1000)
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        if seconds < 86_400 { return "\(seconds / 3600) h \(seconds / 60 % 60) min" }
        return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
    }

    /// `2023-11-14 22:13:20`, UTC.
    static func time(_ unixMilliseconds: Int64) -> String {
        let text = ISO8601.extendedMilliseconds(unixMilliseconds)
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8)
    }

    static func element(time unixMilliseconds: Int64) -> String {
        "<time datetime=\"\(ISO8601.extendedMilliseconds(unixMilliseconds))\">\(time(unixMilliseconds))</time>"
    }
}
