// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

@testable import Upstream

/// Connecting, and not being able to.
@Suite struct DialTests {
    /// What a dial came to; the connection is closed again.
    static func dial(_ rig: Rig, _ pool: StorePool) throws -> StoreFailure? {
        var result: Result<StoreConnection, StoreFailure>?
        let pending = pool.dial { result = $0 }
        #expect(result == nil, "a dial ends in a later turn")
        try rig.driver.run("the end of the dial") { result != nil }
        pending.cancel()
        switch try #require(result) {
        case .success(let connection):
            connection.close()
            return nil
        case .failure(let failure):
            return failure
        }
    }

    /// A listener whose queue is full: the kernel drops who knocks.
    static func withFullQueue(_ body: (UInt16) throws -> Void) throws {
        let (listener, port) = try Loopback.listen(backlog: 0)
        defer { close(listener) }
        let waiting = try (0..<1).map { _ in try RawSocket.connect(port: port) }
        try body(port)
        #expect(waiting.count == 1)
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `connects to an address or a name`(host: String) throws {
        let rig = try Rig()
        let peer = try Peer({ _ = try $0.readToEnd() })
        let pool = rig.pool(peer.port) { $0.host = host }
        #expect(try Self.dial(rig, pool) == nil)
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `reports that nobody listens`() throws {
        let rig = try Rig()
        try Loopback.withUnusedPort { port in
            let failure = try Self.dial(rig, rig.pool(port))
            #expect(failure?.kind == .connect)
        }
    }

    @Test func `reports a name that nobody has`() throws {
        let rig = try Rig()
        // RFC 6761 §6.4: never resolves.
        let pool = rig.pool(80) { $0.host = "does-not-exist.invalid" }
        #expect(try Self.dial(rig, pool)?.kind == .resolve)
    }

    @Test func `reports that no connection came in time`() throws {
        let rig = try Rig()
        try Self.withFullQueue { port in
            let failure = try Self.dial(rig, rig.pool(port) { $0.connectTimeout = .milliseconds(50) })
            #expect(failure?.kind == .connectTimeout)
        }
    }

    @Test func `reports a store that speaks no TLS, and one that is silent instead`() throws {
        let rig = try Rig()
        let tls = try TLSContext.client(authorities: nil)
        let peer = try Peer(
            { socket in
                _ = try socket.read()
                try socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
                _ = try? socket.readToEnd()
            }, { _ = try $0.readToEnd() }, { _ = try $0.read() })
        #expect(try Self.dial(rig, rig.pool(peer.port) { $0.tls = tls })?.kind == .tls)
        let impatient = rig.pool(peer.port) {
            $0.tls = tls
            $0.connectTimeout = .milliseconds(50)
        }
        #expect(try Self.dial(rig, impatient)?.kind == .connectTimeout)
        #expect(try Self.dial(rig, rig.pool(peer.port) { $0.tls = tls })?.kind == .tls)
        try rig.driver.run(until: peer)
    }

    @Test func `tells nobody of a dial that was cancelled`() throws {
        let rig = try Rig()
        try Self.withFullQueue { port in
            var calls = 0
            let pending = rig.pool(port) { $0.connectTimeout = .milliseconds(20) }.dial { _ in calls += 1 }
            try rig.driver.turn()
            pending.cancel()
            pending.cancel()
            let alarm = Alarm(rig.driver.loop)
            alarm.timer.start(.milliseconds(50))
            try rig.driver.run { alarm.rang }
            #expect(calls == 0)
        }
    }

    @Test func `keeps no descriptor, however a dial ends`() async {
        await #expect(processExitsWith: .success) {
            let rig = try Rig()
            // The resolver of curl has descriptors of its own from its first use on.
            let (listener, port) = try Loopback.listen(backlog: 8)
            try #require(try DialTests.dial(rig, rig.pool(port)) == nil)
            try rig.driver.turn()
            let before = Process.openSockets
            for _ in 0..<3 {
                try #require(try DialTests.dial(rig, rig.pool(port)) == nil)
                try Loopback.withUnusedPort { _ = try DialTests.dial(rig, rig.pool($0)) }
                try DialTests.withFullQueue { port in
                    _ = try DialTests.dial(rig, rig.pool(port) { $0.connectTimeout = .milliseconds(10) })
                    let pending = rig.pool(port).dial { _ in }
                    try rig.driver.turn()
                    pending.cancel()
                }
                try rig.driver.turn()
                try #require(Process.openSockets == before)
            }
            close(listener)
        }
    }
}
