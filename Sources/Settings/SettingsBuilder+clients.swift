// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks

extension SettingsBuilder {
    func readClientGroup(_ name: String, _ node: ConfigNode) -> ClientGroup? {
        guard let fields = reader.fields(node, Schema.clients) else { return nil }
        let keys = fields["keys"].map { reader.list($0).map(readKey) } ?? []
        let bearer = fields["bearer"].map { reader.list($0).map { readBearer($0, group: name) } } ?? []
        let basic = fields["basic"].map { reader.list($0).map(readBasic) } ?? []
        let networks = fields["cidr"].map { reader.oneOrMore($0).map(readNetwork) } ?? []
        if ["keys", "bearer", "basic", "cidr"].allSatisfy({ fields[$0] == nil }) {
            reader.error(node, "the group admits nobody; give it keys, bearer, basic or cidr")
        }
        reportRepeated(fields["keys"], keys.map { $0?.id }, "key")
        reportRepeated(fields["basic"], basic.map { $0?.user }, "user")
        let group = ClientGroup(
            name: name, keys: keys.compactMap(\.self), bearer: bearer.compactMap(\.self),
            basic: basic.compactMap(\.self), networks: networks.compactMap(\.self),
            quota: fields["limits"].flatMap { readQuota($0, Schema.groupLimits) })
        let isWhole =
            group.keys.count == keys.count && group.bearer.count == bearer.count && group.basic.count == basic.count
            && group.networks.count == networks.count
        return isWhole ? group : nil
    }

    private func readKey(_ node: ConfigNode) -> ClientGroup.Key? {
        guard let fields = reader.fields(node, Schema.clientKey) else { return nil }
        let id = fields["id"].flatMap(reader.textOrReference)
        let secret = fields["secret"].flatMap(reader.secret)
        guard let id, let secret else { return nil }
        return ClientGroup.Key(id: id, secret: secret)
    }

    private func readBearer(_ node: ConfigNode, group: String) -> ClientGroup.Bearer? {
        guard case .mapping = node.value else {
            return reader.secret(node).map { ClientGroup.Bearer(id: group, token: $0) }
        }
        guard let fields = reader.fields(node, Schema.clientBearer) else { return nil }
        let id = fields["id"].map(reader.nameBesideSecret) ?? group
        guard let token = fields["token"].flatMap(reader.secret), let id else { return nil }
        return ClientGroup.Bearer(id: id, token: token)
    }

    private func readBasic(_ node: ConfigNode) -> ClientGroup.Basic? {
        guard let fields = reader.fields(node, Schema.clientBasic) else { return nil }
        let user = fields["user"].flatMap(reader.textOrReference)
        let password = fields["password"].flatMap(reader.secret)
        if let user, let node = fields["user"], user.contains(":") {
            reader.error(node, "a user name of basic authentication holds no colon")
            return nil
        }
        guard let user, let password else { return nil }
        return ClientGroup.Basic(user: user, password: password)
    }

    private func readNetwork(_ node: ConfigNode) -> AddressBlock? {
        guard let text = reader.text(node) else { return nil }
        if let block = AddressBlock(parsing: text) { return block }
        reader.error(
            node, "expected a block of addresses such as 10.0.0.0/8 or fd00::/8, found \(ConfigReader.shown(text))")
        return nil
    }

    private func reportRepeated(_ list: ConfigNode?, _ ids: [String?], _ what: String) {
        guard case .list(let nodes)? = list?.value else { return }
        // With assumed secrets, ids that are references all look the same.
        guard reader.secretPolicy == .required else { return }
        for (index, id) in ids.enumerated() {
            if let id, ids[..<index].contains(id) { reader.error(nodes[index], "this \(what) is already in the list") }
        }
    }
}
