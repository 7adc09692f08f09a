// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
private import Glibc

/// Bodies that move inside the kernel, see splice(2): one more way for bytes to reach the receiver, with the same
/// back-pressure, deadlines and ends as ``readInput()``.
extension ServerConnection {
    /// Less is copied: a copy of 64 KiB costs no more than the calls of a pipe.
    private static let spliceMinimum: UInt64 = 64 * 1024

    /// An empty pipe for the next bytes of the body; nil where they are copied.
    func pipeForBody() -> SplicePipe? {
        guard bodyRemaining > Self.spliceMinimum, phase == .readingBody, wantsBody, splices, pendingInput.isEmpty,
            !stream.isTLS, receiver?.takesPipe == true
        else { return nil }
        return context.pipes.take()
    }

    /// Moves what has come of the body, and no byte behind it, into `pipe` and hands it on.
    func spliceBody(through pipe: SplicePipe) {
        switch pipe.fill(from: stream, limit: Int(min(bodyRemaining, UInt64(pipe.capacity)))) {
        case .bytes(let count):
            lastRead = context.loop.now
            bodyRemaining -= UInt64(count)
            windowBytes &+= UInt64(count)
            isProcessing = true
            receiver?.bodyReceived(in: pipe)
            isProcessing = false
            adaptReadMark(to: count)
            if bodyRemaining == 0 { endBody() }
        case .wouldBlock:
            pipe.giveBack()
        case .end:
            pipe.giveBack()
            readEnded()
        case .failed(let error):
            pipe.giveBack()
            // EINVAL, splice(2): not with this kind of socket; nothing was moved.
            guard error.code == EINVAL else { return close() }
            splices = false
        }
    }
}
