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
    private func connection() throws -> (ServerConnection, RawSocket) {
        let (descriptor, peer) = try RawSocket.pair()
        let connection = ServerConnection(
            context: server.context, stream: ByteStream(loop: server.driver.loop, descriptor: descriptor),
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

    @Test func `waits for much of a slow body, and for nothing at its end`() throws {
        let (connection, _) = try connection()
        connection.adaptReadMark(to: 100_000)
        #expect(connection.stream.readMark == 1)
        connection.adaptReadMark(to: 1000)
        #expect(connection.stream.readMark == 256 * 1024)
        connection.bodyRemaining = 512 * 1024
        connection.adaptReadMark(to: 1000)
        #expect(connection.stream.readMark == 1)
        connection.close()
    }
}
