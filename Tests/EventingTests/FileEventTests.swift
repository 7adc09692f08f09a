// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

@Suite struct FileEventTests {
    private let driver: LoopDriver
    private let descriptor: Int32
    private let peer: RawSocket
    private let watch: Watch

    init() throws {
        driver = try LoopDriver()
        (descriptor, peer) = try RawSocket.pair()
        watch = Watch(driver.loop, descriptor)
    }

    private func end() {
        watch.event.cancel()
        close(descriptor)
    }

    @Test func `tells nothing that was not asked for`() throws {
        try peer.write("x")
        _ = watch.event
        try driver.turn()
        #expect(watch.reads == 0 && watch.writes == 0)
        end()
    }

    @Test func `tells of input as long as there is some and it is wanted`() throws {
        watch.event.wantsRead = true
        try driver.turn()
        #expect(watch.reads == 0)
        try peer.write("x")
        // Not read, so it is told again.
        try driver.run { watch.reads >= 3 }
        watch.event.wantsRead = false
        let before = watch.reads
        try driver.turn()
        #expect(watch.reads == before)
        end()
    }

    @Test func `tells of the peer's end as of input`() throws {
        watch.event.wantsRead = true
        peer.shutdownWrite()
        try driver.run { watch.reads > 0 }
        end()
    }

    @Test func `tells that output is taken`() throws {
        watch.event.wantsWrite = true
        try driver.run { watch.writes == 1 }
        try driver.turn()
        #expect(watch.writes == 1)
        end()
    }

    @Test func `ends all interest when it is cancelled, from inside its own call too`() throws {
        watch.onRead = { [unowned watch] in watch.event.cancel() }
        watch.event.wantsRead = true
        try peer.write("x")
        try driver.run { watch.reads == 1 }
        try driver.turn()
        #expect(watch.reads == 1)
        #expect(!watch.event.wantsRead && !watch.event.wantsWrite)
        end()
    }
}
