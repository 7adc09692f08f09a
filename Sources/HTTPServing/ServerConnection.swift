// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire
internal import Octets

/// One client connection: reads requests, hands bodies on, writes answers, one request after the other.
///
/// Loop thread only. Reading follows the receiver: while it is paused the bytes stay in the kernel, which slows the client
/// down. `ServerConnection+reading.swift` holds the way in, `+answering.swift` the way out.
package final class ServerConnection: ByteStreamHandler, DeadlineHandler, TurnEndHandler {
    /// Where the connection is in its present request.
    enum Phase {
        /// No byte of the next request yet. → readingHead, closed
        case idle
        /// Some bytes of a head. → readingBody, awaitingAnswer, closed
        case readingHead
        /// The head is out, the body is not complete. → awaitingAnswer, lingering, closed
        case readingBody
        /// The request is complete, its answer is not. → idle, lingering, closed
        case awaitingAnswer
        /// The answer is out but the request is not complete: input is dropped. → closed
        case lingering
        case closed
    }

    package let context: ServingContext
    package let peer: SocketAddress
    /// The client's address as text, made once.
    package private(set) lazy var peerHost = peer.host
    /// The request that is being handled; valid until its answer is complete.
    package internal(set) var request = RequestHead()
    /// Who takes the body of the present request; held until the answer is out or the connection closed.
    package var receiver: (any BodyReceiver)?
    /// For the handler: what keeps the present request's state alive.
    package var attachment: AnyObject?

    /// For the handler: fields that every answer to the present request gets beside its own.
    package var answerFields = HeaderFields()

    let stream: ByteStream
    /// Whether the client came over TLS.
    package var isTLS: Bool { stream.isTLS }
    /// Unowned: the handler owns its connections.
    unowned let handler: any RequestHandler
    var phase = Phase.idle
    var parser: RequestParser
    var chunks: ChunkedDecoder
    var bodyRemaining: UInt64 = 0
    /// Whether the receiver takes body bytes now.
    var wantsBody = false
    /// False once the kernel refused to splice from this socket.
    var splices = true
    /// The most bytes that the next read takes: what the receiver cannot pass on of them is held in this process.
    var readLimit = ServerConnection.firstReadLimit
    var isLargeReader = false
    /// The client let a deadline pass while bytes waited below the read mark.
    var stallsBelowMark = false
    /// Bytes that were read but not parsed: part of a head, a body that nobody wants yet, a pipelined request.
    var pendingInput: [UInt8] = []
    var inputEnded = false
    var isProcessing = false

    var output = OctetBuffer()
    var outputSent = 0
    /// Of an answer that its client does not take.
    var outputLoan: MemoryLoan?
    /// Whether what waits of the present answer is this connection's to count.
    var countsOutput = true
    /// What of it needs no loan.
    package static let freeOutputBytes = MemoryRoom.usualBytes
    var answerStarted = false
    var answerCompleted = false
    /// The answer to a HEAD request tells the length of a body that is not sent.
    var omitsAnswerBody = false
    var closesAfterAnswer = false
    var continueOwed = false
    var isDraining = false
    /// Whether a request has come.
    var wasUsed = false

    let timer: DeadlineTimer
    var lastRead = Instant(nanoseconds: 0)
    /// The window of the minimum-rate rule.
    var windowStart = Instant(nanoseconds: 0)
    var windowBytes: UInt64 = 0

    /// Takes over `stream` and waits for its first request.
    package init(context: ServingContext, stream: ByteStream, peer: SocketAddress, handler: any RequestHandler) {
        self.context = context
        self.stream = stream
        self.peer = peer
        self.handler = handler
        parser = RequestParser(limits: context.limits.wire)
        chunks = ChunkedDecoder(limits: context.limits.wire)
        timer = DeadlineTimer(loop: context.loop)
        stream.handler = self
        timer.handler = self
    }

    /// Starts to read.
    package func start() {
        timer.start(context.limits.head)
        stream.readEnabled = true
    }

    package var isOpen: Bool { phase != .closed }

    /// Whether a request is being handled.
    package var isBusy: Bool { phase == .readingBody || phase == .awaitingAnswer }

    /// Lets the present request finish and closes then. A kept connection without one closes at once; the first request of
    /// a new one, and a head that is on its way, get a second to arrive.
    package func drain() {
        isDraining = true
        closesAfterAnswer = true
        // What the client has sent by now was sent to somebody who listened.
        if phase == .idle, pendingInput.isEmpty { readInput() }
        if phase == .idle, pendingInput.isEmpty, wasUsed { return close() }
        if phase == .idle || phase == .readingHead { timer.start(headLimit) }
    }

    /// How long a head may take.
    var headLimit: Interval { isDraining ? min(context.limits.head, .seconds(1)) : context.limits.head }

    /// Closes at once; a request that is being handled fails with `gone`. What waits for the end of the turn goes out
    /// before, as far as the client takes it.
    package func close() {
        if phase != .closed, outputSent < output.count {
            let result = output.withSpan { stream.write($0.extracting(outputSent...)) }
            if case .bytes(let count) = result { outputSent += count }
        }
        finish(failing: .gone) { $0.close() }
    }

    /// Closes with a reset, so that a truncated answer is not taken for a whole one.
    package func abort() {
        finish(failing: .gone) { $0.reset() }
    }

    func finish(failing failure: ClientFailure, _ end: (ByteStream) -> Void) {
        guard phase != .closed else { return }
        let wasBusy = isBusy
        phase = .closed
        resetReading()
        outputLoan = nil
        timer.cancel()
        end(stream)
        let receiver = self.receiver
        self.receiver = nil
        if wasBusy { receiver?.clientFailed(failure) }
        attachment = nil
        handler.connectionClosed(self)
    }

    package func streamReadable(_ stream: ByteStream) {
        readInput()
    }

    package func streamWritable(_ stream: ByteStream) {
        flush()
    }

    package func turnEnds() {
        flush()
    }

    package func deadlinePassed(_ timer: DeadlineTimer) {
        switch phase {
        case .idle, .lingering:
            close()
        case .readingHead:
            if isDraining { return close() }
            refuse(.headTimeout)
        case .readingBody:
            if output.count > outputSent { return answerStalled() }
            bodyDeadlinePassed()
        case .awaitingAnswer:
            answerStalled()
        case .closed:
            break
        }
    }

    private func answerStalled() {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.clientFailed(.answerNotTaken)
        abort()
    }
}
