// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import HTTPWire
import Testing

@Suite struct US3CallbackJudgeTests {
    private func answer(_ status: Int, _ body: String, type: String?) -> CallbackAnswer {
        var fields = HeaderFields()
        if let type { fields.append("Content-Type", type) }
        return CallbackAnswer(status: status, fields: fields, body: body.bytes)
    }

    @Test(arguments: [200, 201, 400, 404, 500, 599])
    func `passes the app's status and body on`(status: Int) {
        for type in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=utf-8"] {
            #expect(
                US3CallbackJudge.judge(answer(status, " {\"ok\" : 1}\n", type: type))
                    == .success(status: status, body: " {\"ok\" : 1}\n".bytes, contentType: type))
        }
    }

    @Test(arguments: ["text/plain; charset=utf-8", "application/jsonp", "text/json", "", nil])
    func `wants a JSON type, whatever the body`(type: String?) {
        #expect(
            US3CallbackJudge.judge(answer(200, "{}", type: type))
                == .failure(retCode: 20008, message: "expect json, but received \(type ?? "")"))
    }

    @Test(arguments: ["", " ", "OK", "{} {}", "{'a':1}", "{\"a\":1,}", "\u{FEFF}{}"])
    func `wants strict JSON`(body: String) {
        #expect(
            US3CallbackJudge.judge(answer(200, body, type: "application/json"))
                == .failure(
                    retCode: 20008, message: "expect json, but the response body is not a strict json string"))
    }

    @Test func `does not pass on more than 1 MiB`() {
        let longest = "\"" + String(repeating: "a", count: CallbackAnswer.maximumBodyBytes - 2) + "\""
        guard case .success = US3CallbackJudge.judge(answer(200, longest, type: "application/json")),
            case .failure = US3CallbackJudge.judge(answer(200, longest + " ", type: "application/json"))
        else {
            Issue.record("the limit is not where it should be")
            return
        }
    }

    @Test func `has the service's form for each way a callback can fail`() throws {
        let url = try CallbackURL(parsing: "http://192.0.2.7:9999/cb")
        #expect(
            US3CallbackJudge.judge(.unreachable, url: url)
                == .failure(
                    retCode: 20003,
                    message: "send request error: Post http://192.0.2.7:9999/cb: dial tcp 192.0.2.7:9999: getsockopt: "
                        + "connection refused"))
        var messages: Set<String> = []
        for failure in [
            CallbackTransportFailure.unresolved, .forbidden, .unreachable, .tls, .closed, .malformed, .tooLong,
            .timeout(peer: "192.0.2.7:9999", milliseconds: 5),
        ] {
            guard case .failure(20003, let message) = US3CallbackJudge.judge(failure, url: url) else {
                Issue.record("\(failure) is no 20003")
                continue
            }
            #expect(message.hasPrefix("send request error: Post http://192.0.2.7:9999/cb: "))
            messages.insert(message)
        }
        #expect(messages.count == 8)
    }
}
