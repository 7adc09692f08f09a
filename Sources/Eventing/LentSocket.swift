// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The socket of a plain stream in the hands of another thread, which may write to it; the stream is not written to meanwhile.
///
/// The descriptor stays that of the stream until it is given back, also if the stream is closed: no other connection can
/// get its number.
package final class LentSocket: @unchecked Sendable {
    // Sendable is sound: the other thread looks at `descriptor` only, which does not change.
    package let descriptor: Int32
    private let stream: ByteStream

    fileprivate init(_ stream: ByteStream) {
        self.stream = stream
        descriptor = stream.descriptor
    }

    /// Ends the loan, once. Loop thread only.
    package func giveBack() {
        stream.loop.preconditionInLoop()
        stream.isLent = false
        if stream.closesWhenBack { close(descriptor) }
    }
}

extension ByteStream {
    /// Lends the socket to another thread; nil if there is none to lend: it is closed, lent already, or speaks TLS.
    package func lend() -> LentSocket? {
        guard isOpen, !isTLS, !isLent else { return nil }
        isLent = true
        return LentSocket(self)
    }
}
