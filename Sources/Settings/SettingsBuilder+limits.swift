// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension SettingsBuilder {
    func readLimits(_ node: ConfigNode) -> Limits {
        var limits = Limits()
        guard let fields = reader.fields(node, Schema.limits) else { return limits }
        if let node = fields["uploadSize"], let value = reader.bytes(node, in: 1...(1 << 60)) {
            limits.uploadSizeBytes = value
        }
        set(&limits.headBytes, fields["head"]) { reader.byteCount($0, in: 1 << 10...1 << 20) }
        set(&limits.connections, fields["connections"]) { reader.count($0, in: 1...10_000_000) }
        set(&limits.uploadsInFlight, fields["uploadsInFlight"]) { reader.count($0, in: 1...10_000_000) }
        set(&limits.bufferBytes, fields["buffers"]) { reader.byteCount($0, in: 1 << 20...1 << 40) }
        set(&limits.callbackAnswerBytes, fields["callbackAnswer"]) { reader.byteCount($0, in: 1 << 10...64 << 20) }
        set(&limits.formParts, fields["formParts"]) { reader.count($0, in: 1...1_000_000) }
        set(&limits.formFieldBytes, fields["formField"]) { reader.byteCount($0, in: 1...64 << 20) }
        set(&limits.formFieldsBytes, fields["formFields"]) { reader.byteCount($0, in: 1 << 10...64 << 20) }
        if let node = fields["client"], let quota = readQuota(node, Schema.clientLimits) { limits.client = quota }
        return limits
    }

    func readTimeouts(_ node: ConfigNode) -> Timeouts {
        var timeouts = Timeouts()
        guard let fields = reader.fields(node, Schema.timeouts) else { return timeouts }
        set(&timeouts.headMilliseconds, fields["head"]) { reader.milliseconds($0) }
        set(&timeouts.bodyIdleMilliseconds, fields["bodyIdle"]) { reader.milliseconds($0) }
        set(&timeouts.keepAliveMilliseconds, fields["keepAlive"]) { reader.milliseconds($0, atLeast: 0) }
        set(&timeouts.storeConnectMilliseconds, fields["storeConnect"]) { reader.milliseconds($0) }
        set(&timeouts.storeAnswerMilliseconds, fields["storeAnswer"]) { reader.milliseconds($0) }
        set(&timeouts.storeCompleteMilliseconds, fields["storeComplete"]) { reader.milliseconds($0) }
        set(&timeouts.drainMilliseconds, fields["drain"]) { reader.milliseconds($0, atLeast: 0) }
        if let node = fields["minimumRate"] {
            if case .text("off") = node.value {
                timeouts.minimumRate = nil
            } else if let rate = readMinimumRate(node) {
                timeouts.minimumRate = rate
            }
        }
        return timeouts
    }

    private func readMinimumRate(_ node: ConfigNode) -> MinimumRate? {
        guard case .mapping = node.value else {
            let example = "{bytes: 1KiB, per: 1s, after: 30s}"
            reader.error(node, "expected \"off\" or a mapping such as \(example), found \(node.kind)")
            return nil
        }
        guard let fields = reader.fields(node, Schema.minimumRate),
            let bytes = fields["bytes"].flatMap({ reader.byteCount($0, in: 1...1 << 40) })
        else { return nil }
        var (per, after) = (1000, 30_000)
        set(&per, fields["per"]) { reader.milliseconds($0) }
        set(&after, fields["after"]) { reader.milliseconds($0, atLeast: 0) }
        return MinimumRate(bytes: bytes, perMilliseconds: per, afterMilliseconds: after)
    }

    /// Replaces a default where there is a usable value.
    private func set(_ value: inout Int, _ node: ConfigNode?, _ read: (ConfigNode) -> Int?) {
        if let node, let given = read(node) { value = given }
    }
}
