// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects
internal import HTTPWire

extension SettingsBuilder {
    private static var directoryKeys: [String] { ["bucket", "path", "abortUploadsAfter"] }

    /// The keys that stores of a vendor have besides `dialect`.
    private static func keys(of dialect: DialectName) -> [String] {
        let own =
            switch dialect {
            case .oss: ["region", "signature"]
            case .tos: ["region"]
            case .us3: [String]()
            }
        return own + ["bucket", "endpoint", "addresses", "balance", "addressing", "credentials", "tls", "proxy"]
    }

    func readStore(_ name: String, _ node: ConfigNode) -> Store? {
        guard let fields = reader.fields(node, Schema.store),
            let dialectNode = fields["dialect"], let word = dialectWord(dialectNode)
        else { return nil }
        if let dialect = DialectName(rawValue: word) {
            refuseOthers(fields, than: Self.keys(of: dialect), of: word)
            return readRemoteStore(name, dialect, fields)
        }
        if word == "directory" {
            refuseOthers(fields, than: Self.directoryKeys, of: word)
            return readDirectoryStore(name, fields)
        }
        let words = DialectName.allCases.map(\.rawValue) + ["directory"]
        reader.error(
            dialectNode, "\"\(word)\" is a dialect of listeners only; expected \(ConfigReader.alternatives(words))")
        return nil
    }

    private func refuseOthers(_ fields: Fields, than allowed: [String], of dialect: String) {
        for key in Schema.store.optional where !allowed.contains(key) {
            if let node = fields[key] { reader.error(node, "stores with dialect \(dialect) have no \"\(key)\"") }
        }
    }

    private func required(_ key: String, _ fields: Fields) -> ConfigNode? {
        if fields[key] == nil { reader.error(fields.node, "\"\(key)\" is missing") }
        return fields[key]
    }

    private func readDirectoryStore(_ name: String, _ fields: Fields) -> Store? {
        let path = required("path", fields).flatMap(reader.text).map(reader.resolve)
        let bucket = fields["bucket"].map(bucketPattern) ?? BucketPattern(prefix: name, suffix: nil)
        let seconds = fields["abortUploadsAfter"].map(readAbortUploadsAfter) ?? DirectorySettings.defaultSeconds
        guard let path, let bucket else { return nil }
        let directory = DirectorySettings(path: path, abortUploadsAfterSeconds: seconds)
        return Store(name: name, bucket: bucket, kind: .directory(directory))
    }

    private func readAbortUploadsAfter(_ node: ConfigNode) -> Int? {
        if case .text("off") = node.value { return nil }
        return reader.longSeconds(node)
    }

    private func readRemoteStore(_ name: String, _ dialect: DialectName, _ fields: Fields) -> Store? {
        let endpoint = required("endpoint", fields).flatMap(reader.endpoint)
        let bucket = required("bucket", fields).flatMap(bucketPattern)
        let credentials = required("credentials", fields).flatMap(readCredentials)
        let addressing = readAddressing(dialect, endpoint, fields)
        let signature: RemoteStoreSettings.Signature? =
            dialect == .oss
            ? fields["signature"].map { reader.choice($0, RemoteStoreSettings.Signature.self) } ?? .v4 : nil
        let region = readRegion(dialect, signature, fields)
        let caFile = fields["tls"].flatMap { node in
            reader.fields(node, Schema.storeTLS)?["ca"].flatMap(reader.readableFile)
        }
        if let endpoint, !endpoint.isTLS, let node = fields["tls"] {
            reader.error(node, "the endpoint is http://, so there is no TLS to set up")
        }
        if let endpoint { checkEndpoint(dialect, endpoint, fields) }
        let addresses = endpoint.map { readAddresses($0, fields) } ?? []
        let balance = fields["balance"].flatMap { reader.choice($0, StoreBalance.self) } ?? .roundRobin
        if let node = fields["balance"], addresses.count < 2 {
            reader.error(node, "there is nothing to choose from: give the store several \"addresses\"")
        }
        let proxy = fields["proxy"].flatMap(reader.proxy)
        guard let endpoint, let bucket, let credentials, let addressing, dialect != .oss || signature != nil else {
            return nil
        }
        checkAddressing(fields, dialect, endpoint, addressing, bucket)
        let store = RemoteStoreSettings(
            dialect: dialect, endpoint: endpoint, addresses: addresses, balance: balance, region: region,
            addressing: addressing, signature: signature,
            credentials: credentials, caFile: caFile, proxy: proxy)
        return Store(name: name, bucket: bucket, kind: .remote(store))
    }

    /// The most addresses of one store.
    private static let mostAddresses = 16

    /// Where connections go: to the endpoint itself where no addresses are given.
    private func readAddresses(_ endpoint: Endpoint, _ fields: Fields) -> [Endpoint] {
        guard let node = fields["addresses"] else { return [endpoint] }
        let nodes = reader.list(node)
        guard (1...Self.mostAddresses).contains(nodes.count) else {
            if case .list = node.value {
                reader.error(node, "expected 1 to \(Self.mostAddresses) addresses, found \(nodes.count)")
            }
            return [endpoint]
        }
        var addresses: [Endpoint] = []
        for node in nodes {
            guard let address = reader.address(node, of: endpoint) else { continue }
            if addresses.contains(address) { reader.error(node, "this address is already in the list") }
            addresses.append(address)
        }
        return addresses
    }

    private func readCredentials(_ node: ConfigNode) -> StoreCredentials? {
        guard let fields = reader.fields(node, Schema.storeCredentials) else { return nil }
        let id = fields["id"].flatMap(reader.textOrReference)
        let secret = fields["secret"].flatMap(reader.secret)
        let token = fields["token"].flatMap(reader.secret)
        for (node, value) in [(fields["id"], id.map { Array($0.utf8) }), (fields["token"], token?.reveal())] {
            // Both stand in header fields; a line end in an environment variable must not become one there.
            guard let node, let value, !HeaderFields.isValidValue(value.span) else { continue }
            reader.error(node, "it holds a line end or another character that cannot be sent")
        }
        guard let id, let secret else { return nil }
        return StoreCredentials(id: id, secret: secret, token: token)
    }

    /// The region that signatures name; US3's name none.
    private func readRegion(
        _ dialect: DialectName, _ signature: RemoteStoreSettings.Signature?, _ fields: Fields
    ) -> String? {
        guard dialect != .us3 else { return nil }
        guard let node = fields["region"] else {
            switch (dialect, signature) {
            case (.oss, .v4): reader.error(fields.node, "\"region\" is missing; signature v4 needs it")
            case (.tos, _): reader.error(fields.node, "\"region\" is missing; signatures name it")
            default: break
            }
            return nil
        }
        guard let text = reader.text(node) else { return nil }
        // Both vendors write it so in their endpoints, and without it in signatures.
        let prefix = "\(dialect.rawValue)-"
        if text.hasPrefix(prefix) {
            let region = text.dropFirst(prefix.utf8.count)
            reader.error(node, "a region has no \"\(prefix)\" in front; write \"\(region)\"")
            return nil
        }
        guard text.utf8.allSatisfy(Self.isBucketByte) else {
            let example = dialect == .tos ? "cn-beijing" : "cn-hangzhou"
            reader.error(node, "expected a region such as \(example), found \(ConfigReader.shown(text))")
            return nil
        }
        return text
    }

    private func readAddressing(_ dialect: DialectName, _ endpoint: Endpoint?, _ fields: Fields) -> Addressing? {
        guard let node = fields["addressing"] else {
            // US3 has no other way to be reached by an address: the bucket is in the signature only.
            let isAddress = endpoint.map { IPAddress(parsing: $0.host) != nil } ?? false
            return dialect == .us3 && isAddress ? .customDomain : .virtualHost
        }
        guard let addressing = reader.choice(node, Addressing.self) else { return nil }
        if dialect == .us3, addressing == .path {
            reader.error(
                node, "US3 takes no bucket in the path; use virtualHost, or customDomain where the host has no bucket")
            return nil
        }
        return addressing
    }

    /// The vendors' S3 endpoints understand AWS signatures only (TOS: page "Compatibility with Amazon S3"; US3: page
    /// "S3 protocol").
    private func checkEndpoint(_ dialect: DialectName, _ endpoint: Endpoint, _ fields: Fields) {
        guard let node = fields["endpoint"] else { return }
        let (prefix, native): (String, String)
        switch dialect {
        case .oss: return
        case .tos: (prefix, native) = ("tos-s3-", "tos-")
        case .us3: (prefix, native) = ("s3-", "")
        }
        let isVendors = [".volces.com", ".ivolces.com", ".ufileos.com"].contains(where: endpoint.host.hasSuffix)
        if isVendors, endpoint.host.hasPrefix(prefix) {
            let host = native + endpoint.host.dropFirst(prefix.utf8.count)
            reader.error(node, "this endpoint speaks S3 only; the one for dialect \(dialect.rawValue) is \"\(host)\"")
        }
    }

    private func checkAddressing(
        _ fields: Fields, _ dialect: DialectName, _ endpoint: Endpoint, _ addressing: Addressing,
        _ bucket: BucketPattern
    ) {
        let node = fields["addressing"] ?? fields["endpoint"] ?? fields.node
        if addressing == .virtualHost, IPAddress(parsing: endpoint.host) != nil {
            let other: Addressing = dialect == .us3 ? .customDomain : .path
            reader.error(
                node,
                "a bucket cannot stand in front of a numeric address; use \"addressing: \(other.rawValue)\"")
        }
        if addressing == .customDomain, bucket.needsClientBucket, let node = fields["bucket"] {
            reader.error(node, "a custom domain belongs to one bucket, so \"${bucket}\" cannot be part of its name")
        }
    }

    /// A bucket's name, in which `${bucket}` may stand once for the client's.
    private func bucketPattern(_ node: ConfigNode) -> BucketPattern? {
        guard let text = reader.text(node) else { return nil }
        guard let variable = text.firstRange(of: "${bucket}") else {
            return bucketName(node).map { BucketPattern(prefix: $0, suffix: nil) }
        }
        let pattern = BucketPattern(
            prefix: String(text[..<variable.lowerBound]), suffix: String(text[variable.upperBound...]))
        let rest = pattern.prefix + (pattern.suffix ?? "")
        if rest.utf8.allSatisfy(Self.isBucketByte) { return pattern }
        reader.error(node, "expected lower-case letters, digits and \"-\" around one \"${bucket}\"")
        return nil
    }
}
