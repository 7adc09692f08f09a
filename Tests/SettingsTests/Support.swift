// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Settings
import Testing

/// The problems of a text, as they are printed.
func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
    SettingsLoader.load(text: text, name: "f", environment: environment).problems.map(\.description)
}

/// The settings of a text that must have no error.
func settings(
    _ text: String, environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
) throws -> Settings {
    let result = SettingsLoader.load(text: text, name: "f", environment: environment)
    return try #require(result.settings, "\(result.problems)", sourceLocation: sourceLocation)
}

/// Routes in front of a directory store, on listeners `a` and `b`.
func routeTable(_ routes: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> RouteTable {
    try settings(frame(routes), sourceLocation: sourceLocation).routes
}

/// Six lines, then the routes, so that these begin in line 7.
func frame(_ routes: String) -> String {
    """
    version: 1
    listeners:
      - {name: a, address: "127.0.0.1:0", dialect: plain}
      - {name: b, address: "127.0.0.1:0", dialect: plain}
    stores: {shelf: {dialect: directory, path: /tmp/objects}}
    routes:

    """ + routes
}

func request(
    _ method: HTTPMethod = .put, _ path: String, host: String = "example.com", listener: Int = 0,
    fields: [(String, String)] = [], query: String = "", length: UInt64? = 1
) -> RouteRequest {
    var all = HeaderFields()
    for (name, value) in fields { all.append(name: name, value) }
    return RouteRequest(
        listenerIndex: listener, head: RequestHead(method: method, authority: Array(host.utf8), fields: all),
        path: Array(path.utf8)[...], query: QueryItems(query.utf8.span) ?? QueryItems(), contentLength: length)
}

// Spans cannot be parts of an expectation.

func matches(_ pattern: Glob, _ text: String) -> Bool { pattern.matches(text.utf8.span) }

/// What the wildcards took; nil when the pattern does not match.
func captures(_ pattern: SegmentPattern, _ text: String) -> [String]? {
    let bytes = Array(text.utf8)
    var captures = PathCaptures()
    guard pattern.matches(bytes.span, captures: &captures) else { return nil }
    return (0..<captures.count).map { String(decoding: bytes[captures[$0]], as: UTF8.self) }
}
