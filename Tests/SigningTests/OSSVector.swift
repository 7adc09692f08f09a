// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPWire
import Octets
import Testing

@testable import Signing

/// A known answer from `oss.json`.
///
/// Made by running the Python SDKs oss2 2.19.1 and alibabacloud-oss-v2 1.4.1 with a frozen clock; the published ones
/// come from oss/signer/signer_test.go of alibabacloud-oss-go-sdk-v2 and from "Add a signature to the header" of the
/// OSS API reference.
struct OSSVector: Sendable, CustomTestStringConvertible {
    let json: JSON
    let kind: String

    var testDescription: String { text("name") }

    func text(_ name: String) -> String { json[name]?.stringValue ?? "" }
    func list(_ name: String) -> [String] { (json[name]?.arrayValue ?? []).compactMap(\.stringValue) }
    func members(_ name: String) -> [(key: String, value: JSON)] { json[name]?.objectValue ?? [] }

    var method: String { text("method") }
    var region: String { json["region"]?.stringValue ?? "cn-hangzhou" }
    var product: String { json["product"]?.stringValue ?? "oss" }
    var signature: String { text("signature") }

    /// The credentials; with the token only where the vector uses one.
    var credentials: AccessKey {
        let used = members("headers_added_by_signer") + members("headers")
        let header = used.first { $0.key == "x-oss-security-token" }?.value.stringValue
        let query = signedParameters.first { $0.name == "x-oss-security-token" }?.value
        let token = header ?? query ?? (text("name").hasSuffix("get-sts") ? Self.token : nil)
        return AccessKey(
            id: json["access_key_id"]?.stringValue ?? Self.keyID,
            secret: Array((json["access_key_secret"]?.stringValue ?? Self.secret).utf8), token: token)
    }

    /// The key as the SDK's caller gave it, and the caller's parameters.
    var resource: OSSResource {
        var parameters = members("params").map { ($0.key, $0.value.stringValue ?? "") }
        for pair in json["params"]?.arrayValue ?? [] {
            parameters.append((pair.arrayValue?[0].stringValue ?? "", pair.arrayValue?[1].stringValue ?? ""))
        }
        parameters += signedParameters.filter { $0.name.hasPrefix("x-oss-") == false }
        // The token of V1 URLs is a parameter that the signer adds.
        parameters.removeAll { $0.0 == "security-token" }
        return OSSResource(
            bucket: text("bucket"), key: Array(text("key").utf8),
            parameters: parameters.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) })
    }

    /// The parameters of a published V4 URL, with those that authenticate it.
    var signedParameters: [(name: String, value: String)] {
        (json["params_signed"]?.arrayValue ?? []).map {
            ($0.arrayValue?[0].stringValue ?? "", $0.arrayValue?[1].stringValue ?? "")
        }
    }

    /// The caller's own fields.
    var fields: HeaderFields {
        var fields = HeaderFields()
        for (name, value) in members("headers") { fields.append(name: name, value.stringValue ?? "") }
        return fields
    }

    /// Unix seconds of the frozen clock.
    var now: Int64 { json["epoch"]?.integerValue.map(Int64.init) ?? Self.epoch }

    static let keyID = "LTAI5tExampleKeyId000001"
    static let secret = "ExampleSecretKey0000000000001xyz"
    static let token = "CAISexampleStsToken/with+special==chars"
    static let epoch: Int64 = 1_700_000_000

    static let file: JSON = {
        guard let url = Bundle.module.url(forResource: "oss", withExtension: "json"),
            let data = try? Data(contentsOf: url),
            let json = try? JSON.parse(Array(data).span)
        else { preconditionFailure("oss.json is a resource of this target") }
        return json
    }()

    static func all(_ group: String, kind: String? = nil) -> [OSSVector] {
        (file[group]?.arrayValue ?? []).map { OSSVector(json: $0, kind: $0["kind"]?.stringValue ?? group) }
            .filter { kind == nil || $0.kind == kind }
    }

    static let headerV1 = all("v1_header")
    static let urlV1 = all("v1_url")
    static let headerV4 = all("v4_header") + all("published_known_answers", kind: "v4_header")
    static let urlV4 = all("v4_url") + all("published_known_answers", kind: "v4_url")
    static let publishedV1 =
        all("published_known_answers", kind: "v1_header") + all("published_known_answers", kind: "v1_url")
}
