// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import HTTPWire

extension SettingsBuilder {
    private static var ossKeys: [String] {
        ["bucket", "endpoint", "region", "addressing", "signature", "credentials", "tls", "proxy"]
    }
    private static var directoryKeys: [String] { ["bucket", "path"] }

    func readStore(_ name: String, _ node: ConfigNode) -> Store? {
        guard let fields = reader.fields(node, Schema.store),
            let dialectNode = fields["dialect"], let dialect = dialectWord(dialectNode)
        else { return nil }
        switch dialect {
        case "oss":
            refuseOthers(fields, than: Self.ossKeys, of: dialect)
            return readOSSStore(name, fields)
        case "directory":
            refuseOthers(fields, than: Self.directoryKeys, of: dialect)
            return readDirectoryStore(name, fields)
        default:
            reader.error(dialectNode, "\"\(dialect)\" is a dialect of listeners only; expected oss or directory")
            return nil
        }
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
        guard let path, let bucket else { return nil }
        return Store(name: name, bucket: bucket, kind: .directory(path: path))
    }

    private func readOSSStore(_ name: String, _ fields: Fields) -> Store? {
        let endpoint = required("endpoint", fields).flatMap(reader.endpoint)
        let bucket = required("bucket", fields).flatMap(bucketPattern)
        let credentials = required("credentials", fields).flatMap(readCredentials)
        let addressing = fields["addressing"].map { reader.choice($0, OSSStore.Addressing.self) } ?? .virtualHost
        let signature = fields["signature"].map { reader.choice($0, OSSStore.Signature.self) } ?? .v4
        let region = fields["region"].flatMap(region)
        if signature == .v4, fields["region"] == nil {
            reader.error(fields.node, "\"region\" is missing; signature v4 needs it")
        }
        let caFile = fields["tls"].flatMap { node in
            reader.fields(node, Schema.storeTLS)?["ca"].flatMap(reader.readableFile)
        }
        if let endpoint, !endpoint.isTLS, let node = fields["tls"] {
            reader.error(node, "the endpoint is http://, so there is no TLS to set up")
        }
        let proxy = fields["proxy"].flatMap(reader.proxy)
        guard let endpoint, let bucket, let credentials, let addressing, let signature else { return nil }
        checkAddressing(fields, endpoint, addressing, bucket)
        let store = OSSStore(
            endpoint: endpoint, region: region, addressing: addressing, signature: signature,
            credentials: credentials, caFile: caFile, proxy: proxy)
        return Store(name: name, bucket: bucket, kind: .oss(store))
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

    private func region(_ node: ConfigNode) -> String? {
        guard let text = reader.text(node) else { return nil }
        if text.hasPrefix("oss-") {
            reader.error(node, "a region has no \"oss-\" in front; write \"\(text.dropFirst(4))\"")
            return nil
        }
        guard text.utf8.allSatisfy(Self.isBucketByte) else {
            reader.error(node, "expected a region such as cn-hangzhou, found \(ConfigReader.shown(text))")
            return nil
        }
        return text
    }

    private func checkAddressing(
        _ fields: Fields, _ endpoint: Endpoint, _ addressing: OSSStore.Addressing, _ bucket: BucketPattern
    ) {
        let node = fields["addressing"] ?? fields["endpoint"] ?? fields.node
        if addressing == .virtualHost, IPAddress(parsing: endpoint.host) != nil {
            reader.error(node, "a bucket cannot stand in front of a numeric address; use \"addressing: path\"")
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
