// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import LoopTesting
import Testing

@testable import HTTPServing

/// How much of a body is read at a time.
@Suite struct PacingTests {
    private let server: Server

    init() throws { server = try Server() }

    /// A connection in the middle of a body that its receiver takes.
    private func connection(isTLS: Bool = false) throws -> (ServerConnection, RawSocket) {
        let (descriptor, peer) = try RawSocket.pair()
        let loop = server.driver.loop
        // No handshake is made: which side it would be does not matter.
        let stream =
            isTLS
            ? try ByteStream(
                loop: loop, descriptor: descriptor, context: .client(authorities: nil), serverName: "localhost")
            : ByteStream(loop: loop, descriptor: descriptor)
        let connection = ServerConnection(
            context: server.context, stream: stream,
            peer: try #require(SocketAddress(numeric: "127.0.0.1", port: 1)), handler: server)
        connection.phase = .readingBody
        connection.bodyRemaining = 1 << 30
        connection.wantsBody = true
        return (connection, peer)
    }

    @Test func `reads more of a fast body, little after a pause, and starts anew with the next`() throws {
        let (connection, _) = try connection()
        let first = connection.readLimit
        connection.adaptReadLimit(to: first / 2 - 1)
        #expect(connection.readLimit == first)
        var limits: [Int] = []
        for _ in 0..<4 {
            connection.adaptReadLimit(to: connection.readLimit)
            limits.append(connection.readLimit)
        }
        #expect(limits == [2 * first, 4 * first, 4 * first, 4 * first])
        connection.wantsBody = false
        connection.adaptReadLimit(to: connection.readLimit)
        #expect(connection.readLimit == first / 2)
        connection.resetReading()
        #expect(connection.readLimit == first)
        connection.close()
    }

    @Test func `reads large pieces for sixteen connections at a time`() throws {
        let all = try (0..<17).map { _ in try connection() }
        for (connection, _) in all {
            for _ in 0..<3 { connection.adaptReadLimit(to: connection.readLimit) }
        }
        let limits = all.map(\.0.readLimit)
        #expect(limits.dropLast().allSatisfy { $0 == 512 * 1024 })
        #expect(limits.last == 128 * 1024)
        #expect(server.context.largeReaders == 16)
        // A place is free again once a body is over or its connection gone.
        all[3].0.close()
        all[16].0.adaptReadLimit(to: 128 * 1024)
        #expect(all[16].0.readLimit == 256 * 1024)
        for (connection, _) in all { connection.close() }
        #expect(server.context.largeReaders == 0)
    }

    /// 64 KiB/s, 1 MiB/s, 8 KiB/s; near the end; too early to tell.
    @Test(
        arguments: [
            (65_536, 1000, 1 << 30, 1, 131_072), (1 << 20, 1000, 1 << 30, 1, 262_144), (8192, 1000, 1 << 30, 1, 1),
            (65_536, 1000, 100_000, 131_072, 100_000), (65_536, 1000, 20_000, 131_072, 1),
            (65_536, 249, 1 << 30, 1, 1), (65_536, 249, 1 << 30, 131_072, 131_072), (0, 250, 1 << 30, 131_072, 1),
            (70_000, 1000, 1 << 30, 1, 131_072),
        ] as [(UInt64, UInt64, UInt64, Int32, Int32)])
    func `waits for what a slow client brings in two seconds, and for no more than is left`(
        bytes: UInt64, milliseconds: UInt64, remaining: UInt64, present: Int32, mark: Int32
    ) {
        let result = ServerConnection.readMark(
            bytes: bytes, milliseconds: milliseconds, remaining: remaining, present: present)
        #expect(result == mark)
        let less = ServerConnection.readMark(
            bytes: bytes, milliseconds: milliseconds, remaining: remaining, present: present, largest: 65_536)
        #expect(less == (milliseconds < 250 ? mark : min(mark, 65_536)))
    }

    @Test func `waits for several records of a body over TLS, before its pace is known and when it is fast`() throws {
        let (connection, _) = try connection(isTLS: true)
        connection.windowStart = .now
        connection.adaptReadMark(to: 16 * 1024)
        #expect(connection.stream.readMark == 64 * 1024)
        connection.bodyRemaining = 40_000
        connection.adaptReadMark(to: 1000)
        #expect(connection.stream.readMark == 40_000)
        connection.bodyRemaining = 1 << 30
        connection.windowStart = Instant(nanoseconds: Instant.now.nanoseconds - 1_000_000_000)
        connection.windowBytes = 100 << 20
        connection.adaptReadMark(to: 100_000)
        #expect(connection.stream.readMark == 128 * 1024)
        connection.resetReading()
        #expect(connection.stream.readMark == 1)
        connection.close()
    }

    @Test func `waits for nothing of a fast body, and after a pause`() throws {
        let (connection, _) = try connection()
        connection.windowStart = Instant(nanoseconds: Instant.now.nanoseconds - 1_000_000_000)
        connection.windowBytes = 65_536
        connection.adaptReadMark(to: 100_000)
        #expect(connection.stream.readMark == 1)
        connection.adaptReadMark(to: 1000)
        #expect((64 * 1024...128 * 1024).contains(connection.stream.readMark))
        // It keeps its mark when reads bring more, because they were waited for.
        connection.adaptReadMark(to: 100_000)
        #expect(connection.stream.readMark > 1)
        let wait = try #require(connection.timer.deadline).since(.now)
        #expect(wait <= .seconds(5))
        connection.pauseBody()
        connection.resumeBody()
        #expect(connection.stream.readMark == 1)
        connection.adaptReadMark(to: 1000)
        #expect(connection.stream.readMark == 1)
        // And no longer than any other, although it has paused.
        connection.windowStart = Instant(nanoseconds: Instant.now.nanoseconds - 1_000_000_000)
        connection.windowBytes = 65_536
        connection.adaptReadMark(to: 1000)
        #expect(connection.stream.readMark > 1)
        connection.close()
    }
}
