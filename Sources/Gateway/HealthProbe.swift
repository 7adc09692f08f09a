// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Upstream

/// Asks a gateway's admin port whether it is ready.
package enum HealthProbe {
    package struct Result: Sendable {
        package let isReady: Bool
        /// The answer's text, or why there is none.
        package let text: String
    }

    /// Blocks the calling thread for at most five seconds.
    package static func ask(_ url: String) -> Result {
        let result = Locked(Result(isReady: false, text: "no answer"))
        guard let loop = try? EventLoop() else { return Result(isReady: false, text: "no event loop") }
        let thread = Thread.start(name: "health") {
            let curl = CurlMulti(loop: loop)
            var request = WholeRequest(url: url)
            request.method = "GET"
            curl.perform(request) { outcome in
                result.withLock { $0 = Result(outcome) }
                loop.stop()
            }
            loop.run()
        }
        thread.join()
        return result.withLock { $0 }
    }
}

extension HealthProbe.Result {
    fileprivate init(_ outcome: Swift.Result<WholeAnswer, WholeFailure>) {
        switch outcome {
        case .success(let answer):
            let text = String(decoding: answer.body, as: UTF8.self)
            self.init(
                isReady: answer.status == 200,
                text: text.split(separator: "\n").first.map(String.init) ?? "status \(answer.status)")
        case .failure(let failure):
            self.init(isReady: false, text: failure.reason)
        }
    }
}
