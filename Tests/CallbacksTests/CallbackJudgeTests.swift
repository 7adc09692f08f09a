// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import HTTPWire
import Octets
import Testing

private func answer(
    _ status: Int, _ body: String, type: String? = "application/json", length: String? = nil, chunked: Bool = false
) -> CallbackAnswer {
    var fields = HeaderFields()
    if let type { fields.append("Content-Type", type) }
    if chunked { fields.append("Transfer-Encoding", "chunked") }
    if let length { fields.append("Content-Length", length) }
    return CallbackAnswer(status: status, fields: fields, body: body.bytes)
}

private func complete(_ status: Int, _ body: String, type: String? = "application/json") -> CallbackAnswer {
    answer(status, body, type: type, length: String(body.utf8.count))
}

@Suite struct VendorJudgeTests {
    @Test(arguments: [#"{"Status":"OK"}"#, "[]", "7", "\"ok\"", "null", " {}\n"])
    func `passes JSON on as it is`(body: String) {
        for type in ["application/json", "text/plain", nil] {
            #expect(
                VendorJudge(.oss).judge(complete(200, body, type: type))
                    == .success(body: body.bytes, contentType: "application/json"))
        }
    }

    @Test(arguments: [201, 202, 204, 301, 302, 400, 404, 410, 429, 500, 502])
    func `takes no status but 200`(status: Int) {
        #expect(
            VendorJudge(.oss).judge(complete(status, "{}"))
                == .failure(message: "Error status : \(status).", ec: "0007-00000203"))
    }

    @Test(arguments: ["OK", "\u{FEFF}{}", "{\"a\":}", "{} {}", "<a/>", "{'a':1}", " "])
    func `wants JSON`(body: String) {
        #expect(
            VendorJudge(.oss).judge(complete(200, body))
                == .failure(message: "Response body is not valid json format.", ec: "0007-00000205"))
    }

    @Test func `takes XML where the app says that it is`() {
        let body = "<?xml version=\"1.0\"?>\n<Result>ok</Result>\n"
        for type in ["application/xml", "Application/XML; charset=utf-8", "application/xml ;a=b"] {
            #expect(
                VendorJudge(.oss).judge(complete(200, body, type: type))
                    == .success(body: body.bytes, contentType: "application/xml"))
        }
        for (body, type) in [
            (body, "text/xml"), (body, "application/xmlish"), ("< a>", "application/xml"), ("<a", "application/xml"),
        ] {
            #expect(
                VendorJudge(.oss).judge(complete(200, body, type: type))
                    == .failure(message: "Response body is not valid json format.", ec: "0007-00000205"))
        }
    }

    @Test(arguments: [
        (nil, false, "Error Status : 400.User server missing content-length."),
        ("2", true, "Error Status : 400.User server missing content-length."),
        ("0", false, "Error Status : 400.User server return invalid conent-length value."),
        ("+2", false, "Error Status : 400.User server return invalid conent-length value."),
        ("-2", false, "Error Status : 400.User server return invalid conent-length value."),
        ("2,2", false, "Error Status : 400.User server return invalid conent-length value."),
        ("", false, "Error Status : 400.User server return invalid conent-length value."),
        ("3", false, "Error Status : 400.User server return invalid conent-length value."),
        ("1048577", false, "Error Status : 400.User server return too long content-length value."),
        ("99999999999999999999999", false, "Error Status : 400.User server return too long content-length value."),
    ])
    func `wants a length that is right`(length: String?, chunked: Bool, message: String) {
        #expect(
            VendorJudge(.oss).judge(answer(200, "{}", length: length, chunked: chunked))
                == .failure(message: message, ec: nil))
    }

    @Test func `takes a document of 1 MiB and none of a byte more`() {
        let body = "\"" + String(repeating: "a", count: CallbackAnswer.maximumBodyBytes - 2) + "\""
        #expect(
            VendorJudge(.oss).judge(complete(200, body))
                == .success(body: body.bytes, contentType: "application/json"))
        #expect(
            VendorJudge(.oss).judge(complete(200, body + " "))
                == .failure(message: "Error Status : 400.User server return too long content-length value.", ec: nil))
    }

    @Test func `has the service's words for each way a callback can fail`() {
        let refused = VendorVerdict.failure(message: "Error status : 502.", ec: "0007-00000203")
        for failure in [CallbackTransportFailure.unresolved, .forbidden, .unreachable, .tls, .closed, .malformed] {
            #expect(VendorJudge(.oss).judge(failure) == refused)
        }
        // The message of the service's page "HTTP 203 status code", with its example address.
        #expect(
            VendorJudge(.oss).judge(.timeout(peer: "8.8.8.8:9090", milliseconds: 5000))
                == .failure(
                    message:
                        "Error status : -1 8.8.8.8:9090 reply timeout, cost:5000ms, timeout:5000ms (err -4, errno115)",
                    ec: nil))
        #expect(
            VendorJudge(.oss).judge(.tooLong)
                == .failure(message: "Error Status : 400.User server return too long content-length value.", ec: nil))
    }
}

@Suite struct AppJudgeTests {
    @Test(arguments: [200, 201, 202, 204, 299])
    func `passes on any answer of success`(status: Int) {
        #expect(
            AppJudge.judge(answer(status, "hello", type: "text/plain; charset=utf-8", chunked: true))
                == .success(body: "hello".bytes, contentType: "text/plain; charset=utf-8"))
        #expect(
            AppJudge.judge(answer(status, "", type: nil))
                == .success(body: [], contentType: "application/octet-stream"))
    }

    @Test(arguments: [199, 300, 301, 304, 400, 410, 429, 500, 503])
    func `takes anything else for a failure`(status: Int) {
        #expect(
            AppJudge.judge(complete(status, "{}"))
                == .failure(label: "status", message: "The app answered \(status).", status: status))
    }

    @Test func `leaves the length of an answer to who reads it`() {
        let body = String(repeating: "a", count: CallbackAnswer.maximumBodyBytes + 1)
        #expect(
            AppJudge.judge(complete(200, body)) == .success(body: body.bytes, contentType: "application/json"))
        let message = "The app's answer is longer than it may be, or than there is room for."
        #expect(AppJudge.judge(.tooLong) == .failure(label: "too-long", message: message, status: nil))
    }

    @Test func `has a word and a sentence for each way a callback can fail`() {
        let failures: [CallbackTransportFailure] = [
            .unresolved, .forbidden, .unreachable, .tls, .timeout(peer: "192.0.2.1:80", milliseconds: 250), .closed,
            .malformed, .tooLong,
        ]
        var sentences: Set<String> = []
        for failure in failures {
            guard case .failure(let label, let message, nil) = AppJudge.judge(failure) else {
                Issue.record("\(failure) is a success")
                continue
            }
            #expect(label == failure.label)
            sentences.insert(message)
        }
        #expect(sentences.count == failures.count)
        #expect(sentences.contains("The app did not answer within 250 ms."))
    }
}
