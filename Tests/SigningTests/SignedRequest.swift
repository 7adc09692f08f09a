// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets

@testable import Signing

/// A signed request as a listener would see it, to be verified and to be tampered with.
struct SignedRequest: Sendable {
    var method: String
    var resource: OSSResource
    var fields: [(name: String, value: [UInt8])]
    var now: Int64
    var credentials: AccessKey
    var region: String? = "cn-hangzhou"
    var product = "oss"

    /// A small PUT by the key of the vectors.
    init(
        version: OSSSignatureVersion, url: Bool = false, token: String? = nil, fields: [(String, String)] = [],
        parameters: [(String, String)] = [], additionalHeaders: [String] = [], signedAt: Int64 = OSSVector.epoch,
        validSeconds: Int64 = 3600
    ) {
        credentials = AccessKey(id: OSSVector.keyID, secret: Array(OSSVector.secret.utf8), token: token)
        method = "PUT"
        now = signedAt
        resource = OSSResource(
            bucket: "examplebucket", key: Array("dir/a b+c.txt".utf8),
            parameters: parameters.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) })
        self.fields = []
        var own = HeaderFields()
        for (name, value) in fields { own.append(name: name, value) }
        let signer = OSSSigner(version: version, credentials: credentials, region: "cn-hangzhou")
        if url {
            resource.parameters += signer.presign(
                method: method, resource: resource, fields: own, now: signedAt, validSeconds: validSeconds,
                additionalHeaders: additionalHeaders)
        } else {
            signer.sign(
                method: method, resource: resource, fields: &own, now: signedAt, additionalHeaders: additionalHeaders)
        }
        take(own)
    }

    /// The request of a vector, with the vector's own signature.
    init(header vector: OSSVector, authorization: String) {
        self.init(vector)
        let version: OSSSignatureVersion = vector.kind == "v1_header" ? .v1 : .v4
        take(Signed(vector, version: version).fields)
        set("Authorization", authorization)
    }

    /// The request behind a vector's URL, with the vector's own parameters.
    init(url vector: OSSVector, query: Substring) {
        self.init(vector)
        take(vector.fields)
        resource.parameters = query.split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let parts = pair.map { Percent.decode(Array($0.utf8).span) ?? [] }
            return (name: parts[0], value: parts.count > 1 ? parts[1] : [])
        }
    }

    private init(_ vector: OSSVector) {
        method = vector.method
        resource = vector.resource
        fields = []
        now = vector.now
        credentials = vector.credentials
        region = vector.region
        product = vector.product
    }

    var head: HeaderFields {
        var head = HeaderFields()
        for (name, value) in fields { head.append(name: name, bytes: value.span) }
        return head
    }

    func verify() -> OSSAuthentication {
        OSSVerifier(region: region, product: product).verify(
            method: method, resource: resource, fields: head, now: now
        ) { $0 == credentials.id ? credentials : nil }
    }

    var failure: OSSAuthFailure? {
        guard case .refused(let failure) = verify() else { return nil }
        return failure
    }

    var isAuthentic: Bool {
        guard case .authenticated(let id) = verify() else { return false }
        return id == credentials.id
    }

    mutating func set(_ name: String, _ value: String) {
        remove(name)
        fields.append((name, Array(value.utf8)))
    }

    mutating func remove(_ name: String) { fields.removeAll { $0.name.lowercased() == name.lowercased() } }

    mutating func setParameter(_ name: String, _ value: String) {
        let index = resource.parameters.firstIndex { $0.name == Array(name.utf8) }
        guard let index else { return resource.parameters.append((name: Array(name.utf8), value: Array(value.utf8))) }
        resource.parameters[index].value = Array(value.utf8)
    }

    mutating func removeParameter(_ name: String) { resource.parameters.removeAll { $0.name == Array(name.utf8) } }

    func text(_ name: String) -> String {
        fields.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) } ?? ""
    }

    private mutating func take(_ head: HeaderFields) {
        fields = head.indices.map { (String(octets: head.name(at: $0).span), Array(head.value(at: $0))) }
    }
}
