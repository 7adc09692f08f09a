// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Tells a client an answer of a store in the names that the client used.
enum TOSRenaming {
    static func renamed(
        _ answer: WireAnswer, for request: ClientRequest, _ context: AnswerContext
    ) -> WireAnswer {
        // With a callback of the client's own a 200 holds what the app said.
        guard !(answer.status == 200 && request.callback != nil),
            case .object(var members)? = try? JSON.parse(answer.body.span)
        else { return answer }
        for index in members.indices {
            switch members[index].key {
            case "Bucket": members[index].value = .string(request.bucket)
            case "Key" where !request.key.isEmpty: members[index].value = .string(String(octets: request.key.span))
            case "Location": members[index].value = .string(context.location(of: request))
            default: break
            }
        }
        var answer = answer
        answer.body = []
        JSON.object(members).write(to: &answer.body)
        answer.fields.set("Content-Length", String(answer.body.count))
        return answer
    }
}
