// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// What the client of a form is told: of a single file just what a PUT of it would tell, of several a list.
struct PlainFormAnswer {
    private struct File {
        let request: UploadRequest
        /// nil for a file that became no upload.
        let plan: UploadPlan?
        let outcome: Outcome
    }

    private var count = 0
    /// Of one file alone.
    private var single: File?
    private var hasFailed = false
    /// The elements of the list.
    private var list: [UInt8] = []
    /// Room for the answers of the app that a list still has: they are held until the form is over.
    private var answerRoom: Int

    /// - Parameter callbackAnswerBytes: what the app's answers for all files may take together.
    init(callbackAnswerBytes: Int) {
        answerRoom = callbackAnswerBytes
    }

    var isEmpty: Bool { count == 0 }
    var heldBytes: Int { list.count }

    /// Adds a file; returns the status that stands for it.
    mutating func add(_ part: FormPart, _ request: UploadRequest, _ plan: UploadPlan?, _ outcome: Outcome) -> Int {
        count += 1
        single = count == 1 ? File(request: request, plan: plan, outcome: outcome) : nil
        let failure = outcome.failure
        hasFailed = hasFailed || failure != nil
        var element = OctetBuffer()
        element.append(count == 1 ? "{\"field\":" : ",{\"field\":")
        element.appendJSONString(part.name.span)
        element.append(",\"fileName\":")
        let fileName = part.fileName ?? []
        element.appendJSONString(fileName.span)
        element.append(",")
        if let failure {
            PlainAnswer.appendProblem(
                failure, stored: outcome.stored, outcome: outcome, plan: plan,
                id: PublicID(own: request.requestID), to: &element)
        } else {
            appendSuccess(outcome, plan, request, to: &element)
        }
        element.append("}")
        list.append(element.span)
        return failure?.status ?? 200
    }

    private mutating func appendSuccess(
        _ outcome: Outcome, _ plan: UploadPlan?, _ request: UploadRequest, to element: inout OctetBuffer
    ) {
        element.append("\"status\":200,\"requestId\":\"\(request.requestID)\",\"stored\":true")
        if let object = outcome.object, let plan {
            element.append(",")
            PlainAnswer.appendMembers(object, plan, to: &element)
        }
        guard case .succeeded(let body, let contentType) = outcome.callback else { return }
        element.append(",\"answer\":")
        guard body.count <= answerRoom else { return element.append("null") }
        answerRoom -= body.count
        if Self.isJSON(body, contentType) { element.append(body) } else { element.appendJSONString(body.span) }
    }

    /// Whether the app's answer can stand in a JSON text as it is.
    private static func isJSON(_ body: [UInt8], _ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased()
        guard type.hasPrefix("application/json") || type.contains("+json") else { return false }
        return (try? JSON.parse(body.span)) != nil
    }

    /// Answers the form; `fault` is what was wrong with it behind its files.
    func send(_ fault: Failure?, request: UploadRequest, on connection: ServerConnection, _ runtime: Runtime) {
        if let single, fault == nil {
            if let plan = single.plan {
                _ = PlainAnswer.send(single.outcome, plan: plan, request: single.request, on: connection)
            } else if let failure = single.outcome.failure {
                _ = PlainRequest.answer(failure, single.request, on: connection, runtime)
            }
            return
        }
        let id = request.publicID
        let body = body(fault, id: id)
        connection.respond(status: status(fault)) { fields in
            fields.append("Putback-Request-Id: ")
            id.append(to: &fields)
            fields.append("\r\nX-Request-Id: ")
            id.append(to: &fields)
            fields.append("\r\nContent-Type: application/json\r\n")
        } writeBody: { output in
            output.append(body.span)
        }
    }

    /// The status of a list.
    func status(_ fault: Failure?) -> Int { hasFailed || fault != nil ? 207 : 200 }

    /// The list.
    func body(_ fault: Failure?, id: PublicID) -> OctetBuffer {
        var body = OctetBuffer()
        body.append("{\"files\":[")
        body.append(list)
        body.append("]")
        if let fault {
            body.append(",\"error\":{")
            PlainAnswer.appendProblem(fault, stored: .no, outcome: nil, plan: nil, id: id, to: &body)
            body.append("}")
        }
        body.append("}\n")
        return body
    }
}
