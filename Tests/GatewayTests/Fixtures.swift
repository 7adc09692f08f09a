// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Dialects
import Digests
import HTTPWire
import Octets
import Settings
import Testing

@testable import Gateway

/// The settings of a text that must have no error.
func settings(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Settings {
    let result = SettingsLoader.load(text: text, name: "f")
    return try #require(result.settings, "\(result.problems)", sourceLocation: sourceLocation)
}

/// A plain and an OSS listener, a remote store and a directory, and routes to tell them apart.
let commonConfig = """
    version: 1
    listeners:
      - {name: edge, address: "127.0.0.1:0", dialect: plain}
      - {name: sdk, address: "127.0.0.1:0", dialect: oss, baseHost: oss.test, bucket: uploads, clients: keys}
    limits: {uploadSize: 1MiB}
    clients:
      keys: {keys: [{id: partner, secret: "plain:s"}]}
    stores:
      media:
        dialect: oss
        endpoint: http://127.0.0.1:9000
        region: cn-test
        bucket: media
        addressing: path
        credentials: {id: key-id, secret: "plain:key-secret", token: "plain:token-secret"}
      shelf: {dialect: directory, path: /tmp/objects, bucket: shelf}
    callbacks:
      app:
        url: http://app.test/done
        type: application/json
        body: '{"object":${object},"device":${x:device}}'
        variables: {device: "${header.X-Device}"}
        onFailure: {answer: 202, object: delete}
    routes:
      - {name: byStore, match: {path: /store/**}, store: media, key: "in/${path.1}", callback: app, headers: {x-oss-meta-who: "${header.X-Who}", content-type: text/plain}}
      - {name: own, match: {path: /own/**}, store: shelf, key: "${date:yyyy}/${path.name}", callback: app}
      - {name: allowed, match: {path: /allowed/**}, store: media, key: "${path}", clientCallbacks: {allow: [app.test]}}
      - {name: shelved, match: {path: /shelved/**}, store: shelf, key: "${path}", clientCallbacks: {allow: ["*.test"]}}
      - {name: small, match: {path: /small/**, size: "..10B"}, store: shelf, key: "${path}"}
      - {name: rest, match: {path: /**}, store: media, key: "${path}"}
    """

/// A head as the parser of clients reads it.
func head(_ text: String) throws -> RequestHead {
    var parser = RequestParser()
    var head = RequestHead()
    let bytes = Array((text.replacing("\n", with: "\r\n") + "\r\n\r\n").utf8)
    let used = try parser.parse(bytes.span, into: &head)
    try #require(used == bytes.count)
    return head
}

/// A plain upload of `path`, routed and planned.
struct Planned {
    let settings: Settings
    var request: UploadRequest

    /// - Parameter fields: further lines of the head.
    init(_ path: String, _ fields: String = "", length: Int = 5, config: String = commonConfig) throws {
        settings = try loadSettings(config)
        let lines = fields.isEmpty ? "" : "\n" + fields
        request = try PlainRequest.read(
            head("PUT \(path) HTTP/1.1\nHost: edge.test\nContent-Length: \(length)\(lines)"), listenerIndex: 0,
            clientIP: "192.0.2.7", requestID: RequestID(prefix: 0x0123_4567, counter: 0x89AB_CDEF_0123_4567))
    }

    /// Makes it an upload of an SDK client.
    mutating func fromSDK(bucket: String, callback: String?, variables: String? = nil) {
        var client = ClientRequest(
            .putObject, bucket: bucket, key: Array(request.path), addressing: .path, contentLength: request.length)
        client.callback = callback.map {
            RawCallback(callback: Array(base64($0).utf8), variables: variables.map { Array(base64($0).utf8) })
        }
        request = UploadRequest(
            listenerIndex: 1, head: request.head, path: request.path, query: request.query, bucket: bucket,
            length: request.length, clientIP: request.clientIP, requestID: request.requestID,
            routedLength: request.length, client: client)
    }

    func plan(signer: CallbackRequest.Signer? = nil) throws -> UploadPlan {
        let match = try #require(settings.routes.match(request.route))
        // 2023-11-14T22:13:20Z
        let environment = Environment(clock: WallClock(fixedSeconds: 1_700_000_000))
        let planner = Planner(settings: settings, environment: environment, signer: signer)
        return try planner.plan(request, match, uuid: "uuid")
    }

    /// Why there is no plan.
    func problem() -> PlanError? {
        do {
            _ = try plan()
            return nil
        } catch {
            return error as? PlanError
        }
    }
}

/// Another name for ``settings(_:sourceLocation:)`` where a property hides it.
private func loadSettings(_ text: String) throws -> Settings { try settings(text) }

func base64(_ text: String) -> String { Base64.encode(text.utf8.span) }
func decoded(_ text: String) -> String { String(decoding: Base64.decode(text.utf8.span) ?? [], as: UTF8.self) }

/// JSON read back.
func json(_ bytes: [UInt8]) throws -> JSON { try JSON.parse(bytes.span) }

func fields(_ list: [(String, String)]) -> HeaderFields {
    var fields = HeaderFields()
    for (name, value) in list { fields.append(name: name, value) }
    return fields
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}

let someObject = StoredObjectFacts(size: 5, etag: [0x45])
let someFailure = Failure(.storeClosed, party: .store, phase: .judging, status: 502, "Gone.")
let succeeded = CallbackResult.succeeded(body: [1], contentType: "text/plain")
let failed = CallbackResult.failed(message: "The app answered 500.", ec: nil, appStatus: 500)

extension OctetBuffer {
    /// Its bytes, to be looked at.
    consuming func array() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(span)
        return bytes
    }
}
