// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPWire
internal import Octets

extension ServerConnection {
    /// Bytes of later requests that are kept while one is being handled; more stay in the kernel.
    private static let pipelineLimit = 16 * 1024

    // MARK: - For the receiver

    /// Accepts the body: sends `100 Continue` where the client waits for it, and reads on.
    package func startBody() {
        guard phase == .readingBody else { return }
        if continueOwed, pendingInput.isEmpty {
            continueOwed = false
            output.append("HTTP/1.1 100 Continue\r\n\r\n")
            flush()
        }
        startWindow()
        resumeBody()
    }

    /// Stops reading: the receiver cannot pass on more bytes now.
    package func pauseBody() {
        wantsBody = false
        guard phase == .readingBody else { return }
        stream.readEnabled = false
        watchPausedClient()
    }

    /// Reads on after ``pauseBody()``.
    package func resumeBody() {
        guard phase == .readingBody, !wantsBody else { return }
        wantsBody = true
        lastRead = context.loop.now
        // The pause was the store's: the client's pace is measured anew.
        startWindow()
        stream.readMark = 1
        armBodyTimer()
        if inputEnded { return context.loop.onNextTurn { [self] in processPending() } }
        stream.readEnabled = true
        guard !pendingInput.isEmpty, !isProcessing else { return }
        context.loop.onNextTurn { [self] in processPending() }
    }

    // MARK: - Input

    func readInput() {
        if let pipe = pipeForBody() { return spliceBody(through: pipe) }
        switch context.scratch.read(from: stream, limit: readLimit) {
        case .bytes(let count):
            context.scratch.withBytes(count) { received($0) }
        case .wouldBlock:
            break
        case .end:
            readEnded()
        case .failed:
            close()
        }
    }

    func readEnded() {
        inputEnded = true
        stream.readEnabled = false
        processPending()
    }

    private func received(_ bytes: Span<UInt8>) {
        if phase == .lingering { return }
        if phase == .readingBody { lastRead = context.loop.now }
        if pendingInput.isEmpty { return process(bytes) }
        pendingInput.append(bytes)
        processPending()
    }

    func processPending() {
        guard phase != .closed, !isProcessing else { return }
        var bytes: [UInt8] = []
        swap(&bytes, &pendingInput)
        process(bytes.span)
        if inputEnded, !isProcessing { endOfInput() }
    }

    /// Works through `bytes` as far as the present phase allows and keeps the rest.
    private func process(_ bytes: Span<UInt8>) {
        isProcessing = true
        var offset = 0
        while offset < bytes.count {
            let before = offset
            switch phase {
            case .idle, .readingHead: offset = readHead(bytes, offset)
            case .readingBody where wantsBody: offset = readBody(bytes, offset)
            case .readingBody, .awaitingAnswer: break
            case .lingering, .closed: offset = bytes.count
            }
            if offset == before { break }
        }
        isProcessing = false
        guard offset < bytes.count, phase != .closed else { return }
        pendingInput.append(bytes.extracting(offset...))
        if phase == .readingBody, !wantsBody { stream.readEnabled = false }
        // Reading goes on while an answer is awaited, to see a client that goes away; a long pipeline waits in the kernel.
        if phase == .awaitingAnswer, pendingInput.count >= Self.pipelineLimit { stream.readEnabled = false }
    }

    private func endOfInput() {
        switch phase {
        case .idle, .readingHead, .lingering: close()
        case .readingBody where wantsBody || pendingInput.isEmpty: failBody(.truncated)
        case .readingBody, .awaitingAnswer, .closed: break
        }
    }

    // MARK: - Head

    /// Returns the offset after what was used: that of `bytes` where a head is complete, the given one where it is not.
    private func readHead(_ bytes: Span<UInt8>, _ offset: Int) -> Int {
        do {
            guard let used = try parser.parse(bytes.extracting(offset...), into: &request) else {
                if phase == .idle {
                    phase = .readingHead
                    timer.start(headLimit)
                }
                return offset
            }
            beginRequest()
            return offset + used
        } catch {
            refuse(.malformed(error))
            return bytes.count
        }
    }

    private func beginRequest() {
        wasUsed = true
        answerStarted = false
        answerCompleted = false
        closesAfterAnswer = !request.keepAlive || isDraining
        wantsBody = false
        continueOwed = request.expectsContinue
        omitsAnswerBody = request.method == .head
        answerFields.removeAll()
        timer.deadline = nil
        switch request.framing {
        case .none, .length(0), .untilClose:
            bodyRemaining = 0
            phase = .awaitingAnswer
            continueOwed = false
        case .length(let length):
            bodyRemaining = length
            phase = .readingBody
        case .chunked:
            chunks.reset()
            phase = .readingBody
        }
        let hasBody = phase == .readingBody
        handler.requestReceived(on: self)
        if !hasBody, phase == .awaitingAnswer, !answerCompleted { receiver?.bodyCompleted() }
    }

    /// Answers what is no acceptable request and closes.
    func refuse(_ refusal: RequestRefusal) {
        phase = .awaitingAnswer
        closesAfterAnswer = true
        answerStarted = false
        answerCompleted = false
        omitsAnswerBody = false
        answerFields.removeAll()
        timer.deadline = nil
        handler.requestRefused(refusal, on: self)
    }

    // MARK: - Body

    private func readBody(_ bytes: Span<UInt8>, _ offset: Int) -> Int {
        guard request.framing == .chunked else {
            let count = Int(min(UInt64(bytes.count - offset), bodyRemaining))
            bodyRemaining -= UInt64(count)
            windowBytes &+= UInt64(count)
            receiver?.bodyReceived(bytes.extracting(offset..<offset + count))
            adaptReadLimit(to: count)
            adaptReadMark(to: count)
            if bodyRemaining == 0 { endBody() }
            return offset + count
        }
        do {
            let step = try chunks.decode(bytes, from: offset)
            windowBytes &+= UInt64(step.consumed)
            if !step.data.isEmpty { receiver?.bodyReceived(bytes.extracting(step.data)) }
            if step.isComplete { endBody() }
            return offset + step.consumed
        } catch {
            failBody(.malformed(error))
            return bytes.count
        }
    }

    func endBody() {
        guard phase == .readingBody else { return }
        phase = .awaitingAnswer
        resetReading()
        if output.count == outputSent { timer.deadline = nil }
        if !inputEnded { stream.readEnabled = true }
        receiver?.bodyCompleted()
    }

    /// The request cannot become complete; the receiver answers if it still may, then the connection closes.
    func failBody(_ failure: ClientFailure) {
        if failure == .truncated { inputEnded = true }
        failPausedBody(failure)
    }

    /// The same where the rest of the input waits in the kernel: it is read and dropped, so that the answer is not lost.
    func failPausedBody(_ failure: ClientFailure) {
        closesAfterAnswer = true
        wantsBody = false
        resetReading()
        let receiver = self.receiver
        self.receiver = nil
        receiver?.clientFailed(failure)
        guard phase != .closed, phase != .lingering else { return }
        if !answerStarted { close() }
    }

    // MARK: - Body timeouts

    private func startWindow() {
        windowStart = context.loop.now
        windowBytes = 0
    }

    func armBodyTimer() {
        guard output.count == outputSent else { return }
        let idle = lastRead + context.limits.bodyIdle
        let window = windowStart + context.limits.minimumRateWindow
        var deadline = context.limits.minimumRateBytes == 0 ? idle : min(idle, window)
        if stream.readMark > 1 { deadline = min(deadline, lastRead + Self.readMarkWait) }
        timer.deadline = deadline
    }

    /// Sets the timer to what the present phase waits for.
    func resetBodyTimer() {
        if phase == .readingBody, wantsBody { armBodyTimer() } else { timer.deadline = nil }
    }

    func bodyDeadlinePassed() {
        readBelowMark()
        // Paused: the store is waited for, not the client.
        guard phase == .readingBody, wantsBody else { return }
        let now = context.loop.now
        if lastRead + context.limits.bodyIdle <= now { return failBody(.stalled) }
        if windowStart + context.limits.minimumRateWindow <= now {
            let tooSlow = windowBytes < context.limits.minimumRateBytes
            if tooSlow, context.limits.minimumRateBytes > 0 { return failBody(.tooSlow) }
            startWindow()
        }
        armBodyTimer()
    }
}
