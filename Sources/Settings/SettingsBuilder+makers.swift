// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Dialects

// Who makes a callback: the store, or Putback once the object is stored.

extension SettingsBuilder {
    /// Whether the store makes a route's callback: if the policy says so, or if it says nothing and the store surely knows
    /// all that the body tells.
    func isByStore(_ callback: Int?, _ store: Int, _ conditions: RouteConditions) -> Bool {
        guard let callback, let policy = callbacks[callback].part else { return false }
        if let maker = policy.by { return maker == .store }
        guard let dialect = stores[store].part?.dialect else { return false }
        let fromSDKs = listeners(of: conditions).contains(where: \.isSDK)
        return policy.systemVariables.allSatisfy {
            Self.knowledge(of: $0, in: dialect, fromSDKs: fromSDKs) == .known
        }
    }

    /// Whether a store that makes a callback itself can tell a variable.
    ///
    /// OSS and TOS fill it in. US3 knows no system variables (put policy page): Putback writes the values into the policy,
    /// those that it has before the object is stored. It does not have size and type of what an SDK uploaded in parts,
    /// because it passes them on one by one.
    static func knowledge(
        of variable: SystemVariable, in dialect: DialectName, fromSDKs: Bool
    ) -> VariableKnowledge {
        switch dialect {
        case .oss: CallbackVendor.oss.knowledge(of: variable)
        case .tos: CallbackVendor.tos.knowledge(of: variable)
        case .us3:
            switch variable {
            case .bucket, .object, .operation, .clientIP, .requestID: .known
            case .size, .mimeType: fromSDKs ? .unknown : .known
            case .etag, .imageHeight, .imageWidth, .imageFormat, .crc64, .contentMD5, .vpcID: .unknown
            }
        }
    }

    func checkMaker(of callback: Int, _ route: Route, _ node: ConfigNode) {
        let store = stores[route.storeIndex]
        guard route.callbackIsByStore, let kind = store.part?.kind else { return }
        switch kind {
        case .directory:
            reader.error(node, "the store \"\(store.name)\" makes no callbacks, and the policy says \"by: store\"")
        case .remote(let remote):
            checkVariables(of: callback, by: remote.dialect, store.name, route, node)
            checkShape(of: callback, for: remote.dialect)
        }
    }

    private func checkVariables(
        of callback: Int, by dialect: DialectName, _ store: String, _ route: Route, _ node: ConfigNode
    ) {
        guard let policy = callbacks[callback].part else { return }
        let fromSDKs = listeners(of: route.conditions).contains(where: \.isSDK)
        for variable in policy.systemVariables {
            let subject = "callback \"\(policy.name)\" says \"by: store\" and uses ${\(variable.rawValue)}"
            switch Self.knowledge(of: variable, in: dialect, fromSDKs: fromSDKs) {
            case .known: continue
            case .unconfirmed:
                reader.warning(
                    node,
                    "\(subject), of which it is not known whether the store \"\(store)\" (\(dialect.rawValue)) has it;"
                        + " \"by: putback\" is sure to")
            case .unknown:
                let isOfParts = Self.knowledge(of: variable, in: dialect, fromSDKs: false) == .known
                let reason = isOfParts ? " of what SDKs upload in parts" : ""
                reader.error(
                    node,
                    "\(subject), which the store \"\(store)\" (\(dialect.rawValue)) cannot know\(reason);"
                        + " use \"by: putback\"")
            }
        }
    }

    /// What else keeps a vendor from making a callback, once for each policy.
    private func checkShape(of callback: Int, for dialect: DialectName) {
        guard let policy = callbacks[callback].part,
            checkedFor[dialect, default: []].insert(callback).inserted
        else { return }
        for problem in Self.problems(policy, for: dialect) { report(problem, in: callbacks[callback].node) }
    }

    private static func problems(_ policy: CallbackPolicy, for dialect: DialectName) -> [CallbackProblem] {
        switch dialect {
        case .oss: CallbackCodec(.oss).problems(policy)
        case .tos: CallbackCodec(.tos).problems(policy)
        case .us3: US3PutPolicyCodec.problems(policy)
        }
    }
}
