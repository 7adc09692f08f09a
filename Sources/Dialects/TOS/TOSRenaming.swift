// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Tells a client an answer of a store in the names that the client used.
enum TOSRenaming {
    /// Members of a list of uploads that hold keys, or begin as keys do.
    private static let keys: Set<String> = ["Key", "Prefix", "KeyMarker", "NextKeyMarker"]

    static func renamed(
        _ answer: WireAnswer, for request: ClientRequest, lead: [UInt8]?, _ context: AnswerContext
    ) -> WireAnswer? {
        // With a callback of the client's own a 200 holds what the app said.
        guard !(answer.status == 200 && request.callback != nil), var document = try? JSON.parse(answer.body.span),
            document.objectValue != nil
        else { return answer }
        if case .listUploads = request.operation, let lead, !lead.isEmpty {
            guard let told = document.withoutLead(lead, of: keys) else { return nil }
            document = told
        }
        guard case .object(var members) = document else { return answer }
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
