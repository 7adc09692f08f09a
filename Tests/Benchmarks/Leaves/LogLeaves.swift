// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Gateway
import Octets

/// The line of one upload, with the fields that a plain one has.
func logLeaves(_ bench: inout Bench) {
    let host = Array("upload.example.com".utf8)
    let path = Array("/photos/2026/11/25/holiday%20in%20the%20hills.jpg".utf8)
    let key = Array("photos/2026/11/25/holiday in the hills.jpg".utf8)
    let time = Array("2023-11-14T22:13:20.123Z".utf8)
    var buffer = OctetBuffer(capacity: 1024)
    bench.measure("log line, 17 fields") {
        var empty = OctetBuffer()
        swap(&empty, &buffer)
        empty.removeAll()
        var line = LogLine("upload", time: time.span, isText: false, in: empty)
        line.add("request", "655403B0C4D5E6F708192A3B")
        line.add("listener", "edge")
        line.add("route", "photos")
        line.add("address", "192.0.2.7")
        line.add("method", "PUT")
        line.add("host", bytes: host.span)
        line.add("path", bytes: path.span)
        line.add("store", "media")
        line.add("bucket", "media")
        line.add("object", bytes: key.span)
        line.add("bytes", number: 1024)
        line.add("status", number: 200)
        line.add("outcome", "stored")
        line.add("stored", "yes")
        line.add("etag", "0F343B0931126A20F133D67C2B018A3B")
        line.add("milliseconds", number: 12)
        line.add("storeMilliseconds", number: 11)
        buffer = line.finished()
        keep(buffer.count)
    }
}
