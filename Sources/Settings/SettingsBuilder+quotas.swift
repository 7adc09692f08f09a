// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension SettingsBuilder {
    /// The keys of a quota, which may stand beside others.
    func readQuota(_ fields: Fields) -> Quota {
        var quota = Quota()
        quota.uploadsInFlight = fields["uploadsInFlight"].flatMap { reader.count($0, in: 1...10_000_000) }
        let burst = fields["burst"].flatMap { reader.count($0, in: 1...1_000_000) }
        if let node = fields["rate"], let (uploads, milliseconds) = reader.rate(node) {
            quota.rate = UploadRate(uploads: uploads, perMilliseconds: milliseconds, burst: burst ?? uploads)
        }
        if let node = fields["burst"], fields["rate"] == nil {
            reader.error(node, "a burst is a part of a rate, and there is no \"rate\" here")
        }
        return quota
    }

    func readQuota(_ node: ConfigNode, _ section: Schema.Section) -> Quota? {
        reader.fields(node, section).map(readQuota)
    }
}

extension ConfigReader {
    /// Things in a time, such as `10/s`, `600/m` or `5/10s`; the time in milliseconds.
    func rate(_ node: ConfigNode) -> (count: Int, milliseconds: Int)? {
        guard let text = text(node) else { return nil }
        guard let slash = text.firstIndex(of: "/"), let count = Self.decimal(text[..<slash]), count > 0,
            count <= 1_000_000
        else {
            error(node, "expected a rate such as 10/s, 600/m or 5/10s, found \(Self.shown(text))")
            return nil
        }
        var time = String(text[text.index(after: slash)...])
        if time.utf8.first.map({ !(0x30...0x39).contains($0) }) ?? true { time = "1" + time }
        return milliseconds(time, node).map { (Int(count), $0) }
    }
}
