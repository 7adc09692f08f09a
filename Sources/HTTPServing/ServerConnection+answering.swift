// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire
package import Octets

extension ServerConnection {
    /// Of a long answer so much waits in the kernel for its turn: enough for a fast client until this process wakes up again.
    private static let unsentLimit: UInt64 = 256 * 1024

    /// Answers with a whole body; `Content-Length`, `Date` and `Connection` are added.
    ///
    /// To a HEAD request the body's length is told and its bytes are not sent. Without a body (`204`, `304`) no length is.
    package func respond(status: Int, fields: HeaderFields, body: Span<UInt8>) {
        guard beginAnswer() else { return }
        appendHead(to: &output, status: status, length: UInt64(body.count)) { Self.append(fields, to: &$0) }
        if !omitsAnswerBody { output.append(body) }
        answerComposed()
    }

    /// The same where both are composed in place.
    ///
    /// - Parameters:
    ///   - writeFields: appends lines, line ends included; none of those that are added here.
    ///   - writeBody: appends the body.
    package func respond(
        status: Int, writeFields: (inout OctetBuffer) -> Void, writeBody: (inout OctetBuffer) -> Void
    ) {
        guard beginAnswer() else { return }
        context.answerBody.removeAll()
        writeBody(&context.answerBody)
        appendHead(to: &output, status: status, length: UInt64(context.answerBody.count), writeFields: writeFields)
        if !omitsAnswerBody { context.answerBody.withSpan { output.append($0) } }
        context.answerBody.removeAll(keepingAtMost: ServingContext.keptBytes)
        answerComposed()
    }

    /// Starts an answer whose body of `length` bytes follows in pieces by ``writeAnswer(_:)`` and ``endAnswer()``.
    ///
    /// - Parameter countsOutput: false where who writes the pieces counts them against the budget of memory.
    package func startAnswer(status: Int, fields: HeaderFields, length: UInt64, countsOutput: Bool = true) {
        guard beginAnswer() else { return }
        self.countsOutput = countsOutput
        if length > Self.unsentLimit { stream.limitUnsent(bytes: Int32(Self.unsentLimit)) }
        appendHead(to: &output, status: status, length: length) { Self.append(fields, to: &$0) }
        flush()
    }

    /// Writes a piece of the body; false when the client takes no more now: the receiver's `answerDrained` tells when.
    package func writeAnswer(_ bytes: Span<UInt8>) -> Bool {
        guard phase != .closed, answerStarted, !answerCompleted else { return false }
        writeOrKeep(bytes)
        flush()
        return output.count == outputSent
    }

    /// Lends the socket to who puts the body of an answer on it without this process having it; nil where that cannot be
    /// (TLS), or bytes wait that come before. ``answerBlocked()`` tells that the client takes no more.
    package func lendSocket() -> LentSocket? {
        guard answerStarted, !answerCompleted, output.count == outputSent else { return nil }
        return stream.lend()
    }

    /// The client takes no more of what was put on its socket: the receiver's `answerDrained` tells when it does.
    package func answerBlocked() {
        guard phase != .closed, answerStarted, !answerCompleted else { return }
        stream.waitForWritable()
        timer.start(context.limits.answerIdle)
    }

    /// Ends the answer: the connection goes on with its next request, or closes.
    package func endAnswer() {
        guard phase != .closed, answerStarted, !answerCompleted else { return }
        answerCompleted = true
        flush()
    }

    /// Whether the head of an answer to the present request is out.
    package var hasStartedAnswer: Bool { answerStarted }

    /// Bytes of answers that wait for the client.
    package var unsentBytes: Int { output.count - outputSent }

    private func beginAnswer() -> Bool {
        guard phase == .readingBody || phase == .awaitingAnswer, !answerStarted else { return false }
        answerStarted = true
        countsOutput = true
        // A body that is still on its way cannot be told from the next request.
        if phase == .readingBody { closesAfterAnswer = true }
        if isDraining { closesAfterAnswer = true }
        return true
    }

    private func appendHead(
        to output: inout OctetBuffer, status: Int, length: UInt64, writeFields: (inout OctetBuffer) -> Void
    ) {
        HTTPEncoder.appendStatusLine(status, to: &output)
        writeFields(&output)
        if !answerFields.isEmpty { HTTPEncoder.append(answerFields, to: &output) }
        output.append("Date: ")
        context.appendDate(to: &output)
        if status != 204, status != 304 {
            output.append("\r\nContent-Length: ")
            output.appendDecimal(length)
        }
        let keepsOpen = !closesAfterAnswer
        output.append(keepsOpen ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n")
    }

    private static func append(_ fields: HeaderFields, to output: inout OctetBuffer) {
        for index in fields.indices where !isAddedHere(index, of: fields) {
            HTTPEncoder.append(fieldAt: index, of: fields, to: &output)
        }
    }

    /// Fields that only this layer knows; a dialect's answer may name them too.
    private static func isAddedHere(_ index: Int, of fields: HeaderFields) -> Bool {
        switch fields.nameRange(at: index).count {
        case 4: fields.hasPrefix("date", at: index)
        case 10: fields.hasPrefix("connection", at: index)
        case 14: fields.hasPrefix("content-length", at: index)
        default: false
        }
    }

    /// Ends an answer that is there as a whole; it goes out with those of other connections.
    private func answerComposed() {
        answerCompleted = true
        context.loop.atEndOfTurn(self)
    }

    /// Writes what the client takes at once and keeps the rest, behind what waits already.
    private func writeOrKeep(_ bytes: Span<UInt8>) {
        var sent = 0
        if output.isEmpty {
            while sent < bytes.count, case .bytes(let count) = stream.write(bytes.extracting(sent...)) { sent += count }
        }
        // What went wrong, if anything, shows again when the rest is written.
        if sent < bytes.count { output.append(bytes.extracting(sent...)) }
    }

    /// Writes what is owed, as far as the client takes it.
    func flush() {
        while outputSent < output.count, phase != .closed {
            switch output.withSpan({ stream.write($0.extracting(outputSent...)) }) {
            case .bytes(let count):
                outputSent += count
            case .wouldBlock:
                stream.waitForWritable()
                timer.start(context.limits.answerIdle)
                return countOutput()
            case .end, .failed:
                return close()
            }
        }
        guard phase != .closed else { return }
        // An idle connection keeps room for one small answer only.
        output.removeAll(keepingAtMost: 1024)
        outputSent = 0
        if outputLoan != nil { outputLoan = nil }
        guard !answerCompleted else { return answerFlushed() }
        // The client took what was owed; from here on somebody else is waited for, or its body is.
        resetBodyTimer()
        if answerStarted { receiver?.answerDrained() }
    }

    /// What waits for a client that does not read is there already; as long as it is, less of other things is let in.
    private func countOutput() {
        guard countsOutput, output.count > Self.freeOutputBytes else { return }
        let loan = outputLoan ?? MemoryLoan(context.budget)
        loan.count(output.count)
        outputLoan = loan
    }

    private func answerFlushed() {
        receiver = nil
        attachment = nil
        answerStarted = false
        // A client that ended its side may have sent its next requests before.
        guard closesAfterAnswer || (inputEnded && pendingInput.isEmpty) else { return beginNextRequest() }
        guard !inputEnded else { return close() }
        // Closing now, with input unread, would reset the connection and lose the answer on its way (RFC 9112 §9.6).
        phase = .lingering
        resetReading()
        pendingInput = []
        wantsBody = false
        stream.shutdownWrite()
        stream.readEnabled = true
        timer.start(context.limits.linger)
    }

    private func beginNextRequest() {
        phase = .idle
        answerCompleted = false
        timer.start(context.limits.keepAlive)
        if !inputEnded { stream.readEnabled = true }
        guard !pendingInput.isEmpty else {
            pendingInput = []
            return
        }
        guard !isProcessing else { return }
        processPending()
    }
}
