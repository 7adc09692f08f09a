// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPWire
import Octets
import Testing

@testable import Signing

/// A known answer from `us3.json`.
///
/// Made by running the Python SDK ufile 3.2.11 and the Go SDK (`ufilesdk-dev/ufile-gosdk` 1d4446c) with invented keys,
/// and by an HMAC of their own; `agreed_by` says who came to the same signature.
struct US3Vector: Sendable, CustomTestStringConvertible {
    let json: JSON

    var testDescription: String { text("id") }
    var kind: String { text("kind") }
    var isForm: Bool { text("id") == "h10-postfile" }

    func text(_ name: String) -> String { json[name]?.stringValue ?? "" }

    var policy: String { text("policy_base64") }
    var credentials: AccessKey { AccessKey(id: text("public_key"), secret: Array(text("private_key").utf8)) }

    var fields: HeaderFields {
        var fields = HeaderFields()
        for (name, value) in json["headers_sent"]?.objectValue ?? [] {
            if name != "Date" || !text("date").isEmpty { fields.append(name: name, value.stringValue ?? "") }
        }
        for pair in json["headers_sent_list"]?.arrayValue ?? [] {
            fields.append(name: pair.arrayValue?[0].stringValue ?? "", pair.arrayValue?[1].stringValue ?? "")
        }
        return fields
    }

    /// As it stands on the wire, decoded as a listener does.
    var key: [UInt8] { Array(text("key").utf8) }

    static let file: JSON = {
        guard let url = Bundle.module.url(forResource: "us3", withExtension: "json"),
            let data = try? Data(contentsOf: url),
            let json = try? JSON.parse(Array(data).span)
        else { preconditionFailure("us3.json is a resource of this target") }
        return json
    }()

    static let all = (file["signatures"]?.arrayValue ?? []).map { US3Vector(json: $0) }
    static let header = all.filter { ["header", "policy"].contains($0.kind) && !$0.isForm } + others
    static let url = all.filter { $0.kind == "url" }
    static let form = all.filter(\.isForm)
    private static let others = all.filter { !["header", "policy", "url"].contains($0.kind) }
}

extension US3Claim {
    /// The request of a vector in header form, with the vector's own signature.
    init(header vector: US3Vector) {
        var fields = vector.fields
        let policy = vector.policy.isEmpty ? "" : ":\(vector.policy)"
        fields.append("Authorization", "UCloud \(vector.text("public_key")):\(vector.text("signature"))\(policy)")
        self.init(
            method: vector.text("method"), bucket: vector.text("bucket"), key: vector.key, parameters: [],
            fields: fields)
    }

    /// The request behind a vector's URL.
    init(url vector: US3Vector, query name: String) {
        let query = vector.text(name)
        let items = QueryItems(query.utf8.span, plusIsSpace: true)?.items ?? []
        self.init(
            method: vector.text("method"), bucket: vector.text("bucket"), key: vector.key,
            parameters: items.map { (name: $0.name, value: $0.value) }, fields: vector.fields)
    }

    func verify(_ credentials: AccessKey, now: Int64 = 1_700_000_000) -> US3Authentication {
        US3Verifier().verify(self, now: now) { $0 == credentials.id ? credentials : nil }
    }

    func failure(_ credentials: AccessKey, now: Int64 = 1_700_000_000) -> US3AuthFailure? {
        guard case .refused(let failure) = verify(credentials, now: now) else { return nil }
        return failure
    }
}
