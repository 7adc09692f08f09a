// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPWire
internal import Octets
internal import Upstream

/// One upload through all parts of a ``DemoRig``, and what came of it.
package struct DemoUpload {
    /// What was seen; the upload succeeded when the object is stored byte for byte, the app was called with a genuine
    /// signature, and its answer reached the client.
    package struct Report {
        package let succeeded: Bool
        /// `stored`, `callback` and `answer`.
        package let json: String
        package let transcript: String
    }

    private let rig: DemoRig
    private let key = "photos/hello.txt"
    private let body = Array("Hello from a client that knows nothing but PUT.\n".utf8)

    package init(_ rig: DemoRig) { self.rig = rig }

    /// Makes the upload; blocks until it is answered.
    package func run() -> Report {
        let outcome = Self.perform(request)
        let stored = rig.storedBytes(key: Array(key.utf8))
        let callback = rig.app.callbacks.last
        var status = 0
        var answer: JSON = .null
        var error = "none"
        switch outcome {
        case .success(let reply):
            status = reply.status
            answer = (try? JSON.parse(reply.body.span)) ?? .string(String(octets: reply.body.span))
        case .failure(let failure):
            error = failure.reason
        }
        let isStored = stored == body
        let isCalled = callback?["verified"] == .bool(true) && callback?["object"] == .string(key)
        let isAnswered = status == 200 && answer["object"] == .string(key)
        let json = JSON.object([
            (
                key: "stored",
                value: .object([
                    (key: "object", value: .string(key)), (key: "bytes", value: .integer(Int64(stored?.count ?? 0))),
                    (key: "identical", value: .bool(isStored)),
                ])
            ),
            (key: "callback", value: callback ?? .null),
            (
                key: "answer",
                value: .object([
                    (key: "status", value: .integer(Int64(status))), (key: "body", value: answer),
                ])
            ),
        ])
        let transcript = """
            PUT \(rig.addresses.edge)/\(key)  (\(body.count) bytes)
              stored    \(isStored ? "byte for byte" : "NOT as sent") by \(rig.addresses.store)
              callback  \(callback.map { "POST /uploaded, signature \($0["verified"] == .bool(true) ? "verified" : "NOT verified")" } ?? "NONE")
              answer    \(status == 0 ? "NONE (\(error))" : "\(status) \(answer.text)")

            """
        return Report(succeeded: isStored && isCalled && isAnswered, json: json.text, transcript: transcript)
    }

    private var request: WholeRequest {
        var request = WholeRequest(url: "\(rig.addresses.edge)/\(key)")
        request.method = "PUT"
        request.fields = [("Content-Type", "text/plain"), ("X-Device-Id", "demo")]
        request.body = body
        request.timeout = .seconds(20)
        return request
    }

    private static func perform(_ request: WholeRequest) -> Result<WholeAnswer, WholeFailure> {
        let noLoop = WholeFailure(.closed, "no event loop", mayHaveArrived: false)
        guard let loop = try? EventLoop() else { return .failure(noLoop) }
        let outcome = Locked<Result<WholeAnswer, WholeFailure>>(.failure(noLoop))
        let thread = Thread.start(name: "client") {
            let curl = CurlMulti(loop: loop)
            curl.perform(request) { result in
                outcome.withLock { $0 = result }
                loop.stop()
            }
            loop.run()
        }
        thread.join()
        return outcome.withLock { $0 }
    }
}
