// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Writes metrics in Prometheus's text format 0.0.4 (prometheus.io, "Exposition formats").
///
/// Samples belong to the family begun last, which the format wants in one piece.
struct MetricsText {
    enum Kind: String { case counter, gauge, histogram }

    typealias Labels = [(name: String, value: String)]

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []
    private var family = ""

    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        bytes.append("# HELP \(name) ")
        appendEscaped(help, quotes: false)
        bytes.append("\n# TYPE \(name) \(kind.rawValue)\n")
    }

    mutating func sample(_ value: Int, _ labels: Labels = []) {
        begin(sample: "", labels)
        bytes.appendDecimal(value)
        bytes.append("\n")
    }

    /// A value in seconds.
    mutating func sample(nanoseconds: Int, _ labels: Labels = []) {
        begin(sample: "", labels)
        appendSeconds(nanoseconds)
        bytes.append("\n")
    }

    mutating func histogram(_ times: MetricsHistogram.Sum, _ labels: Labels = []) {
        var below = 0
        for (count, bound) in zip(times.buckets, MetricsHistogram.labels) {
            below += count
            begin(sample: "_bucket", labels + [("le", bound)])
            bytes.append("\(below)\n")
        }
        begin(sample: "_sum", labels)
        appendSeconds(times.nanoseconds)
        bytes.append("\n")
        begin(sample: "_count", labels)
        bytes.append("\(below)\n")
    }

    private mutating func begin(sample suffix: String, _ labels: Labels) {
        bytes.append(family)
        bytes.append(suffix)
        guard !labels.isEmpty else { return bytes.append(" ") }
        bytes.append("{")
        for (index, label) in labels.enumerated() {
            bytes.append(index == 0 ? "" : ",")
            bytes.append(label.name)
            bytes.append("=\"")
            appendEscaped(label.value, quotes: true)
            bytes.append("\"")
        }
        bytes.append("} ")
    }

    /// Exact, where a binary fraction would not be.
    private mutating func appendSeconds(_ nanoseconds: Int) {
        bytes.appendDecimal(nanoseconds / 1_000_000_000)
        var fraction = nanoseconds % 1_000_000_000
        guard fraction != 0 else { return }
        bytes.append(".")
        var place = 100_000_000
        while fraction > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / place))
            fraction %= place
            place /= 10
        }
    }

    /// Backslash and line feed are escaped everywhere, quotes in the values of labels.
    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append("\\\\")
            case UInt8(ascii: "\n"): bytes.append("\\n")
            case UInt8(ascii: "\"") where quotes: bytes.append("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}
