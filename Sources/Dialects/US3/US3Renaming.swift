// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Tells a client an answer of a store in the names that the client used.
enum US3Renaming {
    /// The answer with the client's bucket and keys in its document.
    ///
    /// The app's answer to a callback is not the store's document and stays as it is. A list of parts names a key that its
    /// request does not: where the client's cannot be told from it, it is empty.
    static func renamed(_ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?) -> WireAnswer? {
        guard request.callback == nil, answer.status == 200, !answer.body.isEmpty,
            var document = try? JSON.parse(answer.body.span)
        else { return answer }
        switch request.operation {
        case .listUploads:
            guard let told = document.withoutLead(lead ?? [], of: ["FileName", "NextMarker"]) else { return nil }
            document = told
        case .listParts:
            guard let lead else {
                document.set("Key", .string(""))
                break
            }
            guard let told = document.withoutLead(lead, of: ["Key"]) else { return nil }
            document = told
        default:
            guard document["Bucket"] != nil else { return answer }
            document.set("Key", .string(String(octets: request.key.span)))
        }
        document.set("Bucket", .string(request.bucket))
        var renamed = answer
        renamed.body = Array(document.text.utf8)
        renamed.fields.set("Content-Length", String(renamed.body.count))
        return renamed
    }
}

extension JSON {
    /// Gives members that are there another value.
    fileprivate mutating func set(_ name: String, _ value: JSON) {
        guard case .object(var members) = self else { return }
        for index in members.indices where members[index].key == name { members[index].value = value }
        self = .object(members)
    }
}
