// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent

extension ByteStream {
    /// Tells the handler when the peer is done although nothing is read (``ByteStreamHandler/streamHungUp(_:_:)``); once for
    /// a stream, to its end. A peer that was done before is told of as well.
    package func watchForHangUp() {
        guard !isWatched, isOpen else { return }
        isWatched = true
        loop.hangUps.add(self)
    }

    /// The most bytes of the peer's that were not read yet, as they are on the wire.
    package var waitingBytes: Int { max(0, Int(pb_waiting_bytes(descriptor))) + heldBytes }

    /// The most bytes that were taken off the socket and not read, as they are on the wire; of a plain stream none.
    package var heldBytes: Int { session?.heldBytes ?? 0 }

    func hungUp(_ how: HangUp) {
        hangUp = how
        handler?.streamHungUp(self, how)
    }
}
