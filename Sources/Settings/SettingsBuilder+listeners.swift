// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects

/// Words for dialects, including those that are planned.
private enum DialectWord: String, CaseIterable { case plain, oss, tos, us3, s3, directory }

extension SettingsBuilder {
    func readAdmin(_ node: ConfigNode) -> ListenAddress? {
        guard let fields = reader.fields(node, Schema.admin), let address = fields["address"] else { return nil }
        return reader.listenAddress(address, mode: fields["mode"])
    }

    func readListeners(_ node: ConfigNode) {
        let items = reader.list(node)
        if items.count > 64 { reader.error(node, "expected at most 64 listeners, found \(items.count)") }
        for item in items.prefix(64) {
            guard let fields = reader.fields(item, Schema.listener) else { continue }
            let name = fields["name"].flatMap(reader.name)
            let listener = readListener(name ?? "", fields)
            guard let name, let nameNode = fields["name"] else { continue }
            if listeners.contains(where: { $0.name == name }) {
                reader.error(nameNode, "there is already a listener \"\(name)\"")
                continue
            }
            listeners.append(Named(name: name, node: item, part: listener))
        }
    }

    private func readListener(_ name: String, _ fields: Fields) -> Listener? {
        let address = fields["address"].flatMap { reader.listenAddress($0, mode: fields["mode"]) }
        let word = fields["dialect"].flatMap(listenerDialect)
        let dialect = word.flatMap(DialectName.init)
        let tls = fields["tls"].flatMap(readTLS)
        let clientsIndex = fields["clients"].flatMap(clientsIndex)
        var baseHost: String?
        var bucket: String?
        if word == "plain" {
            for key in ["baseHost", "bucket"] {
                if let node = fields[key] { reader.error(node, "plain clients name no bucket; leave \"\(key)\" out") }
            }
        } else {
            baseHost = fields["baseHost"].flatMap(reader.hostName)
            bucket = fields["bucket"].flatMap(bucketName)
        }
        if word != nil { checkClients(fields, dialect, clientsIndex) }
        guard let address, word != nil else { return nil }
        return Listener(
            name: name, address: address, dialect: dialect, tls: tls, baseHost: baseHost, bucket: bucket,
            clientsIndex: clientsIndex, corsOrigins: fields["cors"].map(readOrigins) ?? [])
    }

    /// A page's origin is scheme, host and port without a path (RFC 6454 §6.2).
    private func readOrigins(_ node: ConfigNode) -> [String] {
        reader.list(node).compactMap { item in
            guard let text = reader.text(item) else { return nil }
            let isOrigin =
                ["http://", "https://"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
                && text.dropFirst(8).allSatisfy { $0 != "/" && $0 != " " && $0 != "?" && $0 != "#" }
            if text == "*" || isOrigin { return text }
            reader.error(item, "expected an origin such as https://www.example.com, or *")
            return nil
        }
    }

    /// `plain` or the name of a vendor's dialect.
    private func listenerDialect(_ node: ConfigNode) -> String? {
        guard let word = dialectWord(node) else { return nil }
        let words = ["plain"] + DialectName.allCases.map(\.rawValue)
        if words.contains(word) { return word }
        reader.error(
            node, "\"\(word)\" is a dialect of stores only; expected \(ConfigReader.alternatives(words))")
        return nil
    }

    /// A dialect of this version, for listeners or stores.
    func dialectWord(_ node: ConfigNode) -> String? {
        guard let word = reader.choice(node, DialectWord.self) else { return nil }
        if word == .s3 {
            reader.error(node, "the dialect \"\(word.rawValue)\" is not yet supported in this version")
            return nil
        }
        return word.rawValue
    }

    private func readTLS(_ node: ConfigNode) -> ListenerTLS? {
        guard let fields = reader.fields(node, Schema.listenerTLS) else { return nil }
        let certificate = fields["certificate"].flatMap(reader.readableFile)
        let key = fields["key"].flatMap(reader.readableFile)
        let clientCA = fields["clientCA"].flatMap(reader.readableFile)
        guard let certificate, let key else { return nil }
        return ListenerTLS(certificateFile: certificate, keyFile: key, clientCAFile: clientCA)
    }

    func clientsIndex(_ node: ConfigNode) -> Int? {
        let index = reader.reference(node, to: "group of clients", among: clients.map(\.name))
        if let index { usedClients.insert(index) }
        return index
    }

    private func checkClients(_ fields: Fields, _ dialect: DialectName?, _ index: Int?) {
        if let dialect, fields["clients"] == nil {
            reader.error(
                fields.node,
                "a listener with dialect \(dialect.rawValue) needs \"clients\" with keys: SDKs sign every request")
        }
        guard let index, let node = fields["clients"], let group = clients[index].part else { return }
        if !group.canAuthenticate(dialect) { reader.error(node, group.whyUseless(to: dialect)) }
    }

    /// A bucket's name: 3 to 63 lower-case letters, digits and `-`, no `-` at either end (OSS, page "Bucket naming").
    func bucketName(_ node: ConfigNode) -> String? {
        guard let text = reader.text(node) else { return nil }
        if Self.isBucketName(text) { return text }
        reader.error(
            node, "expected a bucket: 3 to 63 lower-case letters, digits and \"-\", found \(ConfigReader.shown(text))")
        return nil
    }

    static func isBucketName(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count) && text.utf8.allSatisfy(isBucketByte)
            && text.first != "-" && text.last != "-"
    }

    static func isBucketByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
    }
}

extension ClientGroup {
    /// Whether clients of that dialect can say who they are in a way this group knows.
    func canAuthenticate(_ dialect: DialectName?) -> Bool {
        dialect == nil ? !bearer.isEmpty || !basic.isEmpty || !needsCredentials : !keys.isEmpty
    }

    func whyUseless(to dialect: DialectName?) -> String {
        guard let dialect else {
            return "\"\(name)\" has keys only, which plain clients cannot use; add bearer, basic or cidr"
        }
        return "\"\(name)\" has no keys, and SDKs that speak \(dialect.rawValue) have nothing else; add keys"
    }
}
