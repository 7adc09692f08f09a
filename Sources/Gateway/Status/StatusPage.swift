// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The status page: one document without external resources, whose parts a small script replaces by newer ones.
enum StatusPage {
    /// The page and the `Content-Security-Policy` to send with it.
    ///
    /// - Parameter nonce: new and unpredictable for every answer, of characters that Base64 has.
    static func render(_ report: StatusReport, nonce: String) -> (html: String, policy: String) {
        let parts = Dictionary(uniqueKeysWithValues: report.fragments.map { ($0.id, $0.html) })
        func part(_ id: String) -> String { parts[id] ?? "" }
        let page = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Putback status</title>
            <link rel="icon" href="data:,">
            <style nonce="\(nonce)">
            \(style)
            </style>
            <noscript><meta http-equiv="refresh" content="5"></noscript>
            </head>
            <body>
            <main>
            <header>
              <div class="row"><h1>Putback status</h1>
                <span class="row"><span class="badge" id="live-badge" role="status"></span>
                <button type="button" id="pause" hidden>Pause</button></span></div>
              <div id="state">\(part("state"))</div>
            </header>
            <section aria-labelledby="uploads-title"><h2 id="uploads-title">Uploads under way</h2>
              <div id="uploads">\(part("uploads"))</div></section>
            <section aria-labelledby="charts-title"><h2 id="charts-title">Last hour</h2>
              <div class="charts" id="charts">\(part("charts"))</div></section>
            <section aria-labelledby="stores-title"><h2 id="stores-title">Stores</h2>
              <div id="stores">\(part("stores"))</div></section>
            <section aria-labelledby="routes-title"><h2 id="routes-title">Outcomes by route, since the start</h2>
              <div id="routes">\(part("routes"))</div></section>
            <section aria-labelledby="failures-title"><h2 id="failures-title">Last failures</h2>
              <div id="failures">\(part("failures"))</div></section>
            <footer class="soft small">Times are UTC. For programs: <a href="/status.json">/status.json</a>,
              <a href="/metrics">/metrics</a>.</footer>
            </main>
            <script nonce="\(nonce)">
            \(script)
            </script>
            </body>
            </html>

            """
        let policy =
            "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; img-src data:;"
            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return (page, policy)
    }
}

extension StatusReport {
    /// What changes on the page: the content of the elements with these ids.
    var fragments: [(id: String, html: String)] {
        [
            ("state", stateHTML), ("uploads", uploadsHTML), ("charts", charts.map(\.html).joined()),
            ("stores", storesHTML), ("routes", routesHTML), ("failures", failuresHTML),
        ]
    }

    // MARK: - State

    private var stateHTML: String {
        let state = readiness == .ready ? "good" : "warn"
        let version = StatusText.escaped(Versions.putback)
        let age = started.map { StatusText.duration(milliseconds: Double(time - $0)) } ?? "–"
        var html = """
            <p class="soft"><span class="badge \(state)">\(readiness)</span> Putback \(version), up \(age), \(loops) \
            \(loops == 1 ? "loop" : "loops"); seen at \(StatusText.element(time: time))</p>
            """
        if silentLoops > 0 {
            html +=
                "<p class=\"problem warn\">\(silentLoops) of \(loops) loops did not answer in time; "
                + "what they do is missing here.</p>"
        }
        html += reloadHTML
        let rate = rows.reduce(0) { $0 + $1.rate }
        html += "<dl class=\"tiles\">"
        html += Self.tile("Uploads under way", "\(uploadsInFlight)")
        html += Self.tile("Receiving", StatusText.rate(rate))
        html += Self.tile("Client connections", "\(clientConnections)")
        html += Self.tile("Waiting in memory", StatusText.bytes(bufferedBytes))
        let (ended, failed) = (history.stored.reduce(0, +) + history.failed.reduce(0, +), history.failed.reduce(0, +))
        html += Self.tile("Ended in the last hour", "\(ended)")
        html += Self.tile("Of these failed", "\(failed)", kind: failed > 0 ? "bad" : "")
        return html + "</dl>"
    }

    private static func tile(_ name: String, _ value: String, kind: String = "") -> String {
        "<div class=\"card tile \(kind)\"><dt class=\"soft small\">\(name)</dt><dd>\(value)</dd></div>"
    }

    private var reloadHTML: String {
        let version = "<code>\(StatusText.escaped(reload.version))</code>"
        let since = "in use since \(StatusText.element(time: reload.milliseconds))"
        guard let error = reload.error else {
            return "<p class=\"soft\">Config \(version), \(since)</p>"
        }
        return "<p class=\"problem bad\"><strong>The last reload failed</strong>; config \(version) stays, \(since). "
            + "<bdi>\(StatusText.escaped(error))</bdi></p>"
    }

    // MARK: - Uploads

    private var uploadsHTML: String {
        guard uploadsInFlight > 0 else { return "<p class=\"card empty\">None at the moment.</p>" }
        var table = StatusTable(["Object", "Received", "Rate", "Doing"])
        for row in rows { table.add(cells(row)) }
        let more = uploadsInFlight - rows.count
        return table.html
            + (more > 0 ? "<p class=\"soft small\">Shown are the \(rows.count) oldest of \(uploadsInFlight).</p>" : "")
    }

    private func cells(_ row: Row) -> [String] {
        let upload = row.upload
        let object = StatusText.escaped(upload.object)
        var received = StatusText.bytes(upload.received)
        if let length = upload.length {
            let part = length == 0 ? 100 : min(100, Double(upload.received) / Double(length) * 100)
            received =
                "<progress max=\"100\" value=\"\(Int(part))\" aria-label=\"Received of \(object)\"></progress>"
                + "<span class=\"small\">\(received) of \(StatusText.bytes(length)) · \(Int(part)) %</span>"
        } else {
            received = "<span class=\"small\">\(received), length not told</span>"
        }
        return [
            "<bdi class=\"name\">\(object)</bdi>"
                + Self.soft([
                    "\(upload.route) → \(upload.store)", Self.who(upload.client, upload.address), upload.publicID,
                ]),
            "<span class=\"bar\">\(received)</span>", "<span class=\"still\">\(StatusText.rate(row.rate))</span>",
            "<span class=\"still\">\(upload.phase.words)</span>"
                + "<span class=\"soft small under still\">for \(StatusText.duration(milliseconds: Double(row.milliseconds)))</span>",
        ]
    }

    private static func who(_ client: String, _ address: String) -> String {
        client.isEmpty ? address : "\(client) at \(address)"
    }

    /// A line below what matters; texts are escaped here.
    private static func soft(_ texts: [String]) -> String {
        let shown = texts.filter { !$0.isEmpty }.map { "<bdi>\(StatusText.escaped($0))</bdi>" }
        return shown.isEmpty ? "" : "<span class=\"soft small under\">\(shown.joined(separator: " · "))</span>"
    }

    // MARK: - Stores and routes

    private var storesHTML: String {
        var table = StatusTable(["Store", "Health", "Requests, last 5 min", "Connections"])
        for store in stores {
            let (kind, word) = store.health
            var health = "<span class=\"badge \(kind)\">\(word)</span>"
            if !store.addressesDown.isEmpty {
                health += Self.soft(["not reached: " + store.addressesDown.joined(separator: ", ")])
            }
            if let failure = store.lastFailure {
                health += Self.soft(["\(StatusText.time(failure.time)): \(failure.message)"])
            }
            let recent = store.recent
            table.add([
                "<bdi class=\"name\">\(StatusText.escaped(store.name))</bdi>", health,
                store.connections == nil
                    ? "a directory" : "\(recent.good) well · \(recent.refused) refused · \(recent.failed) failed",
                store.connections.map { "\($0.active) in use · \($0.idle) idle" } ?? "–",
            ])
        }
        return table.html
    }

    private var routesHTML: String {
        var table = StatusTable(["Route", "Stored", "Not stored", "Callback failed", "Client gone", "Unclear"])
        for route in routes {
            func count(_ kinds: Outcome.Kind...) -> String {
                String(kinds.reduce(0) { $0 + route.counts[$1.rawValue] })
            }
            table.add([
                "<bdi class=\"name\">\(StatusText.escaped(route.route))</bdi>" + Self.soft(["→ " + route.store]),
                count(.stored), count(.notStored), count(.callbackFailed, .callbackFailedDeleted), count(.clientGone),
                count(.unknown, .mismatch),
            ])
        }
        return table.html
    }

    // MARK: - Failures

    private var failuresHTML: String {
        guard !failures.isEmpty else { return "<p class=\"card empty\">None since the start.</p>" }
        var table = StatusTable(["When", "Upload", "Why"])
        for failure in failures {
            let place = failure.route.isEmpty ? failure.listener : "\(failure.route) → \(failure.store)"
            table.add([
                StatusText.element(time: failure.time) + Self.soft(["told \(failure.status)"]),
                "<bdi class=\"name\">\(failure.object.isEmpty ? "–" : StatusText.escaped(failure.object))</bdi>"
                    + Self.soft([place, Self.who(failure.client, failure.address), failure.publicID]),
                "<bdi>\(StatusText.escaped(failure.message))</bdi>"
                    + Self.soft([failure.outcome, failure.code, failure.party, failure.phase]),
            ])
        }
        return table.html
    }
}

extension StatusReport.StoreState {
    /// What the last five minutes say, as a word of the style sheet and one for people.
    var health: (kind: String, word: String) {
        guard connections != nil else {
            return hasFailedLately ? ("warn", "failing at times") : ("good", "no failure lately")
        }
        if recent.failed > 0 { return recent.good > 0 ? ("warn", "failing at times") : ("bad", "failing") }
        if !addressesDown.isEmpty { return ("warn", "partly reachable") }
        if recent.good > 0 || recent.refused > 0 { return ("good", "well") }
        return ("", "quiet")
    }
}

extension Phase {
    /// For people.
    fileprivate var words: String {
        switch self {
        case .routing, .authorizing, .planning: "beginning"
        case .storing: "storing"
        case .judging: "waiting for the store"
        case .callingBack: "waiting for the app"
        case .answering, .done: "answering"
        }
    }
}

/// A table that a phone shows as a list: each cell knows the name of its column. The roles are said because some readers
/// forget them where the layout is another.
private struct StatusTable {
    private let columns: [String]
    private var rows = ""

    init(_ columns: [String]) { self.columns = columns }

    /// Adds a row of HTML.
    mutating func add(_ cells: [String]) {
        rows += "<tr role=\"row\">"
        for (name, cell) in zip(columns, cells) { rows += "<td role=\"cell\" data-name=\"\(name)\">\(cell)</td>" }
        rows += "</tr>"
    }

    var html: String {
        let head = columns.map { "<th role=\"columnheader\" scope=\"col\">\($0)</th>" }.joined()
        return "<table class=\"card\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">\(head)</tr></thead>"
            + "<tbody role=\"rowgroup\">\(rows)</tbody></table>"
    }
}
