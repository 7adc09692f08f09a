// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Settings

/// The last of a thousand routes, which differ in one part of the request only.
func routeLeaves(_ bench: inout Bench) {
    measure(&bench, "the path's beginning", { "path: /tenant-\($0)/photos/**" }, path: "tenant-999/photos/a/b.jpg")
    measure(&bench, "the host", { "host: '*.t\($0).example.com', path: /photos/**" }, host: "a.t999.example.com")
    measure(&bench, "a segment behind *", { "path: /*/tenant-\($0)/**" }, path: "photos/tenant-999/a/b.jpg")
    measure(&bench, "a segment behind **", { "path: /**/tenant-\($0)/*" }, path: "photos/a/tenant-999/b.jpg")
    measure(&bench, "the path's end", { "path: /**/*.type-\($0)" }, path: "photos/a/b.type-999")
    measure(&bench, "part of a segment", { "path: /*-\($0)-*/**" }, path: "tenant-999-x/photos/b.jpg")
    measure(&bench, "a field", { "path: /**, header: {X-Tenant: acme-\($0)}" }, tenant: "acme-999")
}

/// Routes as lines of a configuration, in front of the store `shelf`.
func routeTable(_ routes: String) -> RouteTable {
    let loaded = SettingsLoader.load(
        text: """
            version: 1
            listeners: [{name: edge, address: "127.0.0.1:0", dialect: plain}]
            stores: {shelf: {dialect: directory, path: /tmp/objects}}
            routes:

            """ + routes)
    guard let table = loaded.settings?.routes else { preconditionFailure("\(loaded.problems)") }
    return table
}

private func measure(
    _ bench: inout Bench, _ name: String, _ match: (Int) -> String, path: String = "photos/a/b.jpg",
    host: String = "upload.example.com", tenant: String = "acme"
) {
    let lines = (0..<1000).map { "  - {name: r\($0), match: {\(match($0))}, store: shelf}\n" }
    let table = routeTable(lines.joined())
    var fields = HeaderFields()
    fields.append("Host", host)
    fields.append("X-Tenant", tenant)
    let request = RouteRequest(
        listenerIndex: 0, head: RequestHead(method: .put, authority: Array(host.utf8), fields: fields),
        path: Array(path.utf8)[...], contentLength: 1024)
    precondition(table.match(request)?.route.index == 999, "the last route takes it")
    bench.measure("route of 1000 by \(name)") { keep(table.match(request)?.route.index) }
}
