// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects

/// Builds ``Settings`` from a document: each part reads its section, later parts look up earlier ones by name.
///
/// Parts that could not be read keep their name, so that references to them are not reported as well.
final class SettingsBuilder {
    let reader: ConfigReader
    /// That of the text.
    private let version: String

    /// Names as written, in order, with what was made of them: nil after an error.
    struct Named<Part> {
        let name: String
        let node: ConfigNode
        let part: Part?
    }

    var listeners: [Named<Listener>] = []
    var clients: [Named<ClientGroup>] = []
    var stores: [Named<Store>] = []
    var callbacks: [Named<CallbackPolicy>] = []
    var routes: [Named<Route>] = []
    var limits = Limits()
    /// Indices of parts that something refers to.
    var usedClients = Set<Int>()
    var usedStores = Set<Int>()
    var usedCallbacks = Set<Int>()
    /// Indices of callbacks that were judged by the rules of a dialect.
    var checkedFor: [DialectName: Set<Int>] = [:]

    init(_ reader: ConfigReader, version: String) {
        self.reader = reader
        self.version = version
    }

    /// The settings, or nil after any error.
    func settings(_ root: ConfigNode) -> Settings? {
        guard let fields = reader.fields(root, Schema.root) else { return nil }
        if let version = fields["version"], let text = reader.text(version), text != "1" {
            reader.error(version, "expected 1, the only version there is, found \(ConfigReader.shown(text))")
        }
        if let node = fields["limits"] { limits = readLimits(node) }
        let timeouts = fields["timeouts"].map(readTimeouts) ?? Timeouts()
        let workers = fields["workers"].flatMap { reader.count($0, in: 1...256) } ?? Self.processors
        if let node = fields["clients"] { clients = named(node, readClientGroup) }
        let admin = fields["admin"].map(readAdmin) ?? .tcp(host: "127.0.0.1", port: 9090)
        if let node = fields["listeners"] { readListeners(node) }
        if let node = fields["stores"] { stores = named(node, readStore) }
        if let node = fields["callbacks"] { callbacks = named(node, readCallback) }
        if let node = fields["routes"] { readRoutes(node) }
        let signing = fields["signing"].flatMap(readSigning)
        let state = fields["state"].flatMap { reader.fields($0, Schema.state)?["path"] }
        let statePath = state.flatMap(reader.text).map(reader.resolve)
        checkAddresses(admin: admin, adminNode: fields["admin"])
        checkStoresOfOnePath()
        checkListenersHaveClients()
        checkRoutesAreReached()
        checkEverythingIsUsed()
        guard !reader.hasErrors, let admin else { return nil }
        return Settings(
            version: version, listeners: listeners.compactMap(\.part), admin: admin, workers: workers, limits: limits,
            timeouts: timeouts, clients: clients.compactMap(\.part), stores: stores.compactMap(\.part),
            callbacks: callbacks.compactMap(\.part), routes: RouteTable(routes.compactMap(\.part)), signing: signing,
            statePath: statePath)
    }

    /// The parts of a mapping from names to them.
    private func named<Part>(_ node: ConfigNode, _ read: (String, ConfigNode) -> Part?) -> [Named<Part>] {
        reader.entries(node).map { entry in
            let isName = reader.isName(entry.key, entry.keyPosition, entry.node.path)
            let part = read(entry.key, entry.node)
            return Named(name: entry.key, node: entry.node, part: isName ? part : nil)
        }
    }

    private func readSigning(_ node: ConfigNode) -> CallbackSigning? {
        guard let fields = reader.fields(node, Schema.signing) else { return nil }
        var key: Secret?
        if let node = fields["callbackKey"] {
            key = reader.secret(node)
            if key == nil { return nil }
        }
        let url = fields["publicKeyURL"].flatMap { node -> String? in
            guard let text = reader.text(node) else { return nil }
            do throws(CallbackURL.Problem) {
                return try CallbackURL(parsing: text).description
            } catch {
                reader.error(node, "expected the URL of the public key: \(error.message)")
                return nil
            }
        }
        guard let url else { return nil }
        return CallbackSigning(callbackKey: key, publicKeyURL: url)
    }

    /// Processors this process may run on, which in a container may be fewer than there are.
    private static var processors: Int {
        // The affinity mask in hexadecimal (proc(5)); sched_getaffinity(2) is not in Swift's Glibc module.
        let status = (try? TextFile.read("/proc/self/status", maximumBytes: 1 << 16)) ?? []
        let line = status.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "Cpus_allowed:".utf8) } ?? []
        let digits = String(decoding: line.drop { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        let count = digits.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return min(max(count, 1), 256)
    }
}
