// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Every key of the configuration, by the mapping it belongs to. Reading checks against it, and so does the test of
/// `config/README.md`.
enum Schema {
    struct Section: Sendable {
        /// Such as `listeners[].tls`; `*` stands for a name that the operator chooses.
        let path: String
        let required: [String]
        let optional: [String]

        /// Whether a value of the mapping may be a secret.
        let holdsSecrets: Bool

        var keys: [String] { required + optional }

        init(_ path: String, required: [String] = [], optional: [String] = [], holdsSecrets: Bool = false) {
            self.path = path
            self.required = required
            self.optional = optional
            self.holdsSecrets = holdsSecrets
        }
    }

    static let root = Section(
        "", required: ["version", "listeners", "stores", "routes"],
        optional: ["admin", "workers", "limits", "timeouts", "clients", "callbacks", "signing", "state"])
    static let listener = Section(
        "listeners[]", required: ["name", "address", "dialect"],
        optional: ["mode", "tls", "baseHost", "bucket", "clients", "cors"])
    static let listenerTLS = Section("listeners[].tls", required: ["certificate", "key"], optional: ["clientCA"])
    static let admin = Section("admin", required: ["address"], optional: ["mode"])
    static let limits = Section(
        "limits",
        optional: [
            "uploadSize", "head", "connections", "uploadsInFlight", "buffers", "callbackAnswer", "formParts",
            "formField", "formFields", "client",
        ])
    /// The keys that every section with a quota has.
    private static let quotaKeys = ["uploadsInFlight", "rate", "burst"]
    static let clientLimits = Section("limits.client", optional: quotaKeys)
    static let timeouts = Section(
        "timeouts",
        optional: [
            "head", "bodyIdle", "minimumRate", "keepAlive", "storeConnect", "storeAnswer", "storeComplete", "drain",
        ])
    static let minimumRate = Section("timeouts.minimumRate", required: ["bytes"], optional: ["per", "after"])
    static let clients = Section("clients.*", optional: ["keys", "bearer", "basic", "cidr", "limits"])
    static let groupLimits = Section("clients.*.limits", optional: quotaKeys)
    static let clientKey = Section("clients.*.keys[]", required: ["id", "secret"], holdsSecrets: true)
    static let clientBearer = Section("clients.*.bearer[]", required: ["token"], optional: ["id"], holdsSecrets: true)
    static let clientBasic = Section("clients.*.basic[]", required: ["user", "password"], holdsSecrets: true)
    /// Which of a store's keys are required and allowed depends on its dialect.
    static let store = Section(
        "stores.*", required: ["dialect"],
        optional: [
            "bucket", "endpoint", "addresses", "balance", "region", "addressing", "signature", "credentials", "tls",
            "proxy", "path", "abortUploadsAfter",
        ])
    static let storeCredentials = Section(
        "stores.*.credentials", required: ["id", "secret"], optional: ["token"], holdsSecrets: true)
    static let storeTLS = Section("stores.*.tls", required: ["ca"])
    static let callback = Section(
        "callbacks.*", required: ["url", "body"],
        optional: ["host", "type", "variables", "by", "timeout", "onFailure"])
    static let onFailure = Section("callbacks.*.onFailure", optional: ["answer", "object"])
    static let route = Section(
        "routes[]", required: ["name", "store"],
        optional: ["match", "clients", "key", "headers", "callback", "integrity", "clientCallbacks", "limits"])
    static let match = Section(
        "routes[].match",
        optional: ["listener", "host", "path", "methods", "contentType", "header", "query", "size"])
    static let clientCallbacks = Section("routes[].clientCallbacks", required: ["allow"])
    static let routeLimits = Section("routes[].limits", optional: ["uploadSize"] + quotaKeys)
    static let state = Section("state", required: ["path"])
    static let signing = Section(
        "signing", required: ["publicKeyURL"], optional: ["callbackKey"], holdsSecrets: true)

    static let sections = [
        root, listener, listenerTLS, admin, limits, clientLimits, timeouts, minimumRate, clients, groupLimits,
        clientKey, clientBearer, clientBasic, store, storeCredentials, storeTLS, callback, onFailure, route, match,
        clientCallbacks, routeLimits, signing, state,
    ]
}
