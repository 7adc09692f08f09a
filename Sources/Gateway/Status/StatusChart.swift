// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// One chart of the last hour: an SVG without text, stretched to its place, and what it says in words beside it.
struct StatusChart {
    /// Drawn one over the other; nil: nothing to tell of that period.
    struct Line {
        /// A word of the style sheet.
        let kind: String
        let values: [Double?]
        var isArea = false
    }

    let id: String
    let title: String
    /// What a value is in words.
    let words: (Double) -> String
    let lines: [(legend: String, line: Line)]

    /// The figure with its caption.
    var html: String {
        let most = lines.lazy.flatMap(\.line.values).compactMap(\.self).max() ?? 0
        let legend = lines.map { "<span class=\"key \($0.line.kind)\">\($0.legend) \(now($0.line))</span>" }.joined()
        let said =
            "\(title), last hour. Highest: \(words(most)). Last: "
            + lines.map { "\($0.legend) \(now($0.line))" }.joined(separator: ", ")
        return """
            <figure class="card" id="\(id)"><figcaption><h3>\(title)</h3><p class="soft small">\(legend)</p></figcaption>\
            <div class="plot"><span class="most soft small">\(words(most))</span>\
            <svg role="img" aria-label="\(said)" viewBox="0 0 \(LoopHistory.periods) 100" preserveAspectRatio="none">\
            <path class="grid" d="M0 0H\(LoopHistory.periods)M0 50H\(LoopHistory.periods)M0 100H\(LoopHistory.periods)"/>\
            \(lines.map { path($0.line, most) }.joined())</svg></div>\
            <div class="axis soft small"><span>1 h ago</span><span>30 min</span><span>now</span></div></figure>
            """
    }

    /// The last value there is.
    private func now(_ line: Line) -> String {
        line.values.last { $0 != nil }.flatMap { $0 }.map(words) ?? "–"
    }

    /// A step for each period, periods of the same height in one; a gap where there is nothing to tell.
    private func path(_ line: Line, _ most: Double) -> String {
        guard most > 0 else { return "" }
        let heights = line.values.map { value -> Int? in
            // Nothing has no area.
            guard let value, value > 0 || !line.isArea else { return nil }
            return Int((100 - value / most * 100).rounded())
        }
        var data = ""
        for (place, height) in heights.enumerated() {
            guard let height else { continue }
            let before = place > 0 ? heights[place - 1] : nil
            if before == nil { data += line.isArea ? "M\(place) 100V\(height)" : "M\(place) \(height)" }
            if before != nil, before != height { data += "V\(height)" }
            let after = place + 1 < heights.count ? heights[place + 1] : nil
            if after != height { data += "H\(place + 1)" }
            if after == nil, line.isArea { data += "V100" }
        }
        return "<path class=\"\(line.isArea ? "area" : "line") \(line.kind)\" d=\"\(data)\"/>"
    }
}

extension StatusReport {
    /// Throughput, uploads, latency.
    var charts: [StatusChart] {
        func perSecond(_ counts: [Int]) -> [Double?] { zip(counts, history.seconds).map { Double($0) / $1 } }
        let all = zip(history.stored, history.failed).map { $0 + $1 }
        return [
            StatusChart(
                id: "throughput", title: "Throughput", words: StatusText.rate,
                lines: [("received", .init(kind: "accent", values: perSecond(history.bytes), isArea: true))]),
            StatusChart(
                id: "uploads-ended", title: "Uploads ended", words: { StatusText.decimal($0) + "/s" },
                lines: [
                    ("all", .init(kind: "good", values: perSecond(all), isArea: true)),
                    ("failed", .init(kind: "bad", values: perSecond(history.failed), isArea: true)),
                ]),
            StatusChart(
                id: "latency", title: "Time of an upload", words: { StatusText.duration(milliseconds: $0) },
                lines: [
                    ("95 %", .init(kind: "warn", values: history.slow)),
                    ("median", .init(kind: "accent", values: history.median)),
                ]),
        ]
    }
}
