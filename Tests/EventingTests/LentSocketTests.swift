// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

/// Sockets that another thread writes to while their stream may be closed.
@Suite struct LentSocketTests {
    private let driver: LoopDriver

    init() throws { driver = try LoopDriver() }

    private func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    @Test func `is lent to one at a time`() throws {
        let (descriptor, peer) = try RawSocket.pair()
        let stream = ByteStream(loop: driver.loop, descriptor: descriptor)
        let lent = try #require(stream.lend())
        #expect(lent.descriptor == descriptor)
        #expect(stream.lend() == nil)
        lent.giveBack()
        let again = try #require(stream.lend())
        again.giveBack()
        stream.close()
        #expect(stream.lend() == nil && !isOpen(descriptor))
        peer.close()
    }

    @Test func `keeps its number while it is lent, though the stream is closed`() throws {
        let (descriptor, peer) = try RawSocket.pair()
        var stream: ByteStream? = ByteStream(loop: driver.loop, descriptor: descriptor)
        let lent = try #require(stream?.lend())
        stream?.close()
        stream = nil
        #expect(isOpen(descriptor))
        #expect(try peer.read(upTo: 1) == [], "the peer need not wait")
        lent.giveBack()
        #expect(!isOpen(descriptor))
    }
}
