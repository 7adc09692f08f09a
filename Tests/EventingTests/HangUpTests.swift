// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

/// Streams that are not read hear of peers that are done.
@Suite struct HangUpTests {
    private let driver: LoopDriver

    init() throws { driver = try LoopDriver() }

    private func pausedStream() throws -> (end: StreamEnd, peer: RawSocket) {
        let (descriptor, peer) = try RawSocket.pair()
        let end = StreamEnd(ByteStream(loop: driver.loop, descriptor: descriptor))
        end.stream.readEnabled = false
        return (end, peer)
    }

    private func turns() throws { for _ in 0..<5 { try driver.turn() } }

    @Test func `tells of a peer that ended its side behind unread bytes, and only once`() throws {
        let (end, peer) = try pausedStream()
        end.stream.watchForHangUp()
        try peer.write("unread")
        try turns()
        #expect(end.hangUps.isEmpty && end.stream.hangUp == nil)
        peer.shutdownWrite()
        try driver.run { !end.hangUps.isEmpty }
        end.stream.watchForHangUp()
        try turns()
        #expect(end.hangUps == [.ended])
        #expect(end.stream.waitingBytes == 6)
        end.resume()
        try driver.run { end.ending != nil }
        #expect(end.received == Array("unread".utf8) && end.ending == .end)
    }

    @Test func `tells of a peer that was done before anybody asked`() throws {
        let (end, peer) = try pausedStream()
        peer.close()
        try turns()
        #expect(end.hangUps.isEmpty)
        end.stream.watchForHangUp()
        try driver.run { end.hangUps == [.ended] }
    }

    @Test func `tells of a reset, also after an end`() throws {
        let (end, peer) = try pausedStream()
        end.stream.watchForHangUp()
        peer.shutdownWrite()
        try driver.run { end.hangUps == [.ended] }
        peer.reset()
        try driver.run { end.hangUps.last == .failed }
        #expect(end.stream.hangUp == .failed)
    }

    @Test func `says nothing of a stream that was closed, nor of its number used again`() throws {
        let (end, peer) = try pausedStream()
        end.stream.watchForHangUp()
        peer.close()
        end.stream.close()
        let (next, nextPeer) = try pausedStream()
        try turns()
        #expect(end.hangUps.isEmpty && next.hangUps.isEmpty)
        nextPeer.close()
    }

    @Test func `a peer that stays wakes nobody up`() throws {
        let (end, peer) = try pausedStream()
        end.stream.watchForHangUp()
        for _ in 0..<10 {
            try peer.write("more")
            try driver.turn()
        }
        #expect(end.hangUps.isEmpty && end.readableCalls == 0)
        peer.close()
    }
}
