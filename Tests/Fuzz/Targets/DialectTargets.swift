// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Dialects
import HTTPWire
import Octets
import Signing

/// A completion that is written again names the same parts, in ascending order.
func fuzzCompletions(_ bytes: [UInt8]) {
    let dialect = OSSDialect()
    guard let first = try? dialect.readCompletion(bytes.span, RequestHead()) else { return }
    precondition(!first.parts.isEmpty, "a completion without parts")
    precondition(zip(first.parts, first.parts.dropFirst()).allSatisfy { $0.number < $1.number }, "parts out of order")
    let store = StoreIdentity(
        key: AccessKey(id: "id", secret: []), region: "", signature: nil, addressing: .path, authority: "127.0.0.1")
    let writer = dialect.makeWriter(store)
    // What XML cannot hold is replaced by the first writing, so that only the second one changes nothing.
    let body = writer.completionBody(first.parts)
    guard let second = try? dialect.readCompletion(body.span, RequestHead()) else {
        preconditionFailure("what was written cannot be read")
    }
    precondition(first.parts.map(\.number) == second.parts.map(\.number), "other parts")
    precondition(writer.completionBody(second.parts) == body, "other parts the second time")
}

/// A policy lets its own exact values pass, and no length beside its range.
func fuzzPolicies(_ bytes: [UInt8]) {
    _ = try? FormPolicy(base64: bytes.span)
    guard let policy = try? FormPolicy(document: bytes.span) else { return }
    var values: [String: [UInt8]] = [:]
    var isPlain = true
    for condition in policy.conditions {
        switch condition.rule {
        case .equals(let text):
            isPlain = isPlain && values.updateValue(Array(text.utf8), forKey: condition.field) == nil
        case .length(let range):
            guard let whole = policy.lengthRange else { preconditionFailure("a length is lost") }
            precondition(range.clamped(to: whole) == whole, "a length beside a condition")
        default: isPlain = false
        }
    }
    let passes = (try? policy.check(now: .min) { values[$0] }) != nil
    precondition(passes || !isPlain, "a form that has what the policy wants is refused")
    precondition((try? policy.check(now: .max) { values[$0] }) == nil, "a policy that never ends")
}
