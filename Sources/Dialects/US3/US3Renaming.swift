// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Tells a client an answer of a store in the names that the client used.
enum US3Renaming {
    /// The answer with the client's bucket and key in its document.
    ///
    /// The app's answer to a callback is not the store's document and stays as it is. A list of parts names a key that
    /// its request does not: only the bucket is known there. So it is with the keys in a list of uploads.
    static func renamed(_ answer: WireAnswer, for request: ClientRequest) -> WireAnswer {
        guard request.callback == nil, answer.status == 200, !answer.body.isEmpty,
            case .object(var members)? = try? JSON.parse(answer.body.span),
            members.contains(where: { $0.key == "Bucket" })
        else { return answer }
        for index in members.indices {
            switch members[index].key {
            case "Bucket": members[index].value = .string(request.bucket)
            case "Key" where !request.key.isEmpty: members[index].value = .string(String(octets: request.key.span))
            default: break
            }
        }
        var renamed = answer
        renamed.body = Array(JSON.object(members).text.utf8)
        renamed.fields.set("Content-Length", String(renamed.body.count))
        return renamed
    }
}
