// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import HTTPWire
import Settings

/// Texts with variables.
func templateLeaves(_ bench: inout Bench) {
    let body = template(
        #"{"bucket":${bucket},"object":${object},"size":${size},"etag":${etag},"type":${mimeType},"device":${x:device}}"#
    )
    let facts = CallbackFacts(
        bucket: "media", object: Array("photos/2026/11/25/holiday in the hills.jpg".utf8),
        etag: "0F343B0931126A20F133D67C2B018A3B", size: 1024, mimeType: "image/jpeg", clientIP: "192.0.2.7",
        requestID: "655403B0C4D5E6F708192A3B", operation: "PutObject",
        custom: [CustomVariable(name: "device", value: Array("device-0123456789".utf8))])
    bench.measure("callback body, 6 variables") { keep(body.render(.json, lookup: facts.value)) }

    let key = "photos/${date:yyyy/MM/dd}/${header.X-Tenant}/${uuid}${path.extension}"
    let route = routeTable("  - {name: photos, store: shelf, key: '\(key)'}\n").routes[0]
    var fields = HeaderFields()
    fields.append("X-Tenant", "acme")
    let context = TemplateContext(
        path: Array("photos/holiday in the hills.jpg".utf8)[...], captures: PathCaptures(),
        authority: Array("upload.example.com".utf8)[...], fields: fields, clientIP: "192.0.2.7", clientID: "",
        requestID: "655403B0C4D5E6F708192A3B", uuid: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        unixMilliseconds: 1_700_000_000_000)
    bench.measure("object key, 4 variables") {
        guard let made = try? route.objectKey(context) else { preconditionFailure("the key is allowed") }
        keep(made)
    }
}

private func template(_ text: String) -> Template {
    guard let template = try? Template(parsing: text) else { preconditionFailure("the template is right") }
    return template
}
