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

/// What a client asks for, written to a store of the same dialect, is read there as the same, and its signature holds; an
/// error that a client is told can be written.
func fuzzRequests(_ dialect: some Dialect, _ bytes: [UInt8]) {
    guard let choice = bytes.first, let head = parsed(bytes.dropFirst()) else { return }
    let context = AnswerContext(
        requestID: "5C3D9175B6FC201293AD4890", host: "store.test", now: now, elapsedMilliseconds: 0, keepAlive: true)
    let place = ListenerPlace(
        baseHost: choice & 1 == 0 ? nil : "store.test", bucket: choice & 2 == 0 ? nil : "uploads")
    let client: ClientRequest
    do throws(VendorError) { client = try dialect.read(head, at: place) } catch {
        let answer = dialect.answer(error, toHead: head.method == .head, context)
        precondition((400...599).contains(answer.status), "a refusal is an error")
        return
    }
    let verifier = dialect.makeVerifier()
    let secret = AccessKey(id: "id", secret: Array("a secret that no input holds".utf8))
    let signer = try? verifier.verify(client, head, now: now) { _ in secret }
    precondition(signer == nil, "let in without the secret")
    guard client.operation != .postObject else { return }

    let isPathless = dialect.name == .us3
    let writer = dialect.makeWriter(
        StoreIdentity(
            key: secret, region: "region", signature: nil, addressing: isPathless ? .customDomain : .path,
            authority: "127.0.0.1"))
    var request = StoreRequest()
    let hasBody = client.operation.hasObjectBody
    writer.write(
        client.operation, bucket: client.bucket, key: client.key, clientFields: client.objectFields ?? head.fields,
        from: .sdk, routeFields: HeaderFields(), callback: nil, framing: hasBody ? .length(1) : .none, now: now,
        into: &request)
    var text: [UInt8] = []
    HTTPEncoder.appendRequest(
        method: request.method, target: request.target.span, fields: request.fields, to: &text)
    guard let written = parsed(text[...]) else { preconditionFailure("what was written is no request") }
    let storePlace = ListenerPlace(baseHost: nil, bucket: isPathless ? client.bucket : nil)
    guard let second = try? dialect.read(written, at: storePlace) else {
        preconditionFailure("what was written is refused")
    }
    precondition(second.bucket == client.bucket && second.key == client.key, "another object")
    switch (client.operation, second.operation) {
    // A store may be asked for its own way to say the same.
    case (.listParts, .listParts), (.listUploads, .listUploads): break
    default: precondition(second.operation == client.operation, "another operation")
    }
    let id = try? verifier.verify(second, written, now: now) { $0 == secret.id ? secret : nil }
    precondition(id == secret.id, "what one signs the other refuses")
}

private let now: Int64 = 1_700_000_000

private func parsed(_ bytes: ArraySlice<UInt8>) -> RequestHead? {
    var head = RequestHead()
    var parser = RequestParser()
    guard (try? parser.parse(bytes.span, into: &head)) ?? nil != nil else { return nil }
    return head
}
