// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Dialects
import Foundation
import HTTPWire
import Testing

@testable import Settings

@Suite struct SettingsTests {
    @Test func `defaults are those of the documentation`() throws {
        let settings = try settings(frame("  - {name: all, store: shelf}"))
        #expect(settings.admin == .tcp(host: "127.0.0.1", port: 9090))
        #expect(settings.workers >= 1)
        #expect(settings.limits.uploadSizeBytes == 5_368_709_120)
        #expect(settings.limits.headBytes == 16_384)
        #expect(settings.limits.connections == 10_000)
        #expect(settings.limits.uploadsInFlight == 4096)
        #expect(settings.limits.bufferBytes == 268_435_456)
        #expect(settings.limits.callbackAnswerBytes == 1_048_576)
        #expect(settings.limits.formParts == 1000)
        #expect(settings.limits.formFieldBytes == 65_536)
        #expect(settings.limits.formFieldsBytes == 262_144)
        #expect(settings.timeouts.headMilliseconds == 10_000)
        #expect(settings.timeouts.bodyIdleMilliseconds == 60_000)
        #expect(
            settings.timeouts.minimumRate
                == MinimumRate(bytes: 1024, perMilliseconds: 1000, afterMilliseconds: 30_000))
        #expect(settings.timeouts.keepAliveMilliseconds == 60_000)
        #expect(settings.timeouts.storeConnectMilliseconds == 5000)
        #expect(settings.timeouts.storeAnswerMilliseconds == 60_000)
        #expect(settings.timeouts.storeCompleteMilliseconds == 300_000)
        #expect(settings.timeouts.drainMilliseconds == 30_000)
        #expect(settings.signing == nil)
        let route = settings.routes.routes[0]
        #expect(route.key.source == "${path}")
        #expect(route.integrity == .full)
        #expect(route.clientsIndex == nil && route.callbackIndex == nil)
        #expect(!route.clientCallbacks.mayAllow(host: "example.com", port: 80))
        #expect(route.uploadLimitBytes == 5_368_709_120)
        #expect(settings.stores[0].bucket.name(clientBucket: nil) == "shelf")
        guard case .directory(let directory) = settings.stores[0].kind else {
            Issue.record("the store is no directory")
            return
        }
        #expect(directory.abortUploadsAfterSeconds == 604_800)
    }

    @Test(arguments: [("off", nil), ("90s", 90), ("5m", 300), ("36h", 129_600), ("30d", 2_592_000)])
    func `reads after how long an abandoned upload goes`(text: String, seconds: Int?) throws {
        let settings = try settings(
            """
            version: 1
            listeners: [{name: a, address: "127.0.0.1:0", dialect: plain}]
            stores: {shelf: {dialect: directory, path: x, abortUploadsAfter: \(text)}}
            routes: [{name: all, store: shelf}]
            """)
        guard case .directory(let directory) = settings.stores[0].kind else {
            Issue.record("the store is no directory")
            return
        }
        #expect(directory.abortUploadsAfterSeconds == seconds)
    }

    @Test func `quantities are read with their units`() throws {
        let settings = try settings(
            frame("  - {name: all, store: shelf}") + """

                workers: 3
                limits: {uploadSize: 7B, head: 2KiB, connections: 5, uploadsInFlight: 6, buffers: 1GiB, callbackAnswer: 2MiB, formParts: 7, formField: 8KiB, formFields: 9KiB}
                timeouts: {head: 1ms, bodyIdle: 2m, minimumRate: off, keepAlive: 0s, drain: 1h}
                admin: {address: "[::1]:0"}
                """)
        #expect(settings.workers == 3)
        #expect(settings.limits.uploadSizeBytes == 7)
        #expect(settings.limits.headBytes == 2048)
        #expect(settings.limits.connections == 5)
        #expect(settings.limits.uploadsInFlight == 6)
        #expect(settings.limits.bufferBytes == 1 << 30)
        #expect(settings.limits.callbackAnswerBytes == 2 << 20)
        #expect(settings.limits.formParts == 7)
        #expect(settings.limits.formFieldBytes == 8192)
        #expect(settings.limits.formFieldsBytes == 9216)
        #expect(settings.timeouts.headMilliseconds == 1)
        #expect(settings.timeouts.bodyIdleMilliseconds == 120_000)
        #expect(settings.timeouts.minimumRate == nil)
        #expect(settings.timeouts.keepAliveMilliseconds == 0)
        #expect(settings.timeouts.drainMilliseconds == 3_600_000)
        #expect(settings.admin.description == "[::1]:0")
    }

    @Test(arguments: [
        ("\"0.0.0.0:8080\"", "0.0.0.0:8080", false), ("localhost:80", "127.0.0.1:80", true),
        ("\"[::]:0\"", "[::]:0", false), ("\"[::1]:8080\"", "[::1]:8080", true), ("127.9.9.9:1", "127.9.9.9:1", true),
        ("unix:/run/p.sock", "unix:/run/p.sock", true),
    ])
    func `a listener's address is understood`(text: String, description: String, isLocal: Bool) throws {
        let settings = try settings(
            """
            version: 1
            listeners: [{name: a, address: \(text), dialect: plain}]
            stores: {shelf: {dialect: directory, path: objects}}
            routes: [{name: all, store: shelf}]
            """)
        #expect(settings.listeners[0].address.description == description)
        #expect(settings.listeners[0].address.isLocal == isLocal)
    }

    @Test func `the reference is read as it says`() throws {
        let path = configDirectory.appending(path: "putback.yaml").path
        let result = SettingsLoader.load(path: path, environment: [:], secrets: .assumed)
        let settings = try #require(result.settings)

        #expect(settings.listeners.map(\.name) == ["edge", "edge-tls", "local", "sdk", "sdk-tos", "sdk-us3"])
        #expect(settings.listeners[1].tls?.clientCAFile == "/etc/putback/clients.crt")
        #expect(settings.listeners[2].address == .unix(path: "/run/putback/putback.sock", mode: 0o660))
        let sdk = settings.listeners[3]
        #expect(sdk.isSDK && sdk.baseHost == "oss.upload.example.com" && sdk.bucket == "uploads")
        #expect(sdk.clientsIndex == 0)

        let internalClients = settings.clients[1]
        #expect(internalClients.name == "internal")
        #expect(internalClients.bearer.map(\.id) == ["internal", "ci"])
        #expect(internalClients.basic.map(\.user) == ["scanner"])
        #expect(internalClients.networks.map(\.prefixBits) == [8, 8])
        #expect(settings.clients[0].key(id: "partner-1") != nil)
        #expect(settings.clients[0].key(id: "partner-2") == nil)

        guard case .remote(let media) = settings.stores[0].kind, case .remote(let partners) = settings.stores[1].kind
        else {
            Issue.record("the stores are not OSS")
            return
        }
        #expect(media.endpoint.description == "https://oss-cn-hangzhou.aliyuncs.com")
        #expect(media.region == "cn-hangzhou" && media.addressing == .virtualHost && media.signature == .v4)
        #expect(media.credentials.token != nil && media.caFile != nil && media.proxy != nil)
        #expect(partners.credentials.token == nil && partners.caFile == nil && partners.proxy == nil)
        #expect(settings.stores[1].bucket.name(clientBucket: "acme") == "partner-acme")
        #expect(settings.stores[1].bucket.name(clientBucket: nil) == nil)

        let policy = settings.callbacks[0]
        #expect(policy.variables.map(\.name) == ["device", "batch"])
        #expect(policy.timeoutMilliseconds == 5000 && policy.by == .putback)

        let photos = settings.routes.routes[0]
        #expect(photos.conditions.listeners == 0b11)
        #expect(photos.conditions.size == SizeRange(lower: 0, upper: 20 << 20))
        #expect(photos.uploadLimitBytes == 20 << 20)
        #expect(photos.needsUUID && !photos.callbackIsByStore && photos.callbackIndex == 0)
        #expect(photos.headers.map(\.name) == ["x-oss-storage-class", "x-oss-meta-tenant"])
        #expect(settings.routes.routes[1].clientCallbacks.mayAllow(host: "a.partner.example.com", port: 443))
        #expect(settings.signing?.publicKeyURL == "https://upload.example.com/putback-callback-key.pem")
    }

    @Test func `a store of each cloud has what its protocol needs, and no more`() throws {
        let settings = try settings(
            """
            version: 1
            listeners:
              - {name: a, address: "127.0.0.1:0", dialect: plain}
              - {name: b, address: "127.0.0.1:0", dialect: us3, bucket: media, clients: keys}
              - {name: c, address: "127.0.0.1:0", dialect: tos, clients: keys}
            clients: {keys: {keys: [{id: a, secret: "plain:b"}]}}
            stores:
              tos:
                dialect: tos
                endpoint: https://tos-cn-beijing.volces.com
                region: cn-beijing
                bucket: media
                credentials: {id: a, secret: "plain:b"}
              us3: {dialect: us3, endpoint: https://cn-bj.ufileos.com, bucket: media, credentials: {id: a, secret: "plain:b"}}
              near: {dialect: us3, endpoint: "http://127.0.0.1:1", bucket: media, credentials: {id: a, secret: "plain:b"}}
            routes:
              - {name: tos, match: {listener: [a, c], path: /tos/**}, store: tos, key: "${path.1}"}
              - {name: us3, match: {listener: [a, b], path: /us3/**}, store: us3}
              - {name: near, match: {listener: a, path: /near/**}, store: near, key: "${uuid}"}
            state: {path: /var/lib/putback/state}
            """)
        let remotes = settings.stores.compactMap { if case .remote(let remote) = $0.kind { remote } else { nil } }
        #expect(remotes.map(\.dialect) == [.tos, .us3, .us3])
        #expect(remotes.map(\.region) == ["cn-beijing", nil, nil])
        #expect(remotes.map(\.signature) == [nil, nil, nil])
        #expect(remotes.map(\.addressing) == [.virtualHost, .virtualHost, .customDomain])
        #expect(settings.listeners.map(\.dialect) == [nil, .us3, .tos])
        #expect(settings.listeners.map(\.dialectWord) == ["plain", "us3", "tos"])
        #expect(settings.routes.routes.map(\.keyIsStable) == [true, true, false])
        #expect(settings.routes.routes.map(\.keyHasLead) == [false, true, false])
        #expect(settings.statePath == "/var/lib/putback/state")
    }

    @Test func `secrets come from the environment and from files`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "putback-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data("from file\r\n".utf8).write(to: directory.appending(path: "one"))
        try Data("two\n\n".utf8).write(to: directory.appending(path: "two"))
        let config = directory.appending(path: "putback.yaml")
        try Data(
            """
            version: 1
            listeners: [{name: a, address: "127.0.0.1:0", dialect: plain, clients: c}]
            clients: {c: {bearer: ["env:TOKEN", "file:one", "file:\(directory.path)/two", "plain: x "]}}
            stores: {shelf: {dialect: directory, path: objects}}
            routes: [{name: all, store: shelf}]
            """.utf8
        ).write(to: config)
        let result = SettingsLoader.load(path: config.path, environment: ["TOKEN": "from environment"])
        let settings = try #require(result.settings, "\(result.problems)")
        #expect(
            settings.clients[0].bearer.map { $0.token.revealText() }
                == ["from environment", "from file", "two\n", " x "])
        guard case .directory(let store) = settings.stores[0].kind else {
            Issue.record("the store is no directory")
            return
        }
        #expect(store.path == directory.path + "/objects")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(dumped.contains("***"))
        for secret in ["from environment", "from file"] { #expect(!dumped.contains(secret)) }
    }

    @Test func `who makes a callback depends on policy and store`() throws {
        let settings = try settings(
            """
            version: 1
            listeners:
              - {name: a, address: "127.0.0.1:0", dialect: plain}
              - {name: b, address: "127.0.0.1:0", dialect: us3, clients: keys}
            clients: {keys: {keys: [{id: a, secret: "plain:b"}]}}
            stores:
              shelf: {dialect: directory, path: objects}
              cloud:
                dialect: oss
                endpoint: "http://127.0.0.1:9000"
                addressing: path
                bucket: bucket
                signature: v1
                credentials: {id: a, secret: "plain:b"}
              volc: {dialect: tos, endpoint: "http://t", region: r, bucket: bucket, credentials: {id: a, secret: "plain:b"}}
              ucloud: {dialect: us3, endpoint: "http://u", bucket: bucket, credentials: {id: a, secret: "plain:b"}}
            callbacks:
              any: {url: "http://app/x", body: '{}'}
              sized: {url: "http://app/x", body: '{"s":${size},"t":${mimeType}}'}
              tagged: {url: "http://app/x", body: '{"e":${etag}}'}
              seen: {url: "http://app/x", body: '{"w":${imageInfo.width}}'}
              own: {url: "http://app/x", body: '{"u":${x:u}}', variables: {u: "${uuid}"}, by: putback}
            routes:
              - {name: a, match: {listener: a, path: /a}, store: shelf, callback: any}
              - {name: b, match: {listener: a, path: /b}, store: cloud, callback: any}
              - {name: c, match: {listener: a, path: /c}, store: cloud, callback: own}
              - {name: d, match: {listener: a, path: /d}, store: cloud}
              - {name: e, match: {listener: a, path: /e}, store: cloud, callback: seen}
              - {name: f, match: {listener: a, path: /f}, store: volc, callback: seen}
              - {name: g, match: {listener: a, path: /g}, store: volc, callback: tagged}
              - {name: h, match: {listener: a, path: /h}, store: volc, callback: sized}
              - {name: i, match: {listener: a, path: /i}, store: ucloud, callback: tagged}
              - {name: j, match: {listener: a, path: /j}, store: ucloud, callback: sized}
              - {name: k, match: {listener: b, path: /k}, store: ucloud, callback: sized}
              - {name: l, match: {listener: b, path: /l}, store: ucloud, callback: any}
            """)
        #expect(
            settings.routes.routes.map(\.callbackIsByStore) == [
                false, true, false, false, true, false, false, true, false, true, false, true,
            ])
        #expect(settings.routes.routes.map(\.needsUUID).enumerated().filter(\.element).map(\.offset) == [2])
        #expect(settings.callbacks.map(\.needsImage) == [false, false, false, true, false])
    }

    @Test func `open listeners are warned of only where a route is open too`() {
        func warnings(_ listener: String, _ route: String) -> [String] {
            problems(
                """
                version: 1
                listeners: [{name: a, address: "0.0.0.0:1", dialect: plain\(listener)}]
                clients: {c: {cidr: 10.0.0.0/8}, d: {bearer: ["plain:x"]}}
                stores: {shelf: {dialect: directory, path: objects}}
                routes: [{name: all, store: shelf, clients: c}, {name: d, match: {path: /**}, store: shelf\(route)}]
                """
            ).filter { $0.contains("anybody may upload") }
        }
        #expect(warnings("", "").count == 1)
        #expect(warnings("", ", clients: d").isEmpty)
        #expect(warnings(", clients: d", "").isEmpty)
    }
}
