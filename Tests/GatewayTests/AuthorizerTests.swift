// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Settings
import Testing

@testable import Gateway

@Suite struct AuthorizerTests {
    private static let groups = """
          bearer: {bearer: ["plain:token-1", {id: ci, token: "plain:token-2"}]}
          basic: {basic: [{user: scanner, password: "plain:pass:word"}, {user: other, password: "plain:x"}]}
          both: {bearer: ["plain:token-1"], basic: [{user: scanner, password: "plain:pass:word"}]}
          near: {cidr: [10.0.0.0/8, "fd00::/8"]}
          nearAndKnown: {cidr: [10.0.0.0/8], bearer: [{id: ci, token: "plain:token-2"}]}
        """

    private static func group(_ name: String) throws -> ClientGroup {
        let text = commonConfig.replacing("clients:\n", with: "clients:\n\(groups)\n", maxReplacements: 1)
        return try #require(try settings(text).clients.first { $0.name == name })
    }

    /// The client's name; the status and sentence of a refusal.
    private static func authorize(_ name: String, _ authorization: [String], from address: [UInt8] = [10, 1, 2, 3])
        throws -> String
    {
        let group = try group(name)
        var head = RequestHead()
        for value in authorization { head.fields.append("Authorization", value) }
        do throws(Failure) {
            return try Authorizer.authorize(head, address: address, group: group)
        } catch {
            return "\(error.status)"
        }
    }

    @Test(
        arguments: [
            ("bearer", ["Bearer token-1"], nil), ("bearer", ["bearer   token-1"], nil),
            ("bearer", ["BEARER token-2"], "ci"),
            ("bearer", ["Bearer token-3"], "401"), ("bearer", ["Bearer token-1 "], "401"),
            ("bearer", ["Bearer"], "401"),
            ("bearer", ["Bearer "], "401"), ("bearer", [""], "401"), ("bearer", [], "401"),
            ("bearer", ["Bearer token-1", "Bearer token-1"], "401"), ("bearer", ["Token token-1"], "401"),
            ("bearer", ["Bearer token-1,token-2"], "401"),
            ("basic", ["Basic \(base64("scanner:pass:word"))"], "scanner"),
            ("basic", ["basic \(base64("other:x"))"], "other"),
            ("basic", ["Basic \(base64("scanner:x"))"], "401"),
            ("basic", ["Basic \(base64("other:pass:word"))"], "401"),
            ("basic", ["Basic \(base64("scanner"))"], "401"), ("basic", ["Basic \(base64(":"))"], "401"),
            ("basic", ["Basic not*base64"], "401"), ("basic", ["Basic "], "401"),
            ("both", ["Basic \(base64("scanner:pass:word"))"], "scanner"), ("both", ["Bearer token-1"], nil),
            ("both", ["Bearer pass:word"], "401"), ("keys", ["Bearer s"], "401"), ("keys", [], "401"),
        ] as [(String, [String], String?)])
    func `knows clients by what they show`(group: String, authorization: [String], expected: String?) throws {
        let told = try Self.authorize(group, authorization)
        if let expected { #expect(told == expected) } else { #expect(told != "401" && told != "403") }
    }

    @Test(
        arguments: [
            ("near", [], [10, 255, 0, 1], ""), ("near", [], [11, 0, 0, 1], "403"),
            ("near", [], [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], ""), ("near", [], [], "403"),
            ("near", ["Bearer anything"], [10, 0, 0, 1], ""),
            ("nearAndKnown", ["Bearer token-2"], [10, 0, 0, 1], "ci"), ("nearAndKnown", [], [10, 0, 0, 1], "401"),
            ("nearAndKnown", ["Bearer token-2"], [192, 0, 2, 1], "403"),
        ] as [(String, [String], [UInt8], String)])
    func `asks for the network and for credentials where a group names both`(
        group: String, authorization: [String], address: [UInt8], expected: String
    ) throws {
        #expect(try Self.authorize(group, authorization, from: address) == expected)
    }

    @Test func `challenges with the schemes that a group has`() throws {
        #expect(Authorizer.challenges(try Self.group("bearer")) == ["Bearer realm=\"putback\""])
        #expect(Authorizer.challenges(try Self.group("both")).count == 2)
        #expect(Authorizer.challenges(try Self.group("near")) == [])
    }
}
