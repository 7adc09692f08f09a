// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// Who is given accepted connections.
package protocol SocketListenerHandler: AnyObject {
    /// A client connected; the handler owns the non-blocking descriptor from here on.
    func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener)
    /// Accepting failed for a reason that lasts (`EMFILE`, `ENFILE`, `ENOMEM`); it is tried again after a pause.
    func acceptFailed(_ error: EventError, on listener: SocketListener)
}

/// Accepts connections on one loop. Loop thread only.
package final class SocketListener: FileEventHandler, DeadlineHandler {
    /// Connections taken in one go, so that established ones get their turn too.
    private static let acceptsPerTurn = 64
    private static let pauseAfterFailure = Duration.milliseconds(100)

    package let socket: ListeningSocket
    package let loop: EventLoop
    /// Unowned: the handler owns its listeners.
    private unowned let handler: any SocketListenerHandler
    private var event: FileEvent?
    private var pause: DeadlineTimer?

    /// Takes over `socket` and starts accepting.
    package init(loop: EventLoop, socket: ListeningSocket, handler: any SocketListenerHandler) {
        self.loop = loop
        self.socket = socket
        self.handler = handler
        event = FileEvent(loop: loop, descriptor: socket.descriptor, handler: self)
        event?.wantsRead = true
    }

    /// Stops accepting and closes the socket; idempotent.
    package func close() {
        guard let event else { return }
        event.cancel()
        self.event = nil
        pause?.cancel()
        Glibc.close(socket.descriptor)
    }

    /// Accepts what waits in the queue, which ``close()`` alone would reset, and closes. An inherited socket's queue is left
    /// to the process that gets it next.
    package func finish() {
        if case .inherited = socket.origin { return close() }
        while acceptSome() {}
        close()
    }

    package func fileReadable() {
        _ = acceptSome()
    }

    /// Whether more may wait.
    private func acceptSome() -> Bool {
        for _ in 0..<Self.acceptsPerTurn {
            guard event != nil else { return false }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe pb_accept(socket.descriptor, $0, &length)
                }
            }
            guard descriptor >= 0 else {
                acceptEnded(errno)
                return false
            }
            let peer = SocketAddress(raw: &storage) ?? socket.address
            if peer.port != 0 { setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
            handler.accepted(descriptor: descriptor, peer: peer, on: self)
        }
        return true
    }

    package func fileWritable() {}

    private func acceptEnded(_ code: Int32) {
        switch code {
        case EAGAIN, EINTR, ECONNABORTED, EPROTO:
            return
        default:
            // Level-triggered: without a pause the loop would spin on the waiting connection.
            event?.wantsRead = false
            if pause == nil { pause = DeadlineTimer(loop: loop, handler: self) }
            pause?.start(Self.pauseAfterFailure)
            handler.acceptFailed(EventError(operation: "accept on \(socket.address)", code: code), on: self)
        }
    }

    package func deadlinePassed(_ timer: DeadlineTimer) {
        event?.wantsRead = true
    }
}

/// Sets an integer socket option; options used here cannot fail on a fresh socket of the right family.
func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}
