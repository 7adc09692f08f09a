// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPWire
internal import Octets

/// Who uses a store connection for one request.
protocol StoreConnectionUser: AnyObject {
    /// The store took all that was held back for it.
    func connectionDrained()
    func answerHead(_ head: ResponseHead)
    func answerBody(_ bytes: Span<UInt8>)
    /// The answer is complete; whether the connection may carry another request.
    func answerEnded(reusable: Bool)
    func connectionFailed(_ kind: StoreFailure.Kind, _ reason: String)
}

/// One connection to a store: sends the bytes of one request at a time and reads the answer. Loop thread only.
///
/// What the store does not take at once is kept here, at most what one call gave: the caller stops until
/// ``StoreConnectionUser/connectionDrained()``.
final class StoreConnection: ByteStreamHandler, DeadlineHandler {
    private let pool: StorePool
    private let stream: ByteStream
    /// Which of the pool's places it leads to.
    let place: Int
    private let timer: DeadlineTimer
    /// Held from ``begin(user:method:)`` until the exchange is over.
    private var user: (any StoreConnectionUser)?

    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// Body bytes in a pipe that go out before `unsent`.
    private var pipe: SplicePipe?
    /// What of `unsent` is counted in `pool.context.buffered`.
    private var unsentCounted = 0
    private var parser: ResponseParser
    private var head = ResponseHead()
    private var chunks: ChunkedDecoder
    private var partialInput: [UInt8] = []
    private var reading = Reading.nothing
    /// `rawBytesWritten` when the present request began.
    private var requestStart: UInt64 = 0
    /// Requests that were answered on this connection.
    private(set) var requestsDone = 0
    private(set) var hasAnswerBytes = false
    /// A write failed; what the store said before, if anything, is read in the next turn.
    private var outputBroken = false

    private enum Reading: Equatable {
        /// No request is under way.
        case nothing
        case head
        case body(left: UInt64)
        case chunks
        case untilClose
    }

    init(pool: StorePool, stream: ByteStream, place: Int = 0) {
        self.pool = pool
        self.place = place
        self.stream = stream
        timer = DeadlineTimer(loop: pool.context.loop)
        parser = ResponseParser(limits: pool.context.limits)
        chunks = ChunkedDecoder(limits: pool.context.limits, from: .store)
        pool.connectionOpened()
        stream.handler = self
        timer.handler = self
        stream.readEnabled = true
    }

    var isUsable: Bool { stream.isOpen && reading == .nothing }
    var isReused: Bool { requestsDone > 0 }

    /// Whether the store closed the connection, or spoke out of turn, without the loop having seen it yet.
    var isStale: Bool { stream.hasInputOrEnd }

    /// Whether the other side provably never got a byte of the present request: its kernel acknowledged none.
    var requestNeverArrived: Bool {
        guard let acknowledged = stream.acknowledgedBytes else { return false }
        return acknowledged <= requestStart
    }

    // MARK: - Use

    func begin(user: any StoreConnectionUser, method: HTTPMethod) {
        self.user = user
        parser.requestMethod = method
        reading = .head
        hasAnswerBytes = false
        requestStart = stream.rawBytesWritten
        timer.deadline = nil
    }

    /// Sends `first` and then `second`; false when some of it is held back.
    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        guard stream.isOpen, !outputBroken else { return true }
        guard !holdsOutput else {
            unsent.append(first)
            unsent.append(second)
            countUnsent()
            return false
        }
        var sent = 0
        let total = first.count + second.count
        while sent < total {
            let result =
                sent < first.count
                ? stream.write(first.extracting(sent...), second)
                : stream.write(second.extracting((sent - first.count)...))
            switch result {
            case .bytes(let count):
                sent += count
            case .wouldBlock:
                if sent < first.count { unsent.append(first.extracting(sent...)) }
                unsent.append(second.extracting(max(0, sent - first.count)...))
                stream.waitForWritable()
                startAnswerTimer()
                countUnsent()
                return false
            case .end, .failed:
                writeFailed(result)
                return true
            }
        }
        return true
    }

    /// Whether body bytes may come in a pipe now.
    var takesPipe: Bool { stream.isOpen && !stream.isTLS && !outputBroken && !holdsOutput }

    /// Sends what `pipe` holds; false when some of it is held back.
    func send(_ pipe: SplicePipe) -> Bool {
        precondition(takesPipe, "only who takes a pipe is given one")
        self.pipe = pipe
        return drainPipe()
    }

    /// Whether bytes wait for the store to take more.
    private var holdsOutput: Bool { pipe != nil || unsentStart < unsent.count }

    /// The request is out: from here on the store's answer is waited for.
    func startAnswerTimer() {
        timer.start(pool.endpoint.answerTimeout)
    }

    /// Stops or resumes reading the answer's body, for a client that takes it slowly.
    func pauseReading(_ paused: Bool) {
        stream.readEnabled = !paused
        if paused { timer.deadline = nil } else { startAnswerTimer() }
    }

    /// Gives the connection back after a complete exchange.
    func release() {
        user = nil
        requestsDone += 1
        reading = .nothing
        // The end of the answer may have come while its reading was paused.
        stream.readEnabled = true
        pool.release(self)
    }

    func becomeIdle() {
        timer.start(pool.endpoint.idleTimeout)
    }

    func close() { end { $0.close() } }

    /// Ends the connection in the middle of a request, so that the store cannot take the body for a whole one.
    func reset() { end { $0.reset() } }

    private func end(_ how: (ByteStream) -> Void) {
        user = nil
        // With what it holds: the next request gets another one.
        pipe = nil
        timer.cancel()
        guard stream.isOpen else { return }
        pool.context.buffered.add(-unsentCounted)
        unsentCounted = 0
        how(stream)
        pool.connectionClosed()
    }

    // MARK: - Output

    private func countUnsent() {
        let now = unsent.count - unsentStart
        pool.context.buffered.add(now - unsentCounted)
        unsentCounted = now
    }

    func streamWritable(_ stream: ByteStream) {
        guard drainPipe(), stream.isOpen, !outputBroken else { return }
        while unsentStart < unsent.count {
            let bytes = unsent
            let result = stream.write(bytes.span.extracting(unsentStart...))
            guard case .bytes(let count) = result else {
                guard result == .wouldBlock else { return writeFailed(result) }
                countUnsent()
                return stream.waitForWritable()
            }
            unsentStart += count
            startAnswerTimer()
        }
        unsent.removeAll(keepingCapacity: unsent.capacity <= 1024)
        unsentStart = 0
        countUnsent()
        timer.deadline = nil
        user?.connectionDrained()
    }

    /// Sends what the pipe holds; false when some of it is held back.
    private func drainPipe() -> Bool {
        guard let pipe else { return true }
        var isMoving = timer.deadline == nil
        while pipe.count > 0 {
            switch pipe.drain(into: stream) {
            case .bytes:
                isMoving = true
            case .wouldBlock:
                stream.waitForWritable()
                if isMoving { startAnswerTimer() }
                return false
            case let result:
                self.pipe = nil
                writeFailed(result)
                return true
            }
        }
        self.pipe = nil
        pipe.giveBack()
        return true
    }

    /// A store that refuses a request may close while the body still flows: its answer, if any, tells more than the write
    /// error. In the next turn, because who sends still has the bytes in hand.
    private func writeFailed(_ result: StreamResult) {
        outputBroken = true
        pool.context.loop.onNextTurn { [weak self] in
            guard let self, stream.isOpen, user != nil else { return }
            readAnswer()
            guard stream.isOpen, user != nil, reading == .head else { return }
            let cause = if case .failed(let error) = result { ": \(error.reason)" } else { "" }
            fail(.closed, "the store closed the connection" + cause)
        }
    }

    // MARK: - Input

    func streamReadable(_ stream: ByteStream) {
        guard reading != .nothing else {
            // TLS brings session tickets at any time; otherwise an unused connection has nothing to say but its end.
            guard pool.context.scratch.read(from: stream) != .wouldBlock else { return }
            pool.remove(self)
            return close()
        }
        readAnswer()
    }

    private func readAnswer() {
        switch pool.context.scratch.read(from: stream) {
        case .bytes(let count):
            hasAnswerBytes = true
            if timer.deadline != nil { startAnswerTimer() }
            pool.context.scratch.withBytes(count) { received($0) }
        case .wouldBlock:
            break
        case .end:
            guard reading == .untilClose else { return fail(.closed, "the store closed the connection") }
            endAnswer(reusable: false)
        case .failed(let error):
            // A reset, or an end that TLS does not vouch for, is not the end of an answer (RFC 9112 §9.8).
            fail(.closed, "the connection to the store failed: \(error.reason)")
        }
    }

    private func received(_ bytes: Span<UInt8>) {
        guard !partialInput.isEmpty else { return process(bytes) }
        partialInput.append(bytes)
        var whole: [UInt8] = []
        swap(&whole, &partialInput)
        process(whole.span)
    }

    private func process(_ bytes: Span<UInt8>) {
        var offset = 0
        while offset < bytes.count, stream.isOpen {
            do {
                let used = try step(bytes, offset)
                guard used > 0 else { return partialInput.append(bytes.extracting(offset...)) }
                offset += used
            } catch {
                return fail(.badAnswer, "the store's answer is no HTTP: \(error.message)")
            }
        }
    }

    /// Works on the answer's next element; returns the bytes used, 0 when more are needed.
    private func step(_ bytes: Span<UInt8>, _ offset: Int) throws(WireError) -> Int {
        switch reading {
        case .nothing:
            // Bytes after the answer: nobody asked, so the connection cannot be trusted with another request.
            close()
            return bytes.count - offset
        case .head:
            guard let used = try parser.parse(bytes.extracting(offset...), into: &head) else { return 0 }
            headComplete(hasMore: offset + used < bytes.count)
            return used
        case .body(let left):
            let count = Int(min(left, UInt64(bytes.count - offset)))
            reading = .body(left: left - UInt64(count))
            user?.answerBody(bytes.extracting(offset..<offset + count))
            if left == UInt64(count) { endAnswer(reusable: offset + count == bytes.count) }
            return count
        case .untilClose:
            user?.answerBody(bytes.extracting(offset...))
            return bytes.count - offset
        case .chunks:
            let step = try chunks.decode(bytes, from: offset)
            if !step.data.isEmpty { user?.answerBody(bytes.extracting(step.data)) }
            if step.isComplete { endAnswer(reusable: offset + step.consumed == bytes.count) }
            return step.consumed
        }
    }

    private func headComplete(hasMore: Bool) {
        // 100 Continue and its like announce the answer, they are not it; 101 was never asked for.
        guard head.status >= 200 else { return }
        switch head.framing {
        case .none, .length(0):
            reading = .body(left: 0)
        case .length(let length):
            reading = .body(left: length)
        case .chunked:
            chunks.reset()
            reading = .chunks
        case .untilClose:
            reading = .untilClose
        }
        // Moved out for the call: of a property, which the call could change, a copy would be handed over.
        var answered = ResponseHead()
        swap(&answered, &head)
        user?.answerHead(answered)
        swap(&answered, &head)
        if reading == .body(left: 0) { endAnswer(reusable: !hasMore) }
    }

    private func endAnswer(reusable: Bool) {
        guard let user else { return close() }
        reading = .nothing
        timer.deadline = nil
        user.answerEnded(reusable: reusable && head.keepAlive && !holdsOutput)
    }

    private func fail(_ kind: StoreFailure.Kind, _ reason: String) {
        let user = self.user
        self.user = nil
        timer.cancel()
        // A kept connection that closes says nothing of its place.
        if kind != .closed || !isReused { pool.failed(at: place) }
        user?.connectionFailed(kind, reason)
        close()
    }

    func deadlinePassed(_ timer: DeadlineTimer) {
        guard reading != .nothing else {
            pool.remove(self)
            return close()
        }
        let what = holdsOutput ? "took no more of the request" : "did not answer"
        fail(.answerTimeout, "the store \(what) in time")
    }
}
