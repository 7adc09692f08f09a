// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire
internal import Octets

/// A POST on a connection of a pool, sent and answered as a whole: a callback. Loop thread only.
///
/// It is delivered at most once. A kept connection that turns out to be dead is replaced by a new one only where the
/// peer's kernel acknowledged no byte of the request (see ``StoreExchange``). No redirect is followed.
package final class PooledPost: StoreExchangeHandler, DeadlineHandler {
    private let pool: StorePool
    private let answerLimit: Int
    private var completion: ((Result<WholeAnswer, WholeFailure>) -> Void)?
    private lazy var exchange = StoreExchange(pool: pool, handler: self)
    private lazy var timer = DeadlineTimer(loop: pool.context.loop, handler: self)
    private var answer = WholeAnswer()
    private lazy var room = MemoryRoom(pool.context.budget)

    /// - Parameters:
    ///   - answerLimit: the most bytes of body that the answer may have.
    ///   - completion: called once, in a later turn than ``start(head:body:timeout:)``; not after ``cancel()``.
    package init(
        pool: StorePool, answerLimit: Int, completion: @escaping (Result<WholeAnswer, WholeFailure>) -> Void
    ) {
        self.pool = pool
        self.answerLimit = answerLimit
        self.completion = completion
    }

    /// Sends the request; the caller keeps this object until it is over.
    ///
    /// - Parameters:
    ///   - head: request line and fields, encoded, with the blank line; tells the length of `body`.
    ///   - timeout: for all of it, from name resolution to the answer's last byte.
    package func start(head: [UInt8], body: [UInt8], timeout: Duration) {
        timer.start(timeout)
        // The length is not told, although it is known: a connection is always looked at before it is used. An app that
        // has closed its side may still acknowledge bytes that nobody will read, and then nothing may be repeated.
        exchange.start(method: .post, head: head, isChunked: false, length: nil)
        _ = exchange.send(body.span)
        exchange.finish()
    }

    /// Gives up; the completion is not called.
    package func cancel() {
        completion = nil
        timer.cancel()
        exchange.abort()
    }

    private func end(_ result: Result<WholeAnswer, WholeFailure>) {
        let completion = self.completion
        self.completion = nil
        timer.cancel()
        completion?(result)
    }

    package func deadlinePassed(_ timer: DeadlineTimer) {
        let mayHaveArrived = exchange.isOnConnection
        exchange.abort()
        end(.failure(WholeFailure(.timeout, "no whole answer in time", mayHaveArrived: mayHaveArrived)))
    }

    // MARK: - StoreExchangeHandler

    /// All of the request was given to the exchange at once.
    package func storeWritable() {}

    package func storeAnswered(_ head: ResponseHead) {
        answer.status = head.status
        answer.fields = head.fields
    }

    package func storeAnswerBody(_ bytes: Span<UInt8>) {
        guard answer.body.count + bytes.count <= answerLimit else {
            exchange.abort()
            let reason = "the answer is larger than \(answerLimit) bytes"
            return end(.failure(WholeFailure(.tooLarge, reason, mayHaveArrived: true)))
        }
        guard room.mayHold(answer.body.count + bytes.count) else {
            exchange.abort()
            let reason = "there is no room for the answer: limits.buffers is used up"
            return end(.failure(WholeFailure(.tooLarge, reason, mayHaveArrived: true)))
        }
        answer.body.append(bytes)
    }

    package func storeAnswerEnded() { end(.success(answer)) }

    package func storeFailed(_ failure: StoreFailure) { end(.failure(WholeFailure(failure))) }
}

extension WholeFailure {
    fileprivate init(_ failure: StoreFailure) {
        let kind: Kind =
            switch failure.kind {
            case .resolve: .resolve
            case .connect: .connect
            case .tls: .tls
            case .connectTimeout, .answerTimeout: .timeout
            case .closed: .closed
            case .badAnswer: .malformed
            case .forbidden: .forbidden
            }
        self.init(kind, failure.reason, mayHaveArrived: failure.mayBeStored)
    }
}
