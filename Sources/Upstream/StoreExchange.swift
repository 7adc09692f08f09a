// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire
package import Octets

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
///
/// Once it is over it may be made ready for another request, which then finds memory for its head.
package final class StoreExchange: StoreConnectionUser {
    /// The most body bytes that are held for a repetition: more would cost longer to copy than to look at the connection
    /// before it is used.
    private static let replayLimit = 16 * 1024
    /// What an exchange that waits for another request may keep of its buffers.
    private static let keptBytes = 4 * 1024

    private enum State {
        case fresh
        /// Waiting for a connection; what was sent so far is held.
        case connecting(PendingConnection)
        /// Until the head is out, what was sent so far is held too: it goes out at the end of the loop's turn.
        /// → done
        case sending(StoreConnection)
        case done
    }

    private let pool: StorePool
    /// Unowned: the handler owns its exchange. Set before it starts.
    package unowned var handler: (any StoreExchangeHandler)?
    private var state = State.fresh
    /// The encoded head, and behind it the framed body bytes that wait for a connection, or that a repetition would need.
    private var request = OctetBuffer()
    private var headBytes = 0
    private var method = HTTPMethod.put
    private var isChunked = false
    private var isRepeatable = false
    private var headIsOut = false
    private var holdsAll = true
    private var bodyFinished = false
    private var answerBegun = false
    /// What goes out in front of the next bytes of a body in chunks.
    private var framing = OctetBuffer()
    /// The line end behind the last chunk's data is not out yet: it goes with what follows.
    private var chunkIsOpen = false

    package init(pool: StorePool, handler: (any StoreExchangeHandler)? = nil) {
        self.pool = pool
        self.handler = handler
    }

    /// Whether nothing follows: the answer was told, or a failure, or the request was given up.
    package var isOver: Bool { if case .done = state { true } else { false } }

    /// Makes an exchange that is over ready for another request.
    package func makeReady() {
        precondition(isOver, "an exchange is used again only after its end")
        state = .fresh
        request.removeAll(keepingAtMost: Self.keptBytes)
        headBytes = 0
        chunkIsOpen = false
        headIsOut = false
        holdsAll = true
        bodyFinished = false
        answerBegun = false
        usedKeptConnection = false
    }

    /// Whether the connection had served a request before.
    package private(set) var usedKeptConnection = false

    /// Whether there is a connection that may have bytes of the request.
    var isOnConnection: Bool { if case .sending = state { headIsOut } else { false } }

    /// Starts the request.
    ///
    /// - Parameters:
    ///   - isChunked: whether the body is sent in chunks; else the head tells its length.
    ///   - length: the body's length where known: a long one is not risked on a connection that looks dead.
    ///   - isRepeatable: whether a second request does nothing that the first one did not: it makes no callback, and no
    ///     condition that the first one would break.
    ///   - writeHead: appends request line and fields, encoded, with the blank line.
    package func start(
        method: HTTPMethod, isChunked: Bool, length: UInt64?, isRepeatable: Bool = false,
        writeHead: (inout OctetBuffer) -> Void
    ) {
        self.method = method
        self.isRepeatable = isRepeatable
        self.isChunked = isChunked
        writeHead(&request)
        headBytes = request.count
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

    /// Starts a request whose head is there already.
    package func start(
        method: HTTPMethod, head: [UInt8], isChunked: Bool, length: UInt64?, isRepeatable: Bool = false
    ) {
        start(method: method, isChunked: isChunked, length: length, isRepeatable: isRepeatable) {
            $0.append(head.span)
        }
    }

    /// Sends bytes of the body; false when ``StoreExchangeHandler/storeWritable()`` should be waited for. All are taken.
    package func send(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 else { return true }
        guard isChunked else { return sendFramed(Span(), bytes) }
        endChunk()
        HTTPEncoder.appendChunkHeader(size: bytes.count, to: &framing)
        chunkIsOpen = true
        return framing.withSpan { sendFramed($0, bytes) }
    }

    private func endChunk() {
        framing.removeAll()
        if chunkIsOpen { HTTPEncoder.appendChunkTrailer(to: &framing) }
        chunkIsOpen = false
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
            endChunk()
            HTTPEncoder.appendLastChunk(to: &framing)
            _ = framing.withSpan { sendFramed($0, Span()) }
        }
        guard case .sending(let connection) = state else { return }
        if headIsOut {
            connection.startAnswerTimer()
        } else if heldBytes == 0 {
            pool.context.loop.atEndOfTurn(self)
        }
    }

    /// Gives up: the store sees a reset, never a whole body. No call follows.
    package func abort() {
        switch state {
        case .connecting(let pending): pending.cancel()
        case .sending(let connection):
            // One that carried nothing in either direction is as good as before.
            if headIsOut || connection.hasAnswerBytes { connection.reset() } else { connection.release() }
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
            // Held until it is connected or given up; a weak reference would make every count of this object slower
            // from then on.
            pool.dial { [self] result in dialled(result) })
    }

    private func dialled(_ result: Result<StoreConnection, StoreFailure>) {
        guard case .connecting = state else { return }
        switch result {
        case .success(let connection):
            use(connection)
            replay(on: connection)
        case .failure(let failure):
            state = .done
            pool.meter.failed(method, failure.kind)
            handler?.storeFailed(failure)
        }
    }

    private func use(_ connection: StoreConnection) {
        state = .sending(connection)
        usedKeptConnection = connection.isReused
        connection.begin(user: self, method: method)
    }

    /// Sends what came while there was no connection.
    private func replay(on connection: StoreConnection) {
        guard heldBytes > 0 || bodyFinished else {
            handler?.storeWritable()
            return
        }
        headIsOut = true
        let all = request.withSpan { connection.send($0, Span()) }
        if !usedKeptConnection { dropHeld() }
        guard case .sending = state else { return }
        if bodyFinished { connection.startAnswerTimer() } else if all { handler?.storeWritable() }
    }

    /// Sends what frames the bytes, if anything does, and the bytes.
    private func sendFramed(_ frame: Span<UInt8>, _ bytes: Span<UInt8>) -> Bool {
        switch state {
        case .fresh, .done:
            return true
        case .connecting:
            request.append(frame)
            request.append(bytes)
            return false
        case .sending(let connection):
            if headIsOut {
                hold(frame, bytes)
                return connection.send(frame, bytes)
            }
            guard heldBytes + frame.count + bytes.count > Self.replayLimit else {
                if heldBytes == 0 { pool.context.loop.atEndOfTurn(self) }
                request.append(frame)
                request.append(bytes)
                return true
            }
            // Too much to be kept: it goes out now, behind what was.
            headIsOut = true
            defer { dropHeld() }
            request.append(frame)
            return request.withSpan { connection.send($0, bytes) }
        }
    }

    /// Keeps a copy while a repetition is possible.
    private func hold(_ frame: Span<UInt8>, _ bytes: Span<UInt8>) {
        guard usedKeptConnection, holdsAll else { return }
        guard heldBytes + frame.count + bytes.count <= Self.replayLimit else { return dropHeld() }
        request.append(frame)
        request.append(bytes)
    }

    private var heldBytes: Int { request.count - headBytes }

    private func dropHeld() {
        holdsAll = false
        request.truncate(to: headBytes)
    }

    // MARK: - StoreConnectionUser

    func connectionDrained() {
        guard !bodyFinished, !answerBegun else {
            if case .sending(let connection) = state { connection.startAnswerTimer() }
            return
        }
        handler?.storeWritable()
    }

    func answerHead(_ head: ResponseHead) {
        guard headIsOut || !usedKeptConnection else { return answeredUnasked() }
        answerBegun = true
        dropHeld()
        pool.meter.answered(method, status: head.status)
        handler?.storeAnswered(head)
    }

    /// What a store says on a kept connection before it got the request is no answer to it: `408` before it closes. On a new
    /// one it is, or a store that greets with a refusal would be dialled again and again.
    private func answeredUnasked() {
        guard case .sending(let connection) = state else { return }
        connection.close()
        pool.meter.retried(.keptConnectionClosed)
        dial()
    }

    func answerBody(_ bytes: Span<UInt8>) {
        guard case .sending = state else { return }
        handler?.storeAnswerBody(bytes)
    }

    func answerEnded(reusable: Bool) {
        guard case .sending(let connection) = state else { return }
        state = .done
        if reusable, headIsOut, bodyFinished { connection.release() } else { connection.close() }
        handler?.storeAnswerEnded()
    }

    func connectionFailed(_ kind: StoreFailure.Kind, _ reason: String) {
        guard case .sending(let connection) = state else { return }
        if canRepeat(on: connection, kind) {
            connection.close()
            headIsOut = false
            pool.meter.retried(.keptConnectionClosed)
            return dial()
        }
        state = .done
        if !answerBegun { pool.meter.failed(method, kind) }
        handler?.storeFailed(StoreFailure(kind, reason, mayBeStored: bodyFinished && headIsOut))
    }

    private func canRepeat(on connection: StoreConnection, _ kind: StoreFailure.Kind) -> Bool {
        guard kind == .closed, connection.isReused, !connection.hasAnswerBytes, holdsAll else { return false }
        return !bodyFinished || isRepeatable || connection.requestNeverArrived
    }
}

extension StoreExchange: TurnEndHandler {
    /// Sends what came before the end of the turn.
    package func turnEnds() {
        guard case .sending(let connection) = state, !headIsOut else { return }
        replay(on: connection)
    }
}
