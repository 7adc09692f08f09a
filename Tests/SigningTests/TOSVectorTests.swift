// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPWire
import Octets
import Testing

@testable import Signing

/// A known answer of `tos.json`: made by PyPI `tos` 2.9.3 with a frozen clock or captured from the Go SDK 2.9.9, and
/// computed again by an independent implementation.
struct TOSVector: Sendable, CustomTestStringConvertible {
    let json: JSON

    var testDescription: String { text("name") }

    func text(_ name: String) -> String { json[name]?.stringValue ?? "" }

    var isURL: Bool { text("kind") == "url" }
    var method: String { text("method") }
    var key: AccessKey {
        AccessKey(
            id: text("accessKey"), secret: Array(text("secretKey").utf8), token: json["securityToken"]?.stringValue)
    }
    var now: Int64 { ISO8601.parseBasic(text("date").utf8.span) ?? 0 }

    private var target: Substring {
        let rest = text("url").split(separator: "://", maxSplits: 1)[1]
        return rest[(rest.firstIndex(of: "/") ?? rest.endIndex)...]
    }
    /// Decoded; a plus in a path is a plus.
    var path: [UInt8] {
        PathText.decode(Array(target.prefix { $0 != "?" }.utf8).span, plusIsSpace: false) ?? []
    }
    var parameters: [(name: [UInt8], value: [UInt8])] {
        guard let mark = target.firstIndex(of: "?") else { return [] }
        let query = Array(target[target.index(after: mark)...].utf8)
        return QueryItems(query.span, plusIsSpace: true)?.items.map { (name: $0.name, value: $0.value) } ?? []
    }
    var fields: HeaderFields {
        var fields = HeaderFields()
        fields.append("Host", text("host"))
        for (name, value) in json["headers"]?.objectValue ?? [] where name.lowercased() != "host" {
            // Only what goes on the wire: the URL form does not send what the caller gave the signer for nothing.
            fields.append(name: name, value.stringValue ?? "")
        }
        if !isURL { fields.set("Authorization", text("authorization")) }
        return fields
    }

    static let all: [TOSVector] = load("tos")
    static let headers = all.filter { !$0.isURL }

    static func load(_ name: String) -> [TOSVector] {
        guard let url = Bundle.module.url(forResource: name, withExtension: "json"),
            let data = try? Data(contentsOf: url),
            case .array(let list)? = try? JSON.parse([UInt8](data).span)
        else { return [] }
        return list.map { TOSVector(json: $0) }
    }

    func verify(
        method: String? = nil, path: [UInt8]? = nil, parameters: [(name: [UInt8], value: [UInt8])]? = nil,
        fields: HeaderFields? = nil, now: Int64? = nil
    ) throws(TOSAuthFailure) -> String? {
        try TOSVerifier().verify(
            method: method ?? self.method, path: path ?? self.path, parameters: parameters ?? self.parameters,
            fields: fields ?? self.fields, now: now ?? self.now
        ) { $0 == key.id ? key : nil }
    }
}

@Suite struct TOSVectorTests {
    @Test func `there are vectors`() { #expect(TOSVector.all.count == 22) }

    @Test(arguments: TOSVector.all)
    func `accepts what the vendor's SDKs sign`(vector: TOSVector) throws {
        #expect(try vector.verify() == vector.key.id)
    }

    @Test(arguments: TOSVector.all)
    func `makes the canonical request, the string to sign and the signature`(vector: TOSVector) {
        let signed = (vector.json["signedHeaders"]?.arrayValue ?? []).compactMap(\.stringValue)
        var canonical = TOSCanonicalText()
        let names = Array(signed.joined(separator: ";").utf8)
        let payload = vector.text("payloadHash")
        canonical.write(
            TOSCanonicalText.Request(
                method: vector.method, bucket: nil, key: Array(vector.path.dropFirst()), parameters: vector.parameters),
            fields: vector.fields, signed: names.span, payload: payload.utf8.span)
        #expect(String(octets: canonical.text.span) == vector.text("canonicalRequest"))
        let date = vector.text("date")
        let key = TOSScopeKey(
            secret: vector.key.secret, day: Array(date.utf8.prefix(8)).span, region: vector.text("region").utf8.span)
        canonical.writeStringToSign(key, date: date.utf8.span)
        #expect(String(octets: canonical.stringToSign.span) == vector.text("stringToSign"))
        var signature: [UInt8] = []
        signature.append(addingCapacity: 64) { canonical.appendSignature(key, to: &$0) }
        #expect(String(octets: signature.span) == vector.text("signature"))
    }

    @Test(
        arguments: TOSVector.headers.filter {
            $0.text("name").hasPrefix("header-") && $0.text("payloadHash") == "UNSIGNED-PAYLOAD"
        })
    func `signs like the Python SDK`(vector: TOSVector) {
        var fields = vector.fields
        fields.remove("Authorization")
        TOSSigner(key: vector.key, region: vector.text("region")).sign(
            method: vector.method, bucket: nil, key: Array(vector.path.dropFirst()), parameters: vector.parameters,
            fields: &fields, now: vector.now)
        #expect(fields.string("Authorization") == vector.text("authorization"))
    }

    @Test(arguments: TOSVector.all)
    func `refuses whatever was changed`(vector: TOSVector) {
        func refused(_ what: String, _ work: () throws(TOSAuthFailure) -> String?) {
            #expect(throws: TOSAuthFailure.self, "\(what)") { try work() }
        }
        refused("method") { () throws(TOSAuthFailure) in try vector.verify(method: "PATCH") }
        refused("path") { () throws(TOSAuthFailure) in try vector.verify(path: vector.path + [0x78]) }
        refused("parameter") { () throws(TOSAuthFailure) in
            try vector.verify(parameters: vector.parameters + [(name: Array("x".utf8), value: [])])
        }
        for index in vector.parameters.indices where !vector.parameters[index].value.isEmpty {
            var parameters = vector.parameters
            parameters[index].value[0] ^= 1
            refused("parameter \(index)") { () throws(TOSAuthFailure) in try vector.verify(parameters: parameters) }
        }
        let signed = (vector.json["signedHeaders"]?.arrayValue ?? []).compactMap(\.stringValue)
        for name in signed {
            var fields = vector.fields
            let index = vector.fields.indices.first {
                String(octets: vector.fields.name(at: $0).span).lowercased() == name
            }
            let value = (index.map { vector.fields.value(at: $0) } ?? []) + [0x78]
            fields.set(name: name.utf8.span, value: value.span)
            refused(name) { () throws(TOSAuthFailure) in try vector.verify(fields: fields) }
        }
        var extra = vector.fields
        extra.append("x-tos-extra", "1")
        refused("an unsigned x-tos- field") { () throws(TOSAuthFailure) in try vector.verify(fields: extra) }
        guard !vector.isURL else { return }
        let authorization = Array(vector.text("authorization").utf8)
        for index in authorization.indices where authorization[index] != 0x20 {
            var changed = authorization
            changed[index] ^= 1
            var fields = vector.fields
            guard HeaderFields.isValidValue(changed.span) else { continue }
            fields.set(name: "Authorization".utf8.span, value: changed.span)
            refused("authorization \(index)") { () throws(TOSAuthFailure) in try vector.verify(fields: fields) }
        }
    }

    @Test func `knows late, early and expired requests apart`() throws {
        let header = try #require(TOSVector.headers.first)
        #expect(throws: TOSAuthFailure.skewed) { try header.verify(now: header.now + 901) }
        #expect(throws: TOSAuthFailure.skewed) { try header.verify(now: header.now - 901) }
        let url = try #require(TOSVector.all.first { $0.text("name") == "url-get-basic" })
        #expect(try url.verify(now: url.now + 3600) == url.key.id)
        #expect(throws: TOSAuthFailure.expired) { try url.verify(now: url.now + 3601) }
    }

    @Test func `a request without a signature is nobody's`() throws {
        var fields = HeaderFields()
        fields.append("Host", "bucket.test")
        let id = try TOSVerifier().verify(method: "PUT", path: [0x2F], parameters: [], fields: fields, now: 0) { _ in
            nil
        }
        #expect(id == nil)
    }

    @Test func `takes the host without its port, as the Java SDK signs it`() throws {
        let vector = try #require(TOSVector.headers.first)
        var fields = vector.fields
        fields.set("Host", vector.text("host") + ":8080")
        #expect(try vector.verify(fields: fields) == vector.key.id)
    }

    @Test func `verifies the policies of forms`() throws {
        let forms = TOSVector.load("tos-post").filter { $0.text("kind") == "post-policy" }
        #expect(forms.count >= 2)
        for form in forms {
            let fields = form.json["formFields"]?.objectValue ?? []
            func verify(_ change: String? = nil) throws(TOSAuthFailure) -> String? {
                try TOSVerifier().verifyForm(
                    fields: { name in
                        guard var value = fields.first(where: { $0.key.lowercased() == name })?.value.stringValue else {
                            return nil
                        }
                        if name == change { value += "x" }
                        return Array(value.utf8)
                    }, now: form.now
                ) { $0 == form.key.id ? form.key : nil }
            }
            #expect(try verify() == form.key.id)
            for name in ["policy", "x-tos-algorithm", "x-tos-credential", "x-tos-date", "x-tos-signature"] {
                #expect(throws: TOSAuthFailure.self) { try verify(name) }
            }
        }
    }
}
