// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// How a peer is known to be done, whatever it sent before and nobody read yet.
package enum HangUp: Sendable {
    /// It sends no more; it may still read.
    case ended
    /// The connection failed, such as by a reset.
    case failed
}

/// Tells streams that are not read that their peers are done. Loop thread only.
///
/// An epoll(7) instance within the loop's: libevent's `EV_CLOSED` does not tell of a reset (it makes `EV_READ | EV_WRITE` of
/// `EPOLLERR`). Edge-triggered, so a stream is registered once and not for each pause, and tells once of each change.
@safe
final class HangUpWatch {
    /// Told in one turn; the others come in the next one.
    private static let turnLimit = 256

    private let descriptor: Int32
    private let event: UnsafeMutablePointer<event>
    /// Unmanaged: a stream leaves before it is gone.
    private var streams: [Int32: Unmanaged<ByteStream>] = unsafe [:]
    /// Unowned: the loop owns this.
    private unowned let loop: EventLoop

    init(loop: EventLoop) {
        self.loop = loop
        descriptor = pb_hangup_watch()
        unsafe event = .allocate(capacity: 1)
        // Unretained: deinit deletes the event before the object is gone.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event_assign(
            event, loop.rawBase, descriptor, Int16(EV_READ | EV_PERSIST),
            { _, _, context in unsafe HangUpWatch.from(context).tell() }, context)
        // Without a descriptor nobody is told, as if the peers had stayed.
        if descriptor >= 0 { unsafe event_add(event, nil) }
    }

    deinit {
        unsafe event_del(event)
        unsafe event.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    func add(_ stream: ByteStream) {
        unsafe streams[stream.descriptor] = Unmanaged.passUnretained(stream)
        _ = pb_hangup_add(descriptor, stream.descriptor)
    }

    /// Before the stream's descriptor is closed, which ends its registration with the kernel.
    func remove(_ stream: ByteStream) {
        unsafe streams[stream.descriptor] = nil
    }

    private func tell() {
        loop.eventBegins()
        for _ in 0..<Self.turnLimit {
            var hasFailed = false
            let peer = unsafe pb_hangup_next(descriptor, &hasFailed)
            guard peer >= 0 else { return }
            // Held while it is told: its owner may let it go.
            guard let stream = unsafe streams[peer]?.takeUnretainedValue() else { continue }
            stream.hungUp(hasFailed ? .failed : .ended)
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HangUpWatch {
        unsafe Unmanaged<HangUpWatch>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }
}
