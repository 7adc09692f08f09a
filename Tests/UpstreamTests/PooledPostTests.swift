// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// POSTs that are sent and answered as a whole on pooled connections, each at most once.
@Suite struct PooledPostTests {
    private let rig: Rig

    init() throws { rig = try Rig() }

    private static func head(_ length: Int) -> [UInt8] {
        Array("POST /called?q=1 HTTP/1.1\r\nHost: app\r\nContent-Length: \(length)\r\n\r\n".utf8)
    }

    private func post(
        on pool: StorePool, _ body: [UInt8] = Array("{}".utf8), limit: Int = 1000,
        timeout: Duration = .seconds(10)
    ) throws -> Result<WholeAnswer, WholeFailure> {
        var result: Result<WholeAnswer, WholeFailure>?
        let post = PooledPost(pool: pool, answerLimit: limit) { result = $0 }
        post.start(head: Self.head(body.count), body: body, timeout: timeout)
        #expect(result == nil, "a request ends in a later turn")
        try rig.driver.run("the answer") { result != nil }
        return try #require(result)
    }

    private func failure(
        on pool: StorePool, limit: Int = 1000, timeout: Duration = .seconds(10)
    ) throws -> WholeFailure? {
        guard case .failure(let failure) = try post(on: pool, limit: limit, timeout: timeout) else { return nil }
        return failure
    }

    @Test(arguments: [0, 2, 100_000])
    func `sends one request after the other on one connection`(size: Int) throws {
        let body = pattern(size)
        let peer = try Peer({ socket in
            for number in 0..<3 {
                guard try socket.readHead() == String(decoding: Self.head(size), as: UTF8.self),
                    try socket.read(exactly: size) == body
                else { throw WrongBytes(got: "another request") }
                try socket.answer("\(number)", status: "201 Created", fields: "X-A: 1\r\n")
            }
            _ = try socket.readToEnd()
        })
        let pool = rig.pool(peer.port)
        for number in 0..<3 {
            let answer = try post(on: pool, body).get()
            #expect(answer.status == 201 && answer.body == Array("\(number)".utf8))
            #expect(answer.fields.string("x-a") == "1")
        }
        #expect(pool.idleCount == 1)
        pool.close()
        try rig.driver.run(until: peer)
        #expect(peer.connections == 1)
    }

    @Test func `takes an answer up to its limit and none beyond`() throws {
        let line: Peer.Line = { socket in
            try socket.serve("0123456789")
            _ = try? socket.readToEnd()
        }
        let chunked: Peer.Line = { socket in
            _ = try socket.readRequest()
            try socket.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")
            _ = try? socket.readToEnd()
        }
        let peer = try Peer(line, line, chunked)
        // No connection is kept: each script is one.
        let pool = rig.pool(peer.port) { $0.idleLimit = 0 }
        #expect(try post(on: pool, limit: 10).get().body.count == 10)
        for _ in 0..<2 {
            let failure = try failure(on: pool, limit: 9)
            #expect(failure?.kind == .tooLarge && failure?.mayHaveArrived == true)
        }
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `follows no redirect`() throws {
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.answer("", status: "307 Temporary Redirect", fields: "Location: http://127.0.0.1:1/\r\n")
        })
        let pool = rig.pool(peer.port)
        let answer = try post(on: pool).get()
        #expect(answer.status == 307)
        pool.close()
        try rig.driver.run(until: peer)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"])
    func `gives an app up in time, also one that has begun to answer`(words: String) throws {
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write(words)
            _ = try? socket.readToEnd()
        })
        let pool = rig.pool(peer.port)
        let failure = try failure(on: pool, timeout: .milliseconds(100))
        #expect(failure?.kind == .timeout && failure?.mayHaveArrived == true)
        #expect(pool.connectionCount == 0)
        try rig.driver.run(until: peer)
    }

    @Test func `gives an app up that accepts no connection in time`() throws {
        try DialTests.withFullQueue { port in
            let failure = try failure(on: rig.pool(port), timeout: .milliseconds(50))
            #expect(failure?.kind == .timeout && failure?.mayHaveArrived == false)
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `connects to no address that may not be called`(host: String) throws {
        let peer = try Peer()
        let asked = Locked<[[UInt8]]>([])
        let pool = rig.pool(peer.port) {
            $0.host = host
            $0.mayConnect = { address in
                asked.withLock { $0.append(address) }
                return false
            }
        }
        let failure = try failure(on: pool)
        #expect(failure?.kind == .forbidden && failure?.mayHaveArrived == false)
        #expect(asked.withLock { $0 }.contains([127, 0, 0, 1]))
        #expect(peer.connections == 0)
    }

    @Test func `connects to an address that may be called`() throws {
        let peer = try Peer({ try $0.serve() })
        let pool = rig.pool(peer.port) { $0.mayConnect = { $0 == [127, 0, 0, 1] } }
        #expect(try post(on: pool).get().status == 200)
        pool.close()
        try rig.driver.run(until: peer)
    }

    /// libcurl answers names below localhost with both loopback addresses (RFC 6761 §6.3), whatever resolver there is.
    @Test func `connects to those addresses of a name only that may be called`() throws {
        let peer = try Peer({ try $0.serve() })
        let asked = Locked<[[UInt8]]>([])
        let pool = rig.pool(peer.port) {
            $0.host = "app.localhost"
            $0.mayConnect = { address in
                asked.withLock { $0.append(address) }
                return address == [127, 0, 0, 1]
            }
        }
        #expect(try post(on: pool).get().status == 200)
        #expect(asked.withLock { $0 }.last == [127, 0, 0, 1])
        #expect(peer.connections == 1)
        pool.close()
        try rig.driver.run(until: peer)
    }

    /// What a name stands for may change between two looks: what is asked about is what is connected to, each time.
    @Test func `asks about each connection, also to a name that was called before`() throws {
        let peer = try Peer({ try $0.serve() })
        let answers = Locked<[Bool]>([false, true])
        let pool = rig.pool(peer.port) {
            $0.host = "app.localhost"
            $0.idleLimit = 0
            $0.mayConnect = { address in address == [127, 0, 0, 1] && answers.withLock { $0.popLast() ?? false } }
        }
        #expect(try post(on: pool).get().status == 200)
        let second = try failure(on: pool)
        #expect(second?.kind == .forbidden && second?.mayHaveArrived == false)
        #expect(peer.connections == 1 && answers.withLock { $0 }.isEmpty)
        try rig.driver.run(until: peer)
    }

    @Test func `says where a request failed`() throws {
        try Loopback.withUnusedPort { port in
            let refused = try failure(on: rig.pool(port))
            #expect(refused?.kind == .connect && refused?.mayHaveArrived == false)
        }
        let unknown = try failure(on: rig.pool(80) { $0.host = "does-not-exist.invalid" })
        #expect(unknown?.kind == .resolve && unknown?.mayHaveArrived == false)
        let peer = try Peer(
            { _ = try $0.readRequest() },
            { socket in
                _ = try socket.readRequest()
                try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            },
            { socket in
                _ = try socket.readRequest()
                try socket.write("nonsense\r\n\r\n")
                _ = try? socket.readToEnd()
            },
            { socket in
                _ = try socket.read()
                try socket.write("no TLS\r\n\r\n")
            })
        let pool = rig.pool(peer.port)
        let closed = try failure(on: pool)
        #expect(closed?.kind == .closed && closed?.mayHaveArrived == true)
        #expect(try failure(on: pool)?.kind == .closed)
        #expect(try failure(on: pool)?.kind == .malformed)
        let context = try TLSContext.client(authorities: nil)
        let tls = try failure(on: rig.pool(peer.port) { $0.tls = context })
        #expect(tls?.kind == .tls && tls?.mayHaveArrived == false)
        try rig.driver.run(until: peer)
    }

    @Test func `tells nobody of a request that was cancelled`() throws {
        let arrived = Gate()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            arrived.open()
            // The connection is reset, so that the app does not take the request for one that is waited for.
            guard (try? socket.readToEnd()) ?? [] == [] else { throw WrongBytes(got: "more") }
        })
        var calls = 0
        let pool = rig.pool(peer.port)
        let post = PooledPost(pool: pool, answerLimit: 10) { _ in calls += 1 }
        post.start(head: Self.head(2), body: [1, 2], timeout: .seconds(10))
        try rig.driver.run { peer.connections == 1 }
        for _ in 0..<20 { try rig.driver.turn() }
        try arrived.wait()
        post.cancel()
        post.cancel()
        try rig.driver.run(until: peer)
        #expect(calls == 0 && pool.connectionCount == 0)
    }

    // MARK: - Dead connections

    @Test func `does not send again what a kept connection took before it died`() throws {
        let peer = try Peer({ socket in
            try socket.serve()
            _ = try socket.readRequest()
        })
        let pool = rig.pool(peer.port)
        _ = try post(on: pool).get()
        let failure = try failure(on: pool)
        #expect(failure?.kind == .closed && failure?.mayHaveArrived == true)
        try rig.driver.run(until: peer)
        #expect(peer.connections == 1)
    }

    /// What an app may have done to a kept connection before the loop sees it.
    enum End: CaseIterable { case closed, halfClosed, reset }

    @Test(arguments: End.allCases)
    func `uses a new connection where the kept one is already dead`(how: End) throws {
        let (mayEnd, ended, over) = (Gate(), Gate(), Gate())
        let peer = try Peer(
            { socket in
                try socket.serve()
                try mayEnd.wait()
                switch how {
                case .closed: socket.close()
                // Its kernel goes on to acknowledge bytes, which nobody reads.
                case .halfClosed: socket.shutdownWrite()
                case .reset: socket.reset()
                }
                ended.open()
                try over.wait()
            },
            { try $0.serve("again") })
        let pool = rig.pool(peer.port)
        _ = try post(on: pool).get()
        mayEnd.open()
        try ended.wait()
        let connection = try #require(pool.takeIdle())
        let patience = Instant.now + .seconds(20)
        while !connection.isStale, .now < patience { sched_yield() }
        pool.release(connection)
        #expect(try post(on: pool).get().body == Array("again".utf8))
        pool.close()
        over.open()
        try rig.driver.run(until: peer)
        #expect(peer.connections == 2)
    }
}
