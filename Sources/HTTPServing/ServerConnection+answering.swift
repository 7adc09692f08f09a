// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
package import HTTPWire
internal import Octets

extension ServerConnection {
    /// Answers with a whole body; `Content-Length`, `Date` and `Connection` are added.
    ///
    /// To a HEAD request the body's length is told and its bytes are not sent. Without a body (`204`, `304`) no length is.
    package func respond(status: Int, fields: HeaderFields, body: Span<UInt8>) {
        guard beginAnswer() else { return }
        appendHead(to: &output, status: status, fields: fields, length: UInt64(body.count))
        if !omitsAnswerBody { output.append(body) }
        endAnswer()
    }

    /// Starts an answer whose body of `length` bytes follows in pieces by ``writeAnswer(_:)`` and ``endAnswer()``.
    package func startAnswer(status: Int, fields: HeaderFields, length: UInt64) {
        guard beginAnswer() else { return }
        appendHead(to: &output, status: status, fields: fields, length: length)
        flush()
    }

    /// Writes a piece of the body; false when the client takes no more now: the receiver's `answerDrained` tells when.
    package func writeAnswer(_ bytes: Span<UInt8>) -> Bool {
        guard phase != .closed, answerStarted, !answerCompleted else { return false }
        output.append(bytes)
        flush()
        return output.count == outputSent
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
        // A body that is still on its way cannot be told from the next request.
        if phase == .readingBody { closesAfterAnswer = true }
        if isDraining { closesAfterAnswer = true }
        return true
    }

    /// `output` is this connection's, given so that it is looked up once and not for each piece.
    private func appendHead(to output: inout [UInt8], status: Int, fields: HeaderFields, length: UInt64) {
        HTTPEncoder.appendStatusLine(status, to: &output)
        for index in fields.indices where !Self.isAddedHere(index, of: fields) {
            HTTPEncoder.append(fieldAt: index, of: fields, to: &output)
        }
        HTTPEncoder.append(answerFields, to: &output)
        output.append("Date: ")
        context.appendDate(to: &output)
        if status != 204, status != 304 {
            output.append("\r\nContent-Length: ")
            output.appendDecimal(length)
        }
        let keepsOpen = !closesAfterAnswer
        output.append(keepsOpen ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n")
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

    /// Writes what is owed, as far as the client takes it.
    func flush() {
        while outputSent < output.count, phase != .closed {
            switch stream.write(output.span.extracting(outputSent...)) {
            case .bytes(let count):
                outputSent += count
            case .wouldBlock:
                stream.waitForWritable()
                timer.start(context.limits.answerIdle)
                return
            case .end, .failed:
                return close()
            }
        }
        guard phase != .closed else { return }
        // An idle connection keeps room for one small answer only.
        output.removeAll(keepingCapacity: output.capacity <= 1024)
        outputSent = 0
        guard !answerCompleted else { return answerFlushed() }
        // The client took what was owed; from here on somebody else is waited for, or its body is.
        resetBodyTimer()
        if answerStarted { receiver?.answerDrained() }
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
