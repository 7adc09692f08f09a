// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import HTTPWire
import Octets

/// A client's put policy cannot change where its callback goes, and an operator's arrives as it was meant.
///
/// The first byte cuts the rest in two: names of templates and values in the one, values of clients in the other.
func fuzzPutPolicies(_ bytes: [UInt8]) {
    readPutPolicy(bytes[...])
    guard let length = bytes.first else { return }
    readPutPolicy(bytes.dropFirst())
    let text = bytes.dropFirst().prefix(Int(length))
    guard let source = String(validating: text.span), let body = try? Template(parsing: source) else { return }
    let value = Array(bytes.dropFirst(1 + text.count))
    for type in CallbackContentType.allCases {
        let policy = CallbackPolicy(name: "policy", urls: ["http://app.test/a?b=c"], contentType: type, body: body)
        let facts = US3PolicyFacts(
            bucket: "bucket", object: value, size: 5, mimeType: String(octets: value.span), operation: "PutObject",
            requestID: "id", clientIP: "192.0.2.1", contentMD5: String(octets: value.span),
            custom: [CustomVariable(name: "a", value: value)])
        guard let written = try? US3PutPolicyCodec.encode(policy, facts) else { continue }
        precondition(written.callback.utf8.count <= US3PutPolicyCodec.maximumBytes, "a policy that is too long")
        guard let read = try? US3PutPolicyCodec.decode(written.callback.utf8.span) else {
            preconditionFailure("what was written cannot be read")
        }
        precondition(read.url.description == policy.urls[0] && read.contentType == type.rawValue, "another callback")
        // Where the store would see a variable, nothing was replaced: the body is what it says.
        precondition(!contains(read.body, "$("), "a value became a variable of US3")
    }
}

private func readPutPolicy(_ document: ArraySlice<UInt8>) {
    let encoded = Base64.encodeURLSafe(document.span)
    guard let callback = try? US3PutPolicyCodec.decode(encoded.utf8.span) else { return }
    let request = callback.request()
    precondition(request.url.host == callback.url.host && request.url.port == callback.url.port, "another app")
    precondition(request.url.rawPath == callback.url.rawPath, "another path")
    if callback.contentType != nil { precondition(request.body == callback.body, "another body") }
    head(request.encodedHead(), is: request)
}

/// A callback that a client of OSS or TOS asks for is one well-formed request to one of the hosts that it names.
///
/// The first byte cuts the rest in two: the callback and its variables.
func fuzzClientCallbacks(_ bytes: [UInt8]) {
    guard let length = bytes.first else { return }
    let callback = bytes.dropFirst().prefix(Int(length) * 4)
    let variables = bytes.dropFirst(1 + callback.count)
    let value = Array(variables)
    for vendor in CallbackVendor.allCases {
        let codec = CallbackCodec(vendor)
        let text = Base64.encode(callback.span)
        let names = Base64.encode(variables.span)
        let decoded =
            (try? codec.decode(callback: text.utf8.span, variables: names.utf8.span))
            ?? (try? codec.decode(callback: text.utf8.span))
        guard let asked = decoded ?? nil else { continue }
        let facts = CallbackFacts(
            bucket: "bucket", object: value, etag: "etag", size: 5, mimeType: "text/plain", clientIP: "192.0.2.1",
            requestID: "id", operation: "PutObject", custom: asked.variables)
        for url in asked.urls {
            guard
                let request = try? CallbackRequest.client(asked, to: url, facts: facts, signer: nil, now: 1_700_000_000)
            else { continue }
            precondition(request.url == url, "another app")
            head(request.encodedHead(), is: request)
        }
    }
}

/// The bytes that are sent are one request, with the fields that were meant and no other.
private func head(_ bytes: [UInt8], is request: CallbackRequest) {
    precondition(bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), "a head without an end")
    let lines = String(octets: bytes.span).split(separator: "\r\n", omittingEmptySubsequences: false)
    precondition(lines.count == request.fields.indices.count + 3, "a value made a line of its own")
    precondition(lines[0].split(separator: " ", omittingEmptySubsequences: false).count == 3, "another request line")
    precondition(!lines.joined().utf8.contains { $0 == 13 || $0 == 10 }, "a line within a line")
}

private func contains(_ bytes: [UInt8], _ text: StaticString) -> Bool {
    let wanted = Array("\(text)".utf8)
    return bytes.indices.contains { bytes[$0...].starts(with: wanted) }
}
