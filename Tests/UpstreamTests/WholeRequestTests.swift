// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// Requests that are sent and answered as a whole.
@Suite struct WholeRequestTests {
    private let driver: LoopDriver
    private let curl: CurlMulti

    init() throws {
        driver = try LoopDriver()
        curl = CurlMulti(loop: driver.loop)
    }

    private func perform(
        _ url: String, _ change: (inout WholeRequest) -> Void = { _ in }
    ) throws -> Result<WholeAnswer, WholeFailure> {
        var request = WholeRequest(url: url)
        change(&request)
        var result: Result<WholeAnswer, WholeFailure>?
        curl.perform(request) { result = $0 }
        #expect(result == nil, "a request ends in a later turn")
        try driver.run("the answer") { result != nil }
        return try #require(result)
    }

    private func failure(
        _ url: String, _ change: (inout WholeRequest) -> Void = { _ in }
    ) throws -> WholeFailure? {
        guard case .failure(let failure) = try perform(url, change) else { return nil }
        return failure
    }

    @Test func `sends method, path, fields and body as they are given`() throws {
        let seen = Locked("")
        let body: [UInt8] = [0, 13, 10, 255, 0]
        let peer = try Peer({ socket in
            let head = try socket.readHead()
            seen.withLock { $0 = head }
            guard try socket.read(exactly: 5) == body else { throw WrongBytes(got: "another body") }
            try socket.write("HTTP/1.1 201 Created\r\nX-A:  one \r\nX-A: two\r\nContent-Length: 3\r\n\r\nyes")
        })
        let result = try perform("http://127.0.0.1:\(peer.port)/a/../b%2F?q=1") {
            $0.body = body
            $0.fields = [("Host", "app.internal"), ("X-One", "1"), ("X-One", "2"), ("Content-Type", "a/b")]
        }
        let answer = try result.get()
        #expect(answer.status == 201)
        #expect(answer.body == Array("yes".utf8))
        #expect(answer.fields.count(of: "x-a") == 2)
        #expect(answer.fields.string("X-A") == "one")
        let lines = seen.withLock { $0 }.split(separator: "\r\n").map(String.init)
        #expect(lines.first == "POST /a/../b%2F?q=1 HTTP/1.1")
        #expect(
            lines.dropFirst().sorted()
                == ["Content-Length: 5", "Content-Type: a/b", "Host: app.internal", "X-One: 1", "X-One: 2"])
        try driver.run(until: peer)
    }

    @Test(arguments: ["GET", "DELETE", "HEAD"])
    func `sends other methods without a body`(method: String) throws {
        let peer = try Peer({ socket in
            let head = try socket.readHead()
            guard head.hasPrefix("\(method) / HTTP/1.1\r\n"), !head.contains("Content-Length") else {
                throw WrongBytes(got: head)
            }
            try socket.write("HTTP/1.1 204 No Content\r\n\r\n")
        })
        #expect(try perform("http://127.0.0.1:\(peer.port)/") { $0.method = method }.get().status == 204)
        try driver.run(until: peer)
    }

    @Test func `makes a connection of its own for each request and gives it back`() throws {
        let line: Peer.Line = { socket in
            try socket.serve()
            guard try socket.readToEnd() == [] else { throw WrongBytes(got: "a second request") }
        }
        let peer = try Peer(line, line)
        for _ in 0..<2 { _ = try perform("http://127.0.0.1:\(peer.port)/").get() }
        try driver.run(until: peer)
        #expect(peer.connections == 2)
    }

    @Test func `takes an answer up to its limit and none beyond`() throws {
        let line: Peer.Line = { try $0.serve("0123456789") }
        let chunked: Peer.Line = { socket in
            _ = try socket.readRequest()
            try socket.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")
        }
        let peer = try Peer(line, line, chunked)
        let url = "http://127.0.0.1:\(peer.port)/"
        #expect(try perform(url) { $0.answerLimit = 10 }.get().body.count == 10)
        for _ in 0..<2 {
            let failure = try failure(url) { $0.answerLimit = 9 }
            #expect(failure?.kind == .tooLarge && failure?.mayHaveArrived == true)
        }
        try driver.run(until: peer)
    }

    @Test func `follows no redirect`() throws {
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            let address = "http://127.0.0.1:1/elsewhere"
            try socket.answer("", status: "302 Found", fields: "Location: \(address)\r\n")
        })
        let answer = try perform("http://127.0.0.1:\(peer.port)/").get()
        #expect(answer.status == 302)
        #expect(answer.fields.string("location") == "http://127.0.0.1:1/elsewhere")
        try driver.run(until: peer)
    }

    @Test func `skips interim answers and their fields`() throws {
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            try socket.answer("final")
        })
        let answer = try perform("http://127.0.0.1:\(peer.port)/").get()
        #expect(answer.status == 200 && !answer.fields.contains("link"))
        try driver.run(until: peer)
    }

    @Test func `leaves out lines of an answer that are no fields`() throws {
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            try socket.write("HTTP/1.1 200 OK\r\nBad Name: 1\r\nX: a\u{1}b\r\n: 2\r\nGood: 3\r\n")
            try socket.write("Content-Length: 0\r\n\r\n")
        })
        let answer = try perform("http://127.0.0.1:\(peer.port)/").get()
        #expect(answer.fields.count == 2)
        #expect(answer.fields.string("good") == "3")
        try driver.run(until: peer)
    }

    @Test func `gives an app up in time, that may have seen the request`() throws {
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            _ = try? socket.readToEnd()
        })
        let failure = try failure("http://127.0.0.1:\(peer.port)/") { $0.timeout = .milliseconds(100) }
        #expect(failure?.kind == .timeout && failure?.mayHaveArrived == true)
        try driver.run(until: peer)
    }

    @Test func `says where a request failed`() throws {
        try Loopback.withUnusedPort { port in
            let refused = try failure("http://127.0.0.1:\(port)/")
            #expect(refused?.kind == .connect && refused?.mayHaveArrived == false)
        }
        let unknown = try failure("http://does-not-exist.invalid/")
        #expect(unknown?.kind == .resolve && unknown?.mayHaveArrived == false)
        #expect(try failure("ftp://127.0.0.1/")?.kind == .malformed)
        #expect(try failure("http://127.0.0.1:port/")?.kind == .malformed)
        let peer = try Peer(
            { _ = try $0.readRequest() },
            { socket in
                _ = try socket.readRequest()
                try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            },
            { socket in
                _ = try socket.read()
                try socket.write("no TLS\r\n\r\n")
            })
        let closed = try failure("http://127.0.0.1:\(peer.port)/")
        #expect(closed?.kind == .closed && closed?.mayHaveArrived == true)
        #expect(try failure("http://127.0.0.1:\(peer.port)/")?.kind == .closed)
        let tls = try failure("https://127.0.0.1:\(peer.port)/")
        #expect(tls?.kind == .tls && tls?.mayHaveArrived == false)
        try driver.run(until: peer)
    }

    @Test func `tells nobody of a request that was cancelled`() throws {
        let arrived = Gate()
        let peer = try Peer({ socket in
            _ = try socket.readRequest()
            arrived.open()
            guard try socket.readToEnd() == [] else { throw WrongBytes(got: "more") }
        })
        var calls = 0
        let handle = curl.perform(WholeRequest(url: "http://127.0.0.1:\(peer.port)/")) { _ in calls += 1 }
        try driver.run { peer.connections == 1 }
        for _ in 0..<20 { try driver.turn() }
        try arrived.wait()
        handle.cancel()
        handle.cancel()
        try driver.run(until: peer)
        #expect(calls == 0)
    }
}
