// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire
internal import Octets

/// Who made a request to a store. Loop thread only.
package protocol StoreExchangeHandler: AnyObject {
    /// More of the body may be sent: the connection is there and took all it was given.
    func storeWritable()
    /// The head of the final answer; may come before the body was sent: the store will not take the rest.
    func storeAnswered(_ head: ResponseHead)
    func storeAnswerBody(_ bytes: Span<UInt8>)
    func storeAnswerEnded()
    /// There is no answer, or not all of it; no call follows.
    func storeFailed(_ failure: StoreFailure)
}

/// One request to a store with its streamed body, on a pooled or a new connection. Loop thread only.
///
/// A kept connection may turn out to be dead. The request is then repeated on a new one, once, if that cannot store or call
/// back anything twice: it was not complete yet, or no byte of it was acknowledged by the other side's kernel, or storing
/// the same bytes once more changes nothing; no byte of an answer came, and all of what was sent is still held.
package final class StoreExchange: StoreConnectionUser {
    /// The most body bytes that are held for a repetition.
    private static let replayLimit = 64 * 1024

    private enum State {
        case fresh
        /// Waiting for a connection; what was sent so far is in `held`.
        case connecting(PendingConnection)
        /// → done
        case sending(StoreConnection)
        case done
    }

    private let pool: StorePool
    /// Unowned: the handler owns its exchange.
    private unowned let handler: any StoreExchangeHandler
    private var state = State.fresh
    private var head: [UInt8] = []
    private var method = HTTPMethod.put
    private var isChunked = false
    private var isRepeatable = false
    private var headIsOut = false
    /// Framed body bytes: those that wait for a connection, or that a repetition would need.
    private var held: [UInt8] = []
    private var holdsAll = true
    private var bodyFinished = false
    private var answerBegun = false
    private var framing: [UInt8] = []

    package init(pool: StorePool, handler: any StoreExchangeHandler) {
        self.pool = pool
        self.handler = handler
    }

    /// Whether the connection had served a request before.
    package private(set) var usedKeptConnection = false

    /// Starts the request.
    ///
    /// - Parameters:
    ///   - head: request line and fields, encoded, with the blank line.
    ///   - isChunked: whether the body is sent in chunks; else the head tells its length.
    ///   - length: the body's length where known: a long one is not risked on a connection that looks dead.
    ///   - isRepeatable: whether a second request does nothing that the first one did not: it makes no callback, and no
    ///     condition that the first one would break.
    package func start(
        method: HTTPMethod, head: [UInt8], isChunked: Bool, length: UInt64?, isRepeatable: Bool = false
    ) {
        self.method = method
        self.isRepeatable = isRepeatable
        self.head = head
        self.isChunked = isChunked
        while let connection = pool.takeIdle() {
            // One more system call is nothing to a body that could not be repeated.
            if length ?? .max > UInt64(Self.replayLimit), connection.isStale {
                connection.close()
                continue
            }
            return use(connection)
        }
        dial()
    }

    /// Sends bytes of the body; false when ``StoreExchangeHandler/storeWritable()`` should be waited for. All are taken.
    package func send(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 else { return true }
        guard isChunked else { return sendFramed(bytes) }
        // Size line, data and line end go out as one piece: chunked bodies are copied once.
        framing.removeAll(keepingCapacity: true)
        HTTPEncoder.appendChunkHeader(size: bytes.count, to: &framing)
        framing.append(bytes)
        HTTPEncoder.appendChunkTrailer(to: &framing)
        let framed = framing
        return sendFramed(framed.span)
    }

    /// Whether the next bytes of the body may come in a pipe: the connection is there, is plain and took all it was given.
    package var takesPipe: Bool {
        guard !isChunked, headIsOut, !answerBegun, case .sending(let connection) = state else { return false }
        return connection.takesPipe
    }

    /// Sends the bytes of the body that `pipe` holds, see ``send(_:)-(Span<UInt8>)``. They cannot be sent once more.
    package func send(_ pipe: SplicePipe) -> Bool {
        guard case .sending(let connection) = state else { return true }
        dropHeld()
        return connection.send(pipe)
    }

    /// The body is complete.
    package func finish() {
        bodyFinished = true
        if isChunked {
            framing.removeAll(keepingCapacity: true)
            HTTPEncoder.appendLastChunk(to: &framing)
            let framed = framing
            _ = sendFramed(framed.span)
        } else {
            sendHeadAlone()
        }
        if case .sending(let connection) = state { connection.startAnswerTimer() }
    }

    /// Gives up: the store sees a reset, never a whole body. No call follows.
    package func abort() {
        switch state {
        case .connecting(let pending): pending.cancel()
        case .sending(let connection): connection.reset()
        case .fresh, .done: break
        }
        state = .done
    }

    /// Stops or resumes reading the answer's body.
    package func pauseAnswer(_ paused: Bool) {
        guard case .sending(let connection) = state else { return }
        connection.pauseReading(paused)
    }

    // MARK: - Connection

    private func dial() {
        state = .connecting(
            pool.dial { [weak self] result in
                guard let self else {
                    if case .success(let connection) = result { connection.close() }
                    return
                }
                dialled(result)
            })
    }

    private func dialled(_ result: Result<StoreConnection, StoreFailure>) {
        guard case .connecting = state else { return }
        switch result {
        case .success(let connection):
            use(connection)
            replay(on: connection)
        case .failure(let failure):
            state = .done
            handler.storeFailed(failure)
        }
    }

    private func use(_ connection: StoreConnection) {
        state = .sending(connection)
        usedKeptConnection = connection.isReused
        connection.begin(user: self, method: method)
    }

    /// Sends what came while there was no connection.
    private func replay(on connection: StoreConnection) {
        guard !held.isEmpty || bodyFinished else { return handler.storeWritable() }
        headIsOut = true
        let (head, held) = (self.head, self.held)
        let all = connection.send(head.span, held.span)
        if !usedKeptConnection { dropHeld() }
        guard case .sending = state else { return }
        if bodyFinished { connection.startAnswerTimer() } else if all { handler.storeWritable() }
    }

    private func sendHeadAlone() {
        guard !headIsOut, case .sending(let connection) = state else { return }
        headIsOut = true
        let head = self.head
        _ = connection.send(head.span, Span())
    }

    private func sendFramed(_ bytes: Span<UInt8>) -> Bool {
        switch state {
        case .fresh, .done:
            return true
        case .connecting:
            held.append(bytes)
            return false
        case .sending(let connection):
            hold(bytes)
            guard !headIsOut else { return connection.send(bytes, Span()) }
            headIsOut = true
            let head = self.head
            return connection.send(head.span, bytes)
        }
    }

    /// Keeps a copy while a repetition is possible.
    private func hold(_ bytes: Span<UInt8>) {
        guard usedKeptConnection, holdsAll else { return }
        guard held.count + bytes.count <= Self.replayLimit else { return dropHeld() }
        held.append(bytes)
    }

    private func dropHeld() {
        holdsAll = false
        held = []
    }

    // MARK: - StoreConnectionUser

    func connectionDrained() {
        guard !bodyFinished, !answerBegun else {
            if case .sending(let connection) = state { connection.startAnswerTimer() }
            return
        }
        handler.storeWritable()
    }

    func answerHead(_ head: ResponseHead) {
        answerBegun = true
        dropHeld()
        handler.storeAnswered(head)
    }

    func answerBody(_ bytes: Span<UInt8>) {
        guard case .sending = state else { return }
        handler.storeAnswerBody(bytes)
    }

    func answerEnded(reusable: Bool) {
        guard case .sending(let connection) = state else { return }
        state = .done
        if reusable, bodyFinished { connection.release() } else { connection.close() }
        handler.storeAnswerEnded()
    }

    func connectionFailed(_ kind: StoreFailure.Kind, _ reason: String) {
        guard case .sending(let connection) = state else { return }
        if canRepeat(on: connection, kind) {
            connection.close()
            headIsOut = false
            return dial()
        }
        state = .done
        handler.storeFailed(StoreFailure(kind, reason, mayBeStored: bodyFinished && headIsOut))
    }

    private func canRepeat(on connection: StoreConnection, _ kind: StoreFailure.Kind) -> Bool {
        guard kind == .closed, connection.isReused, !connection.hasAnswerBytes, holdsAll else { return false }
        return !bodyFinished || isRepeatable || connection.requestNeverArrived
    }
}
